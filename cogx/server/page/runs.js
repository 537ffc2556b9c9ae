// Knows how runs go: asked often while one runs, now and then otherwise, not while nobody looks.

import { ask } from "./api.js";
import { alertOf, count, fill, make, tableOf, when } from "./dom.js";

const OFTEN_MS = 1000;
const SELDOM_MS = 15000;
const MOST = 12;
const KINDS = {
  migration_import_pipeline: "Import",
  cognify_pipeline: "Build the graph",
  export_pipeline: "Make an archive",
  forget_pipeline: "Forget",
};

/** Keep `place` showing the newest runs; return a function that looks at once. */
export function followRuns(place, { signal, onended }) {
  let timer = 0;
  let running = new Set();

  function later(wait) {
    clearTimeout(timer);
    if (!document.hidden && !signal.aborted) timer = setTimeout(look, wait);
  }

  async function look() {
    clearTimeout(timer);
    if (signal.aborted) return;
    try {
      const runs = await ask("GET", `activity/pipeline-runs?limit=${MOST}`, { signal });
      draw(place, runs);
      const now = new Set(runs.filter((one) => one.outcome === null).map((one) => one.id));
      if ([...running].some((id) => !now.has(id))) onended();
      running = now;
    } catch (error) {
      if (signal.aborted || error.status === 401) return;
      fill(place, title(), alertOf(error));
      later(SELDOM_MS);
      return;
    }
    later(running.size ? OFTEN_MS : SELDOM_MS);
  }

  document.addEventListener(
    "visibilitychange",
    () => {
      if (!document.hidden) look();
    },
    { signal },
  );
  signal.addEventListener("abort", () => clearTimeout(timer));
  look();
  return look;
}

function title() {
  return make("h2", { id: "runs" }, "Runs");
}

function draw(place, runs) {
  if (runs.length === 0) {
    fill(
      place,
      title(),
      make("p", { class: "quiet" }, "What is imported, built and given out is listed here."),
    );
    return;
  }
  const rows = runs.map((run) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, KINDS[run.pipeline_name] ?? run.pipeline_name),
      make("td", {}, run.dataset_name ?? "(removed)"),
      make("td", {}, when(run.created_at)),
      make("td", { class: "state" }, state(run)),
    ),
  );
  fill(place, title(), tableOf(["What", "Dataset", "Started", "State"], rows));
}

function state(run) {
  const losses = Object.entries(run.losses ?? {});
  if (run.outcome === "succeeded" && losses.length > 0) {
    const told = losses.map(([code, number]) => `${count(number)} ${code}`).join(", ");
    return [
      make("span", { class: "bad" }, "Done, but not whole"),
      make("p", { class: "why" }, told),
    ];
  }
  if (run.outcome === "succeeded") return [make("span", { class: "good" }, "Done"), tookOf(run)];
  if (run.outcome === "failed") {
    return [make("span", { class: "bad" }, "Failed"), make("p", { class: "why" }, run.error ?? "")];
  }
  const told = run.progress;
  if (!told) return make("span", { class: "quiet" }, "Waiting");
  const { completed_items: done, total_items: total, current_stage: stage } = told;
  const bar = make("progress", {
    max: total || 1,
    value: total ? done : null,
    "aria-label": stage,
  });
  return [
    bar,
    make("span", { class: "quiet" }, total ? `${stage}, ${count(done)} of ${count(total)}` : stage),
  ];
}

function tookOf(run) {
  const ms = new Date(run.ended_at) - new Date(run.started_at);
  return Number.isFinite(ms)
    ? make("span", { class: "quiet" }, ` in ${(ms / 1000).toFixed(1)} s`)
    : null;
}
