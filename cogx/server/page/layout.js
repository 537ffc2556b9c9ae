// Knows where nodes go: joined ones pull each other, all push each other, and all are held
// together. The same graph is laid out the same way each time. Never draws anything.

import { Quadtree } from "./quadtree.js";

const LENGTH = 46;
const CHARGE = 150;
const GRAVITY = 0.035;
const LONELY = 6; // How much more a node is held that is joined to nothing.
const FRICTION = 0.6;
const COOLING = 0.0228; // About 300 steps.
const COLD = 0.001;
const TURN = Math.PI * (3 - Math.sqrt(5));

export class Layout {
  /** Take how many nodes there are, which pairs are joined, and places: [x, y] or null. */
  constructor(count, pairs, known) {
    this.count = count;
    this.pairs = pairs;
    this.x = new Float64Array(count);
    this.y = new Float64Array(count);
    this.vx = new Float64Array(count);
    this.vy = new Float64Array(count);
    this.degree = new Int32Array(count);
    for (const [a, b] of pairs) {
      this.degree[a]++;
      this.degree[b]++;
    }
    this.gravity = gravities(count, pairs);
    this.tree = new Quadtree(count);
    this.#place(known);
    this.heat = known.some((place) => place !== null) ? 0.3 : 1;
  }

  get isSettled() {
    return this.heat < COLD || this.count < 2;
  }

  /** Begin on a spiral, or beside a neighbour that has its place already. */
  #place(known) {
    const beside = new Map();
    for (const [a, b] of this.pairs) {
      if (known[a] && !known[b]) beside.set(b, known[a]);
      if (known[b] && !known[a]) beside.set(a, known[b]);
    }
    for (let i = 0; i < this.count; i++) {
      const radius = 12 * Math.sqrt(0.5 + i);
      const [x, y] = [radius * Math.cos(i * TURN), radius * Math.sin(i * TURN)];
      const near = beside.get(i);
      const start =
        known[i] ??
        (near ? [near[0] + Math.cos(i) * LENGTH, near[1] + Math.sin(i) * LENGTH] : [x, y]);
      [this.x[i], this.y[i]] = start;
    }
  }

  /** Take one step. */
  step() {
    const { x, y, vx, vy, heat, count } = this;
    this.#pull();
    this.tree.build(x, y);
    for (let i = 0; i < count; i++) {
      this.tree.push(i, CHARGE * heat, vx, vy);
      const gravity = this.gravity[i] * heat;
      vx[i] -= x[i] * gravity;
      vy[i] -= y[i] * gravity;
    }
    for (let i = 0; i < count; i++) {
      x[i] += vx[i] *= FRICTION;
      y[i] += vy[i] *= FRICTION;
    }
    this.heat -= this.heat * COOLING;
  }

  /** A node of many edges gives way less than one that has only this. */
  #pull() {
    const { x, y, vx, vy, degree, heat } = this;
    for (const [a, b] of this.pairs) {
      const dx = x[b] + vx[b] - x[a] - vx[a] || 1e-6;
      const dy = y[b] + vy[b] - y[a] - vy[a] || 1e-6;
      const distance = Math.sqrt(dx * dx + dy * dy);
      const force = (((distance - LENGTH) / distance) * heat) / Math.min(degree[a], degree[b]);
      const share = degree[a] / (degree[a] + degree[b]);
      vx[b] -= dx * force * share;
      vy[b] -= dy * force * share;
      vx[a] += dx * force * (1 - share);
      vy[a] += dy * force * (1 - share);
    }
  }
}

/** Small parts that nothing joins to the rest would be pushed out of sight: held tighter. */
function gravities(count, pairs) {
  const parent = Int32Array.from({ length: count }, (_, i) => i);
  const rootOf = (i) => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]];
    return i;
  };
  for (const [a, b] of pairs) parent[rootOf(a)] = rootOf(b);
  const sizes = new Int32Array(count);
  for (let i = 0; i < count; i++) sizes[rootOf(i)]++;
  return Float64Array.from({ length: count }, (_, i) => GRAVITY * (1 + LONELY / sizes[rootOf(i)]));
}
