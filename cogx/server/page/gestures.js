// Knows which movements of hand, wheel and keys mean moving, zooming and pointing; never what is
// moved.

const PAN = 60;
const CLICK = 5; // How far a hand may slip and still click, in pixels.
const ARROWS = {
  ArrowLeft: [PAN, 0],
  ArrowRight: [-PAN, 0],
  ArrowUp: [0, PAN],
  ArrowDown: [0, -PAN],
};

/** Tell `on` what is meant, by pan(dx, dy), zoom(factor, x, y), point, pick(x, y), fit, leave. */
export function followGestures(element, signal, on) {
  const listen = (name, listener, options) =>
    element.addEventListener(name, listener, { signal, ...options });
  followPointers(element, listen, on);
  listen(
    "wheel",
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1;
      on.zoom(Math.exp(-event.deltaY * lines * 0.0015), event.offsetX, event.offsetY);
    },
    { passive: false },
  );
  listen("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in ARROWS) on.pan(...ARROWS[event.key]);
    else if (event.key === "+" || event.key === "=") on.zoom(1.25);
    else if (event.key === "-") on.zoom(0.8);
    else if (event.key === "0") on.fit();
    else if (event.key === "Escape") on.leave();
    else return;
    event.preventDefault();
  });
}

/** One finger or button moves, two zoom; what has hardly moved was a click. */
function followPointers(element, listen, on) {
  const held = new Map();
  let travelled = 0;

  listen("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    held.set(event.pointerId, [event.offsetX, event.offsetY]);
    travelled = held.size > 1 ? Infinity : 0;
  });
  listen("pointermove", (event) => {
    const here = [event.offsetX, event.offsetY];
    const before = held.get(event.pointerId);
    if (!before) {
      on.point(...here);
      return;
    }
    travelled += distance(here, before);
    if (travelled < CLICK) return;
    const other = [...held].find(([id]) => id !== event.pointerId)?.[1];
    if (other) on.zoom(distance(here, other) / (distance(before, other) || 1), ...other);
    else on.pan(here[0] - before[0], here[1] - before[1]);
    held.set(event.pointerId, here);
  });
  listen("pointerup", (event) => {
    if (held.delete(event.pointerId) && travelled < CLICK) on.pick(event.offsetX, event.offsetY);
  });
  listen("pointercancel", (event) => held.delete(event.pointerId));
  listen("pointerleave", () => on.point(-Infinity, -Infinity));
}

function distance(a, b) {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
