// Knows how a graph is laid out, moved and pointed at on its canvas; what is picked is told to its
// owner.

import { followGestures } from "./gestures.js";
import { Layout } from "./layout.js";
import { colours, draw, radiusOf } from "./picture.js";

const BUDGET_MS = 12;
const MARGIN = 48;
const SCALES = [0.02, 8];

export class GraphCanvas {
  constructor(canvas, { signal, onpick }) {
    this.canvas = canvas;
    this.colour = colours();
    this.camera = { x: 0, y: 0, scale: 1 };
    this.isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scene = null;
    this.hasMoved = false;
    followGestures(canvas, signal, {
      pan: (dx, dy) => this.pan(dx, dy),
      zoom: (factor, x, y) => this.zoom(factor, x, y),
      fit: () => this.fitAgain(),
      point: (x, y) => this.#hover(this.#under(x, y)),
      pick: (x, y) => onpick(this.scene.nodes[this.#under(x, y)]?.id ?? null),
      leave: () => onpick(null),
    });
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener(
      "change",
      () => {
        this.colour = colours();
        this.redraw();
      },
      { signal },
    );
    const resized = new ResizeObserver(() => this.#resize());
    resized.observe(canvas);
    signal.addEventListener("abort", () => {
      resized.disconnect();
      cancelAnimationFrame(this.frame);
    });
  }

  /** Show nodes and what joins them; those that were shown before stay about where they were. */
  show(nodes, pairs, degrees, kinds) {
    const before = new Map(
      this.scene?.nodes.map((node, i) => [
        node.id,
        [this.scene.layout.x[i], this.scene.layout.y[i]],
      ]),
    );
    const layout = new Layout(
      nodes.length,
      pairs,
      nodes.map((node) => before.get(node.id) ?? null),
    );
    this.at = new Map(nodes.map((node, index) => [node.id, index]));
    this.scene = {
      nodes,
      pairs,
      degrees,
      kinds,
      layout,
      edges: [],
      selected: null,
      hovered: null,
      camera: this.camera,
    };
    while (this.isStill && !layout.isSettled) layout.step();
    if (!this.hasMoved) this.fit();
    this.redraw();
  }

  /** Mark a node that is shown, or none, with the edges to draw as arrows. */
  select(id, edges) {
    const { scene, at } = this;
    scene.selected = at.get(id) ?? null;
    const ends = edges.map((edge) => ({
      source: at.get(edge.source),
      target: at.get(edge.target),
    }));
    scene.edges = ends.filter(
      (one) => one.source !== undefined && one.target !== undefined && one.source !== one.target,
    );
    this.redraw();
  }

  /** Bring a node that is shown to the middle if it is out of sight. */
  reveal(id) {
    const index = this.at.get(id);
    if (index === undefined) return;
    const [x, y] = this.#screen(index);
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (x > MARGIN && y > MARGIN && x < width - MARGIN && y < height - MARGIN) return;
    this.pan(width / 2 - x, height / 2 - y);
  }

  /** Move so that all of it is seen. */
  fit() {
    const { x: xs, y: ys, count } = this.scene.layout;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (count === 0 || width === 0) return;
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < count; i++) {
      left = Math.min(left, xs[i]);
      right = Math.max(right, xs[i]);
      top = Math.min(top, ys[i]);
      bottom = Math.max(bottom, ys[i]);
    }
    const room = [
      (width - 2 * MARGIN) / Math.max(right - left, 1),
      (height - 2 * MARGIN) / Math.max(bottom - top, 1),
    ];
    const scale = Math.min(2, Math.max(SCALES[0], Math.min(...room)));
    this.camera.scale = scale;
    this.camera.x = width / 2 - (scale * (left + right)) / 2;
    this.camera.y = height / 2 - (scale * (top + bottom)) / 2;
  }

  /** Show all of it, as long as nobody moves it. */
  fitAgain() {
    this.hasMoved = false;
    this.fit();
    this.redraw();
  }

  pan(dx, dy) {
    this.camera.x += dx;
    this.camera.y += dy;
    this.hasMoved = true;
    this.redraw();
  }

  /** Zoom around a point of the canvas, else its middle. */
  zoom(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const { camera } = this;
    const scale = Math.min(SCALES[1], Math.max(SCALES[0], camera.scale * factor));
    camera.x = x - ((x - camera.x) * scale) / camera.scale;
    camera.y = y - ((y - camera.y) * scale) / camera.scale;
    camera.scale = scale;
    this.hasMoved = true;
    this.redraw();
  }

  redraw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.#step();
      draw(this.canvas, this.scene, this.colour);
    });
  }

  #step() {
    const { layout } = this.scene;
    if (layout.isSettled) {
      this.canvas.dataset.settled = "";
      return;
    }
    delete this.canvas.dataset.settled;
    const end = performance.now() + BUDGET_MS;
    do layout.step();
    while (!layout.isSettled && performance.now() < end);
    if (!this.hasMoved) this.fit();
    this.redraw();
  }

  #resize() {
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(this.canvas.clientWidth * ratio);
    this.canvas.height = Math.round(this.canvas.clientHeight * ratio);
    if (this.scene === null) return;
    if (!this.hasMoved) this.fit();
    this.redraw();
  }

  #screen(index) {
    const { layout } = this.scene;
    return [
      layout.x[index] * this.camera.scale + this.camera.x,
      layout.y[index] * this.camera.scale + this.camera.y,
    ];
  }

  /** Return the node under a point, the nearest if several are. */
  #under(x, y) {
    let [best, nearest] = [null, Infinity];
    for (let i = 0; i < this.scene.nodes.length; i++) {
      const [nx, ny] = this.#screen(i);
      const distance = Math.hypot(nx - x, ny - y);
      if (distance < radiusOf(this.scene.degrees[i], this.camera.scale) + 4 && distance < nearest)
        [best, nearest] = [i, distance];
    }
    return best;
  }

  #hover(index) {
    if (this.scene.hovered === index) return;
    this.scene.hovered = index;
    this.canvas.style.cursor = index === null ? "" : "pointer";
    this.redraw();
  }
}
