// Knows how elements are made; never makes markup of a string. What a graph says is anybody's text:
// it becomes text nodes and attributes' values, and nothing else.

/**
 * Make an element. Properties whose names begin with "on" are listeners; true and false set and
 * leave out an attribute. Children are elements or texts; what is null is left out.
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child != null));
  return element;
}

/** Make a table that scrolls by itself; a column's head is a text, or a cell made already. */
export function tableOf(heads, rows) {
  const cells = heads.map((head) =>
    typeof head === "string" ? make("th", { scope: "col" }, head) : head,
  );
  const head = make("thead", {}, make("tr", {}, cells));
  return make("div", { class: "wide" }, make("table", {}, head, make("tbody", {}, rows)));
}

/** Put children in the place of all that an element has. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child != null));
}

/** Say something to those who do not see it; also shown for a moment. */
export function say(text) {
  const said = document.getElementById("said");
  said.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => {
    said.textContent = "";
  }, 6000);
}

/** Return an alert that tells what went wrong, and what to do about it if that is known. */
export function alertOf(error) {
  const remedy = error.remedy ? make("p", {}, error.remedy) : null;
  return make("div", { class: "alert", role: "alert" }, make("p", {}, error.message), remedy);
}

const whole = new Intl.NumberFormat();
const instants = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Return a number as people read it. */
export function count(number) {
  return whole.format(number);
}

/** Return "1 node", "2 nodes". */
export function counted(number, one, several = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : several}`;
}

/** Return an instant as people read it, with the exact one behind it. */
export function when(text) {
  if (!text) return make("span", { class: "quiet" }, "never");
  return make("time", { datetime: text, title: text }, instants.format(new Date(text)));
}
