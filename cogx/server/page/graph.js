// Knows the view of one dataset's graph: what of it is shown, and what is picked.

import { ask, exportAddress } from "./api.js";
import { GraphCanvas } from "./canvas.js";
import { findForm, legendOf, zoomButtons } from "./controls.js";
import { showDetails } from "./details.js";
import { counted, fill, make } from "./dom.js";
import { Graph } from "./model.js";

const MOST = 2000;
const LARGEST = 250_000;
const COLOURS = 8;
const HELP =
  "The graph. Arrows move it, + and - zoom, 0 shows all of it, Escape lets go. " +
  "To go through it by keyboard, find a node and follow its facts.";

/** Show the graph of the dataset whose id is in the address, and the node if one is. */
export async function showGraph(view, { parts: [datasetId, nodeId], signal }) {
  document.title = "Graph · cogx";
  const path = `datasets/${encodeURIComponent(datasetId)}`;
  const [datasets, [size]] = await Promise.all([
    ask("GET", "datasets", { signal }),
    ask("GET", `datasets/graph-summary?dataset_ids=${encodeURIComponent(datasetId)}`, { signal }),
  ]);
  const name = datasets.find((one) => one.id === datasetId)?.name ?? "Graph";
  document.title = `${name} · cogx`;
  const head = make("div", { class: "head" }, make("h1", {}, name));
  fill(view, head, make("p", { class: "quiet", role: "status" }, "Loading the graph…"));
  if (size.numNodes + size.numEdges > LARGEST) {
    fill(view, head, tooLarge(datasetId, size));
    return;
  }
  const graph = new Graph(await ask("GET", `${path}/graph`, { signal }));
  if (graph.nodes.size === 0) {
    fill(
      view,
      head,
      make(
        "p",
        { class: "empty" },
        "There is nothing in this graph yet. ",
        make("a", { href: "#/" }, "Send an archive"),
        " to it.",
      ),
    );
    return;
  }
  new GraphView(view, head, graph, datasetId, signal).start(nodeId);
}

class GraphView {
  constructor(view, head, graph, datasetId, signal) {
    this.graph = graph;
    this.datasetId = datasetId;
    this.hidden = new Set();
    this.picked = null;
    this.colours = new Map(
      graph
        .types()
        .slice(0, COLOURS)
        .map(([type], at) => [type, at]),
    );
    this.note = make("p", { class: "quiet note-line" });
    this.panel = make("aside", { class: "panel", "aria-label": "What is picked", hidden: true });
    this.screen = make("canvas", { tabindex: 0, role: "img", "aria-label": HELP });
    this.canvas = new GraphCanvas(this.screen, { signal, onpick: (id) => this.pick(id) });
    const legend = legendOf(graph, this.colours, (types, isShown) => this.#toggle(types, isShown));
    const sheet = make("div", { class: "sheet" }, this.screen, zoomButtons(this.canvas), legend);
    fill(
      head,
      head.firstChild,
      this.note,
      findForm(graph, this.colours, (id) => this.#open(id)),
    );
    fill(view, head, make("div", { class: "stage" }, sheet, this.panel));
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#leave();
    });
  }

  start(nodeId) {
    this.#select(nodeId && this.graph.nodes.has(nodeId) ? nodeId : null);
    if (nodeId) this.pick(nodeId);
  }

  /** Pick a node, or none: show it, and what is told of it. */
  pick(id) {
    this.picked = id !== null && this.graph.nodes.has(id) ? id : null;
    const parts = this.picked === null ? [this.datasetId] : [this.datasetId, this.picked];
    history.replaceState(null, "", `#/graph/${parts.map(encodeURIComponent).join("/")}`);
    if (this.picked !== null && !this.canvas.at.has(this.picked)) this.#select(this.picked);
    this.panel.hidden = this.picked === null;
    this.canvas.select(this.picked, this.graph.edgesOf.get(this.picked) ?? []);
    if (this.picked === null) return;
    showDetails(this.panel, this.graph, this.picked, {
      onopen: (other) => this.#open(other),
      onclose: () => this.#leave(),
      colour: (type) => this.colours.get(type),
    });
    this.panel.scrollTop = 0;
    this.canvas.reveal(this.picked);
  }

  /** Pick a node and go to what is told of it. */
  #open(id) {
    this.pick(id);
    this.panel.querySelector("h2").focus();
  }

  #leave() {
    this.pick(null);
    this.screen.focus();
  }

  #select(focus) {
    const { graph } = this;
    const nodes = graph.selection(MOST, this.hidden, focus);
    const kinds = nodes.map((node) => this.colours.get(node.type));
    this.canvas.show(
      nodes,
      graph.pairs(nodes),
      nodes.map((node) => graph.degree(node.id)),
      kinds,
    );
    const left = graph.nodes.size - nodes.length;
    const all = `${counted(graph.nodes.size, "node")}, ${counted(graph.edges.length, "edge")}`;
    const why = this.hidden.size ? "of hidden types, or with fewer edges" : "with fewer edges";
    const rest = `${counted(left, "node")} ${why} ${left === 1 ? "is" : "are"} not shown`;
    fill(this.note, left ? `${all}. ${rest}; find them by name.` : all);
  }

  #toggle(types, isShown) {
    for (const type of types) isShown ? this.hidden.delete(type) : this.hidden.add(type);
    this.pick(null);
    this.#select(null);
  }
}

function tooLarge(datasetId, { numNodes, numEdges }) {
  const size = `${counted(numNodes, "node")} and ${counted(numEdges, "edge")}`;
  return make(
    "div",
    { class: "empty" },
    make("p", {}, `This graph has ${size}: more than a page should load.`),
    make(
      "p",
      {},
      make("a", { href: `#/search?dataset=${encodeURIComponent(datasetId)}` }, "Search it"),
      ", or take ",
      make("a", { href: exportAddress(datasetId, "cogx"), download: true }, "its archive"),
      " and look with ",
      make("code", {}, "cogx inspect"),
      ".",
    ),
  );
}
