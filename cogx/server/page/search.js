// Knows how the memory is asked, and what it answers: texts, or facts of the graph.

import { ask } from "./api.js";
import { alertOf, counted, fill, make } from "./dom.js";

const KINDS = [
  ["GRAPH", "Facts"],
  ["CHUNKS", "Texts"],
];
const MOST = 30;

/** Show the question and, if there is one, the answers. */
export async function showSearch(view, { query, signal }) {
  document.title = "Search · cogx";
  const datasets = await ask("GET", "datasets", { signal });
  const asked = {
    text: query.get("q") ?? "",
    kind: query.get("kind") ?? "GRAPH",
    dataset: query.get("dataset") ?? "",
  };
  const found = make("section", { class: "found", "aria-label": "Answers", "aria-live": "polite" });
  fill(view, make("h1", {}, "Search"), formOf(asked, datasets), found);
  if (datasets.length === 0) {
    fill(
      found,
      make(
        "p",
        { class: "empty" },
        "There is nothing to search yet. ",
        make("a", { href: "#/" }, "Add a dataset"),
        " first.",
      ),
    );
  } else if (asked.text) {
    await answer(found, asked, signal);
  }
}

function formOf(asked, datasets) {
  const option = (value, text, now) => make("option", { value, selected: value === now }, text);
  const text = make("input", {
    id: "q",
    type: "search",
    value: asked.text,
    required: true,
    placeholder: "Words of a name or a text",
  });
  const kind = make(
    "select",
    { "aria-label": "What to find" },
    KINDS.map(([value, name]) => option(value, name, asked.kind)),
  );
  const dataset = make(
    "select",
    { "aria-label": "Where" },
    option("", "in all datasets", asked.dataset),
    datasets.map((one) => option(one.id, `in ${one.name}`, asked.dataset)),
  );
  const submit = (event) => {
    event.preventDefault();
    const fields = { q: text.value, kind: kind.value };
    if (dataset.value) fields.dataset = dataset.value;
    location.hash = `#/search?${new URLSearchParams(fields)}`;
  };
  return make(
    "form",
    { class: "row search", role: "search", onsubmit: submit },
    make("label", { for: "q", class: "hidden" }, "Search for"),
    text,
    kind,
    dataset,
    make("button", { type: "submit" }, "Search"),
  );
}

async function answer(place, asked, signal) {
  const json = { query: asked.text, searchType: asked.kind, topK: MOST };
  if (asked.dataset) json.datasetIds = [asked.dataset];
  try {
    const hits = await ask("POST", "recall", { json, signal });
    const words = asked.text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
    const none = make(
      "p",
      { class: "empty" },
      "Nothing was found. Other words may do, or ",
      asked.kind === "GRAPH" ? "Texts" : "Facts",
      " instead.",
    );
    const said = hits.length < MOST ? counted(hits.length, "answer") : `The best ${MOST} answers`;
    fill(
      place,
      hits.length === 0
        ? none
        : [
            make("p", { class: "quiet" }, said),
            make(
              "ol",
              {},
              hits.map((hit) => item(hit, words)),
            ),
          ],
    );
  } catch (error) {
    if (!signal.aborted && error.status !== 401) fill(place, alertOf(error));
  }
}

function item(hit, words) {
  const nodeId = hit.raw?.source?.id ?? hit.metadata?.node_id;
  const open =
    nodeId &&
    make(
      "a",
      { href: `#/graph/${hit.dataset_id}/${encodeURIComponent(nodeId)}` },
      "Show in the graph",
    );
  return make(
    "li",
    {},
    make("p", { class: "text" }, marked(hit.text, words)),
    make(
      "p",
      { class: "quiet from" },
      hit.dataset_name,
      hit.metadata?.node_type ? ` · ${hit.metadata.node_type}` : null,
      open ? " · " : null,
      open || null,
    ),
  );
}

/** Return a text as nodes in which the words that were asked for are marked. */
function marked(text, words) {
  if (words.length === 0) return [text];
  const pattern = new RegExp(`(${words.join("|")})`, "giu");
  return text.split(pattern).map((part, at) => (at % 2 === 1 ? make("mark", {}, part) : part));
}
