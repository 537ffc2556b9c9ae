// Knows what is told of one node: its properties, and the facts in which it stands.

import { counted, fill, make } from "./dom.js";
import { shortened } from "./picture.js";

const MOST_FACTS = 200;
const SHORT = 60;

/** Show a node; `onopen` is called with the id of another one that is chosen. */
export function showDetails(panel, graph, id, { onopen, onclose, colour }) {
  const node = graph.nodes.get(id);
  const facts = graph.edgesOf.get(id) ?? [];
  const close = make(
    "button",
    { type: "button", class: "plain close", "aria-label": "Close", onclick: onclose },
    "×",
  );
  const told = Object.entries(node.properties).filter(
    ([, value]) => value !== null && value !== "",
  );
  const more = facts.length - MOST_FACTS;
  fill(
    panel,
    close,
    make("h2", { tabindex: -1 }, node.name),
    make("p", { class: "quiet" }, dot(colour(node.type)), node.type),
    make("h3", {}, "Properties"),
    make("dl", {}, told.map(property), make("dt", {}, "id"), make("dd", {}, make("code", {}, id))),
    make("h3", {}, counted(facts.length, "fact")),
    make(
      "ul",
      { class: "facts" },
      facts.slice(0, MOST_FACTS).map((edge) => factOf(graph, edge, id, onopen)),
    ),
    more > 0
      ? make(
          "p",
          { class: "quiet" },
          `${counted(more, "more fact")} not shown; the archive has all.`,
        )
      : null,
  );
}

/** Return the mark of a type. */
export function dot(at) {
  return make("span", {
    class: `dot ${at === undefined ? "type-other" : `type-${at}`}`,
    "aria-hidden": "true",
  });
}

function property([name, value]) {
  const isText =
    typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  const line = JSON.stringify(value);
  const text = isText ? String(value) : line.length > SHORT ? JSON.stringify(value, null, 1) : line;
  return [make("dt", {}, name), make("dd", {}, isText ? text : make("code", {}, text))];
}

function factOf(graph, edge, id, onopen) {
  const isOut = edge.source === id;
  const other = isOut ? edge.target : edge.source;
  const label = shortened(graph.nodes.get(other).name, 80);
  const open = make(
    "button",
    { type: "button", class: "link", onclick: () => onopen(other) },
    label,
  );
  const predicate = make("span", { class: "predicate" }, edge.label.replace(/_/g, " "));
  const text = edge.properties?.edge_text;
  return make(
    "li",
    {},
    predicate,
    isOut ? " → " : " ← ",
    open,
    text && text !== edge.label ? make("p", { class: "quiet" }, text) : null,
  );
}
