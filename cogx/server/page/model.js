// Knows a graph as a whole: its nodes, what joins them, and which of them are worth showing first;
// never where they are drawn.

const MOST_AROUND = 60;
const BEGINNING = 80;

/** Return what a node is called; one without a name, by how its text begins. */
function nameOf({ id, label, type, properties }) {
  if (label !== `${type}_${id}`) return label;
  const text = [properties.text, properties.description].find(
    (one) => typeof one === "string" && one.trim(),
  );
  if (!text) return label;
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > BEGINNING ? `${line.slice(0, BEGINNING - 1)}…` : line;
}

export class Graph {
  /** Take what GET /datasets/{id}/graph answers. Ends that are no nodes are left out of it. */
  constructor({ nodes, edges }) {
    this.nodes = new Map(nodes.map((node) => [node.id, { ...node, name: nameOf(node) }]));
    this.edges = edges.filter((edge) => this.nodes.has(edge.source) && this.nodes.has(edge.target));
    this.edgesOf = new Map();
    for (const edge of this.edges) {
      this.#note(edge.source, edge);
      if (edge.target !== edge.source) this.#note(edge.target, edge);
    }
    this.byDegree = [...this.nodes.values()].sort(
      (a, b) => this.degree(b.id) - this.degree(a.id) || (a.id < b.id ? -1 : 1),
    );
  }

  #note(id, edge) {
    const found = this.edgesOf.get(id);
    if (found) found.push(edge);
    else this.edgesOf.set(id, [edge]);
  }

  degree(id) {
    return this.edgesOf.get(id)?.length ?? 0;
  }

  /** Return the types as [type, how many nodes], the commonest first. */
  types() {
    const counts = new Map();
    for (const node of this.nodes.values()) counts.set(node.type, (counts.get(node.type) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  }

  /**
   * Return the nodes to show: those with the most edges, without hidden types, and always `focus`
   * with some of what is around it.
   */
  selection(most, hidden, focus) {
    const chosen = new Map();
    for (const id of focus ? [focus, ...this.around(focus).slice(0, MOST_AROUND)] : []) {
      chosen.set(id, this.nodes.get(id));
    }
    for (const node of this.byDegree) {
      if (chosen.size >= most) break;
      if (!hidden.has(node.type)) chosen.set(node.id, node);
    }
    return [...chosen.values()];
  }

  /** Return the ids of a node's neighbours, those with the most edges first. */
  around(id) {
    const ids = new Set(
      (this.edgesOf.get(id) ?? []).map((edge) => (edge.source === id ? edge.target : edge.source)),
    );
    ids.delete(id);
    return [...ids].sort((a, b) => this.degree(b) - this.degree(a) || (a < b ? -1 : 1));
  }

  /** Return the pairs of places in `nodes` that an edge joins, each pair once. */
  pairs(nodes) {
    const at = new Map(nodes.map((node, index) => [node.id, index]));
    const seen = new Set();
    const pairs = [];
    for (const edge of this.edges) {
      const a = at.get(edge.source);
      const b = at.get(edge.target);
      if (a === undefined || b === undefined || a === b) continue;
      const key = Math.min(a, b) * nodes.length + Math.max(a, b);
      if (seen.has(key)) continue;
      seen.add(key);
      pairs.push([a, b]);
    }
    return pairs;
  }

  /** Return nodes in whose name or type some text stands; names that begin with it go first. */
  find(text, most) {
    const wanted = text.trim().toLowerCase();
    if (wanted === "") return [];
    const begins = [];
    const holds = [];
    for (const node of this.byDegree) {
      const name = node.name.toLowerCase();
      if (name.startsWith(wanted)) begins.push(node);
      else if (name.includes(wanted) || node.type.toLowerCase() === wanted) holds.push(node);
      if (begins.length >= most) break;
    }
    return [...begins, ...holds].slice(0, most);
  }
}
