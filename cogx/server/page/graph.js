// Knows the view of one dataset's graph: what of it is shown, and what is picked.

import { ask, exportAddress } from "./api.js";
import { GraphCanvas } from "./canvas.js";
import { dot, showDetails } from "./details.js";
import { count, counted, fill, make } from "./dom.js";
import { Graph } from "./model.js";
import { shortened } from "./picture.js";

const MOST = 2000;
const LARGEST = 250_000;
const COLOURS = 8;
const MOST_FOUND = 12;

/** Show the graph of the dataset whose id is in the address, and the node if one is. */
export async function showGraph(view, { parts: [datasetId, nodeId], signal }) {
  document.title = "Graph · cogx";
  const path = `datasets/${encodeURIComponent(datasetId)}`;
  const [datasets, [size]] = await Promise.all([
    ask("GET", "datasets", { signal }), ask("GET", `datasets/graph-summary?dataset_ids=${encodeURIComponent(datasetId)}`, { signal })]);
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
    fill(view, head, make("p", { class: "empty" }, "There is nothing in this graph yet. ", make("a", { href: "#/" }, "Send an archive"), " to it."));
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
    this.colours = new Map(graph.types().slice(0, COLOURS).map(([type], at) => [type, at]));
    this.note = make("p", { class: "quiet note-line" });
    this.panel = make("aside", { class: "panel", "aria-label": "What is picked", hidden: true });
    this.screen = make("canvas", { tabindex: 0, role: "img", "aria-label": "The graph. Arrows move it, + and - zoom, 0 shows all of it, Escape lets go. To go through it by keyboard, find a node and follow its facts." });
    fill(head, head.firstChild, this.note, this.#find());
    fill(view, head, make("div", { class: "stage" }, make("div", { class: "sheet" }, this.screen, this.#tools(), this.#legend()), this.panel));
    this.panel.addEventListener("keydown", (event) => { if (event.key === "Escape") this.#leave(); });
    this.canvas = new GraphCanvas(this.screen, { signal, onpick: (id) => this.pick(id) });
  }

  start(nodeId) {
    this.#select(nodeId && this.graph.nodes.has(nodeId) ? nodeId : null);
    if (nodeId) this.pick(nodeId);
  }

  /** Pick a node, or none: show it, and what is told of it. */
  pick(id) {
    this.picked = id !== null && this.graph.nodes.has(id) ? id : null;
    const address = ["#/graph", this.datasetId, ...(this.picked === null ? [] : [this.picked])].map((part, at) => (at ? encodeURIComponent(part) : part)).join("/");
    history.replaceState(null, "", address);
    if (this.picked !== null && !this.canvas.at.has(this.picked)) this.#select(this.picked);
    this.panel.hidden = this.picked === null;
    this.canvas.select(this.picked, this.graph.edgesOf.get(this.picked) ?? []);
    if (this.picked === null) return;
    showDetails(this.panel, this.graph, this.picked, {
      onopen: (other) => { this.pick(other); this.panel.querySelector("h2").focus(); },
      onclose: () => this.#leave(),
      colour: (type) => this.colours.get(type),
    });
    this.panel.scrollTop = 0;
    this.canvas.reveal(this.picked);
  }

  #leave() {
    this.pick(null);
    this.screen.focus();
  }

  #select(focus) {
    const { graph } = this;
    const nodes = graph.selection(MOST, this.hidden, focus);
    const kinds = nodes.map((node) => this.colours.get(node.type));
    this.canvas.show(nodes, graph.pairs(nodes), nodes.map((node) => graph.degree(node.id)), kinds);
    const left = graph.nodes.size - nodes.length;
    const all = `${counted(graph.nodes.size, "node")}, ${counted(graph.edges.length, "edge")}`;
    const why = this.hidden.size ? "of hidden types, or with fewer edges" : "with fewer edges";
    fill(this.note, left ? `${all}. ${counted(left, "node")} ${why} ${left === 1 ? "is" : "are"} not shown; find them by name.` : all);
  }

  #find() {
    const list = make("ul", { class: "hits", hidden: true });
    const input = make("input", { type: "search", placeholder: "Find a node", "aria-label": "Find a node", autocomplete: "off" });
    const open = (id) => { list.hidden = true; this.pick(id); this.panel.querySelector("h2")?.focus(); };
    const draw = () => {
      const found = this.graph.find(input.value, MOST_FOUND);
      list.hidden = input.value.trim() === "";
      fill(list, found.length === 0 ? make("li", { class: "quiet" }, "No node is called so.") : found.map((node) => make("li", {},
        make("button", { type: "button", class: "plain", onclick: () => open(node.id) }, dot(this.colours.get(node.type)), shortened(node.name, 60)))));
      return found;
    };
    input.addEventListener("input", draw);
    const form = make("form", { class: "find", role: "search", onsubmit: (event) => { event.preventDefault(); const [first] = draw(); if (first) open(first.id); } }, input, list);
    form.addEventListener("keydown", (event) => { if (event.key === "Escape") list.hidden = true; });
    form.addEventListener("focusout", (event) => { if (!form.contains(event.relatedTarget)) list.hidden = true; });
    return form;
  }

  #tools() {
    const tool = (text, label, onclick) => make("button", { type: "button", "aria-label": label, title: label, onclick }, text);
    return make("div", { class: "tools" }, tool("+", "Zoom in", () => this.canvas.zoom(1.4)),
      tool("−", "Zoom out", () => this.canvas.zoom(1 / 1.4)), tool("⤢", "Show all of it", () => this.canvas.fitAgain()));
  }

  #legend() {
    const types = this.graph.types();
    const shown = types.slice(0, COLOURS);
    const rest = types.slice(COLOURS);
    const entry = (text, number, names, at) => make("label", {},
      make("input", { type: "checkbox", checked: true, onchange: (event) => this.#toggle(names, event.target.checked) }),
      dot(at), text, make("span", { class: "quiet" }, count(number)));
    return make("fieldset", { class: "legend" }, make("legend", { class: "hidden" }, "Types that are shown"),
      shown.map(([type, number], at) => entry(shortened(type, 28), number, [type], at)),
      rest.length ? entry(counted(rest.length, "other type"), rest.reduce((sum, one) => sum + one[1], 0), rest.map((one) => one[0])) : null);
  }

  #toggle(types, isShown) {
    for (const type of types) isShown ? this.hidden.delete(type) : this.hidden.add(type);
    this.pick(null);
    this.#select(null);
  }
}

function tooLarge(datasetId, { numNodes, numEdges }) {
  return make("div", { class: "empty" },
    make("p", {}, `This graph has ${counted(numNodes, "node")} and ${counted(numEdges, "edge")}: more than a page should load.`),
    make("p", {}, make("a", { href: `#/search?dataset=${encodeURIComponent(datasetId)}` }, "Search it"), ", or take ",
      make("a", { href: exportAddress(datasetId, "cogx"), download: true }, "its archive"), " and look with ", make("code", {}, "cogx inspect"), "."));
}
