// Knows what stands around the drawing of a graph: finding a node, which types are shown, zooming.

import { dot } from "./details.js";
import { count, counted, fill, make } from "./dom.js";
import { shortened } from "./picture.js";

const MOST_FOUND = 12;

/** Return the form that finds nodes by name; `onopen` is called with the id of a chosen one. */
export function findForm(graph, colours, onopen) {
  const list = make("ul", { class: "hits", hidden: true });
  const input = make("input", {
    type: "search",
    placeholder: "Find a node",
    "aria-label": "Find a node",
    autocomplete: "off",
  });
  const open = (id) => {
    list.hidden = true;
    onopen(id);
  };
  const hit = (node) =>
    make(
      "li",
      {},
      make(
        "button",
        { type: "button", class: "plain", onclick: () => open(node.id) },
        dot(colours.get(node.type)),
        shortened(node.name, 60),
      ),
    );
  const draw = () => {
    const found = graph.find(input.value, MOST_FOUND);
    list.hidden = input.value.trim() === "";
    fill(
      list,
      found.length === 0 ? make("li", { class: "quiet" }, "No node is called so.") : found.map(hit),
    );
    return found;
  };
  const submit = (event) => {
    event.preventDefault();
    const [first] = draw();
    if (first) open(first.id);
  };
  const form = make("form", { class: "find", role: "search", onsubmit: submit }, input, list);
  input.addEventListener("input", draw);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") list.hidden = true;
  });
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) list.hidden = true;
  });
  return form;
}

/** Return the types with their colours; `ontoggle` is told types, and whether to show them. */
export function legendOf(graph, colours, ontoggle) {
  const types = graph.types();
  const rest = types.slice(colours.size);
  const entry = (text, number, names, at) => {
    const box = make("input", {
      type: "checkbox",
      checked: true,
      onchange: () => ontoggle(names, box.checked),
    });
    return make("label", {}, box, dot(at), text, make("span", { class: "quiet" }, count(number)));
  };
  const sum = rest.reduce((all, [, number]) => all + number, 0);
  return make(
    "fieldset",
    { class: "legend" },
    make("legend", { class: "hidden" }, "Types that are shown"),
    types
      .slice(0, colours.size)
      .map(([type, number]) => entry(shortened(type, 28), number, [type], colours.get(type))),
    rest.length
      ? entry(
          counted(rest.length, "other type"),
          sum,
          rest.map(([type]) => type),
        )
      : null,
  );
}

/** Return the buttons that zoom. */
export function zoomButtons(canvas) {
  const tool = (text, label, onclick) =>
    make("button", { type: "button", "aria-label": label, title: label, onclick }, text);
  return make(
    "div",
    { class: "tools" },
    tool("+", "Zoom in", () => canvas.zoom(1.4)),
    tool("−", "Zoom out", () => canvas.zoom(1 / 1.4)),
    tool("⤢", "Show all of it", () => canvas.fitAgain()),
  );
}
