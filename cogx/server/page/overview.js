// Knows the datasets that one may read, and where each is given out.

import { ask, exportAddress } from "./api.js";
import { alertOf, count, fill, make, tableOf, when } from "./dom.js";
import { followRuns } from "./runs.js";
import { uploadForm } from "./upload.js";

/** Show datasets, where archives are dropped, and what runs. */
export async function showOverview(view, { signal }) {
  document.title = "Datasets · cogx";
  const list = make("section", { "aria-labelledby": "datasets" });
  const runs = make("section", { "aria-labelledby": "runs" });
  const names = make("datalist", { id: "dataset-names" });

  async function drawDatasets() {
    try {
      const [datasets, summaries] = await Promise.all([
        ask("GET", "datasets", { signal }),
        ask("GET", "datasets/graph-summary", { signal }),
      ]);
      const sizes = new Map(summaries.map((one) => [one.datasetId, one]));
      fill(
        names,
        datasets.map((one) => make("option", { value: one.name })),
      );
      fill(
        list,
        make("h1", { id: "datasets" }, "Datasets"),
        datasets.length === 0 ? nothing() : table(datasets, sizes),
      );
    } catch (error) {
      if (!signal.aborted && error.status !== 401) fill(list, alertOf(error));
    }
  }

  const follow = followRuns(runs, { signal, onended: drawDatasets });
  fill(
    view,
    list,
    uploadForm({
      onsent: () => {
        drawDatasets();
        follow();
      },
    }),
    names,
    runs,
  );
  await drawDatasets();
}

function table(datasets, sizes) {
  const heads = ["Name", "Nodes", "Edges", "Updated"];
  const rows = datasets.map((one) => {
    const size = sizes.get(one.id);
    return make(
      "tr",
      {},
      make(
        "th",
        { scope: "row" },
        make("a", { href: `#/graph/${one.id}`, class: "strong" }, one.name),
      ),
      make("td", { class: "number" }, count(size?.numNodes ?? 0)),
      make("td", { class: "number" }, count(size?.numEdges ?? 0)),
      make("td", {}, when(one.updatedAt ?? one.createdAt)),
      make("td", { class: "ends" }, links(one)),
    );
  });
  const cells = heads.map((text, at) =>
    make("th", { scope: "col", class: at === 1 || at === 2 ? "number" : null }, text),
  );
  cells.push(make("th", { scope: "col" }, make("span", { class: "hidden" }, "Links")));
  return tableOf(cells, rows);
}

function links(one) {
  const given = (format, text, about) =>
    make(
      "a",
      {
        href: exportAddress(one.id, format),
        download: true,
        "aria-label": `${text} of ${one.name}`,
        title: about,
      },
      text,
    );
  return [
    make("a", { href: `#/graph/${one.id}`, "aria-label": `Graph of ${one.name}` }, "Graph"),
    make("a", { href: `#/search?dataset=${one.id}`, "aria-label": `Search ${one.name}` }, "Search"),
    given("cogx", "Archive", "All of it, as a COGX archive"),
    given("markdown", "Markdown", "To read, as Markdown"),
  ];
}

function nothing() {
  const at = location.href.split(/[?#]/)[0].replace(/\/$/, "");
  return make(
    "div",
    { class: "empty" },
    make(
      "p",
      {},
      "There is no dataset yet. Drop a COGX archive below, or send one from a terminal:",
    ),
    make(
      "pre",
      {},
      `cogx connect --ask-key ${at}\ncogx push graph.cogx.tar.gz --target-dataset my-graph`,
    ),
    make("p", {}, "The key it asks for is made under ", make("a", { href: "#/keys" }, "Keys"), "."),
  );
}
