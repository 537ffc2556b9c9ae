// Knows how an archive, or a text, gets from here to the server.

import { upload } from "./api.js";
import { alertOf, counted, fill, make, say } from "./dom.js";

const ARCHIVE = /(\.cogx)?\.(tar|tar\.gz|tgz|tar\.zst)$/i;

/** Return the form; `onsent` is called when the server has taken a file over. */
export function uploadForm({ onsent }) {
  const said = make("div");
  const file = make("input", {
    id: "file",
    type: "file",
    class: "hidden",
    onchange: () => choose(file.files[0]),
  });
  const drop = make("label", { for: "file", class: "drop" });
  const name = make("input", {
    id: "name",
    list: "dataset-names",
    required: true,
    maxlength: 500,
    pattern: "[^\\s.]+",
    title: "No spaces and no dots",
  });
  const send = make("button", { type: "submit" }, "Send");
  const ready = make(
    "div",
    { class: "row", hidden: true },
    make("label", { for: "name" }, "Into the dataset"),
    name,
    send,
  );
  let chosen = null;

  function choose(one) {
    chosen = one ?? null;
    ready.hidden = chosen === null;
    fill(said);
    if (chosen === null) {
      fill(
        drop,
        make("strong", {}, "Drop a COGX archive here"),
        make("span", {}, "or choose one. Texts, PDF and HTML are remembered, too."),
      );
      return;
    }
    fill(drop, make("strong", {}, chosen.name), make("span", {}, sizeOf(chosen.size)));
    name.value = chosen.name
      .replace(ARCHIVE, "")
      .replace(/\.[^.]*$/, "")
      .replace(/[^\p{L}\p{N}_-]+/gu, "_");
    name.focus();
    name.select();
  }

  async function submit(event) {
    event.preventDefault();
    const bar = make("progress", { max: 1, "aria-label": "Upload" });
    fill(said, bar);
    send.disabled = true;
    try {
      await upload("remember", formOf(chosen, name.value), (part) => {
        bar.value = part;
      });
      say(`${chosen.name} is on the server. Its run is listed under Datasets.`);
      form.reset();
      choose(null);
      onsent();
    } catch (error) {
      fill(said, alertOf(error));
    } finally {
      send.disabled = false;
    }
  }

  const form = make(
    "form",
    { class: "upload", "aria-label": "Add a dataset", onsubmit: submit },
    file,
    drop,
    ready,
    said,
  );
  const over = (isOver) => (event) => {
    event.preventDefault();
    drop.classList.toggle("over", isOver);
  };
  form.addEventListener("dragover", over(true));
  form.addEventListener("dragleave", over(false));
  form.addEventListener("drop", (event) => {
    over(false)(event);
    choose(event.dataTransfer.files[0]);
  });
  choose(null);
  return form;
}

function formOf(file, dataset) {
  const form = new FormData();
  form.set("datasetName", dataset);
  form.set("run_in_background", "true");
  if (ARCHIVE.test(file.name)) form.set("content_type", "cogx-archive");
  form.set("data", file, file.name);
  return form;
}

function sizeOf(bytes) {
  if (bytes < 1000) return counted(bytes, "byte");
  const power = Math.min(3, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(1)} ${["", "kB", "MB", "GB"][power]}`;
}
