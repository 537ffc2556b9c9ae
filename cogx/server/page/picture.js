// Knows how a laid out graph is drawn on a canvas; never what a click on it means.

const MOST_LABELS = 60;
const LONGEST_LABEL = 32;

/** Return the colours of the page as they are now, light or dark. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(name).trim();
  const types = [...Array(8).keys()].map((at) => value(`--type-${at}`));
  return {
    types,
    other: value("--type-other"),
    edge: value("--edge"),
    text: value("--text"),
    ground: value("--ground"),
    strong: value("--accent"),
  };
}

/** Return how large a node is drawn, in pixels. */
export function radiusOf(degree, scale) {
  return (
    Math.min(18, 3.2 + Math.sqrt(degree) * 1.25) * Math.min(2, Math.max(0.55, Math.sqrt(scale)))
  );
}

/** Draw a scene: {nodes, pairs, layout, kinds, degrees, edges, selected, hovered, camera}. */
export function draw(canvas, scene, colour) {
  const ratio = devicePixelRatio || 1;
  const pen = canvas.getContext("2d");
  const { camera } = scene;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  const xs = scene.nodes.map((_, i) => scene.layout.x[i] * camera.scale + camera.x);
  const ys = scene.nodes.map((_, i) => scene.layout.y[i] * camera.scale + camera.y);
  const near = neighbours(scene);
  drawEdges(pen, scene, xs, ys, colour, near);
  drawNodes(pen, scene, xs, ys, colour, near);
  drawLabels(pen, canvas, scene, xs, ys, colour, near);
}

function neighbours({ pairs, selected }) {
  if (selected === null) return null;
  const near = new Set([selected]);
  for (const [a, b] of pairs) {
    if (a === selected) near.add(b);
    if (b === selected) near.add(a);
  }
  return near;
}

function drawEdges(pen, { pairs, selected, edges }, xs, ys, colour, near) {
  pen.lineWidth = 1;
  pen.strokeStyle = colour.edge;
  pen.globalAlpha = near ? 0.35 : Math.max(0.3, 0.9 - pairs.length / 5000);
  pen.beginPath();
  for (const [a, b] of pairs) {
    pen.moveTo(xs[a], ys[a]);
    pen.lineTo(xs[b], ys[b]);
  }
  pen.stroke();
  pen.globalAlpha = 1;
  if (selected === null) return;
  pen.strokeStyle = pen.fillStyle = colour.strong;
  pen.lineWidth = 1.5;
  for (const { source, target } of edges)
    arrow(pen, xs[source], ys[source], xs[target], ys[target]);
}

function arrow(pen, x1, y1, x2, y2) {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const [x, y] = [x1 + (x2 - x1) * 0.62, y1 + (y2 - y1) * 0.62];
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
  pen.beginPath();
  pen.moveTo(x, y);
  for (const turn of [2.65, -2.65])
    pen.lineTo(x + 8 * Math.cos(angle + turn), y + 8 * Math.sin(angle + turn));
  pen.fill();
}

function drawNodes(
  pen,
  { nodes, kinds, degrees, selected, hovered, camera },
  xs,
  ys,
  colour,
  near,
) {
  pen.lineWidth = 1.5;
  pen.strokeStyle = colour.ground;
  for (let i = nodes.length - 1; i >= 0; i--) {
    pen.globalAlpha = near && !near.has(i) ? 0.25 : 1;
    pen.fillStyle = colour.types[kinds[i]] ?? colour.other;
    pen.beginPath();
    pen.arc(xs[i], ys[i], radiusOf(degrees[i], camera.scale), 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  }
  pen.globalAlpha = 1;
  for (const [at, width] of [
    [hovered, 1.5],
    [selected, 3],
  ]) {
    if (at === null) continue;
    pen.strokeStyle = colour.strong;
    pen.lineWidth = width;
    pen.beginPath();
    pen.arc(xs[at], ys[at], radiusOf(degrees[at], camera.scale) + 3, 0, 2 * Math.PI);
    pen.stroke();
  }
}

/** Write names, the most important first, where there is room for them. */
function drawLabels(pen, canvas, scene, xs, ys, colour, near) {
  const { nodes, selected, hovered, degrees, camera } = scene;
  const style = getComputedStyle(canvas);
  pen.font = `12px ${style.fontFamily}`;
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  pen.lineWidth = 4;
  pen.strokeStyle = colour.ground;
  pen.fillStyle = colour.text;
  const order = [hovered, selected, ...(near ?? nodes.keys())].filter((at) => at !== null);
  const taken = [];
  for (const at of new Set(order)) {
    if (taken.length >= MOST_LABELS) break;
    const left = xs[at] + radiusOf(degrees[at], camera.scale) + 5;
    const y = ys[at];
    if (left < -200 || y < 0 || left > canvas.clientWidth || y > canvas.clientHeight) continue;
    const text = shortened(nodes[at].name);
    const right = left + pen.measureText(text).width;
    const isForced = at === hovered || at === selected;
    if (
      !isForced &&
      taken.some((box) => left < box[1] && right > box[0] && Math.abs(y - box[2]) < 16)
    )
      continue;
    taken.push([left, right, y]);
    pen.strokeText(text, left, y);
    pen.fillText(text, left, y);
  }
}

/** Return a label of one short line. */
export function shortened(label, longest = LONGEST_LABEL) {
  const line = label.replace(/\s+/g, " ").trim();
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}
