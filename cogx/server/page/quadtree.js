// Knows how far-off points push together as one: the tree of Barnes and Hut, made anew for each
// step of a layout; never which points are joined.

const EMPTY = -1;
const DEEPEST = 40;
const NEAR = 0.81; // The square of theta: how wide a far-off cell may look.

/** Points are kept in their slots as -2 - point, cells as they are. */
export class Quadtree {
  constructor(count) {
    const cells = 64 + 4 * count;
    this.child = new Int32Array(4 * cells);
    this.mass = new Float64Array(cells);
    this.sumX = new Float64Array(cells);
    this.sumY = new Float64Array(cells);
    this.stack = new Int32Array(256);
    this.widths = new Float64Array(256);
    this.most = cells;
  }

  /** Take all points in. */
  build(x, y) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < x.length; i++) {
      left = Math.min(left, x[i]);
      right = Math.max(right, x[i]);
      top = Math.min(top, y[i]);
      bottom = Math.max(bottom, y[i]);
    }
    this.x = x;
    this.y = y;
    this.left = left;
    this.top = top;
    this.width = Math.max(right - left, bottom - top, 1) * 1.001;
    this.cells = 0;
    this.#cell();
    for (let i = 0; i < x.length; i++) this.#insert(i);
  }

  #cell() {
    const cell = this.cells++;
    this.child.fill(EMPTY, 4 * cell, 4 * cell + 4);
    this.mass[cell] = this.sumX[cell] = this.sumY[cell] = 0;
    return cell;
  }

  #add(cell, point) {
    this.mass[cell] += 1;
    this.sumX[cell] += this.x[point];
    this.sumY[cell] += this.y[point];
  }

  #insert(point) {
    const { x, y, child } = this;
    let [cell, left, top, half] = [0, this.left, this.top, this.width / 2];
    for (let depth = 0; depth < DEEPEST; depth++) {
      this.#add(cell, point);
      const isRight = x[point] >= left + half;
      const isBelow = y[point] >= top + half;
      const slot = 4 * cell + (isRight ? 1 : 0) + (isBelow ? 2 : 0);
      if (child[slot] === EMPTY) {
        child[slot] = -2 - point;
        return;
      }
      if (isRight) left += half;
      if (isBelow) top += half;
      half /= 2;
      if (child[slot] < EMPTY) {
        if (this.cells === this.most) return; // Points that lie on each other: one speaks for all.
        const there = -2 - child[slot];
        const made = this.#cell();
        this.#add(made, there);
        child[4 * made + (x[there] >= left + half ? 1 : 0) + (y[there] >= top + half ? 2 : 0)] =
          -2 - there;
        child[slot] = made;
      }
      cell = child[slot];
    }
  }

  /** Push a point away from all others: add to its velocity. */
  push(point, strength, vx, vy) {
    const { x, y, child, mass, sumX, sumY, stack, widths } = this;
    const [px, py] = [x[point], y[point]];
    let depth = 1;
    stack[0] = 0;
    widths[0] = this.width;
    while (depth > 0) {
      const cell = stack[--depth];
      const width = widths[depth];
      const dx = sumX[cell] / mass[cell] - px;
      const dy = sumY[cell] / mass[cell] - py;
      const distance = dx * dx + dy * dy;
      if (width * width < NEAR * distance) {
        const force = (strength * mass[cell]) / Math.max(distance, 1);
        vx[point] -= dx * force;
        vy[point] -= dy * force;
        continue;
      }
      for (let slot = 4 * cell; slot < 4 * cell + 4; slot++) {
        const found = child[slot];
        if (found >= 0) {
          stack[depth] = found;
          widths[depth++] = width / 2;
        } else if (found < EMPTY && -2 - found !== point) {
          const ox = x[-2 - found] - px;
          const oy = y[-2 - found] - py;
          const force = strength / Math.max(ox * ox + oy * oy, 1);
          vx[point] -= ox * force;
          vy[point] -= oy * force;
        }
      }
    }
  }
}
