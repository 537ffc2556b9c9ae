// Knows which view an address shows, and who is logged in; never what a view shows.

import { ask } from "./api.js";
import { alertOf, fill, make, say } from "./dom.js";
import { showGraph } from "./graph.js";
import { showKeys } from "./keys.js";
import { showLogin } from "./login.js";
import { showOverview } from "./overview.js";
import { showSearch } from "./search.js";

const VIEWS = new Map([
  ["", showOverview],
  ["search", showSearch],
  ["graph", showGraph],
  ["keys", showKeys],
]);
const LINKS = [
  ["#/", "Datasets"],
  ["#/search", "Search"],
  ["#/keys", "Keys"],
];

const bar = document.getElementById("bar");
const view = document.getElementById("view");
let user = null;
let shown = new AbortController();

/** Show what the address says. What the view before had begun is told to stop. */
async function show() {
  shown.abort();
  shown = new AbortController();
  const { signal } = shown;
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/").map(decoded);
  view.className = user === null ? "view-login" : `view-${name || "overview"}`;
  drawBar(name);
  if (user === null) {
    showLogin(view, logIn);
    return;
  }
  try {
    await (VIEWS.get(name) ?? showOverview)(view, {
      parts: rest,
      query: new URLSearchParams(query),
      signal,
    });
  } catch (error) {
    if (!signal.aborted && error.status !== 401) fill(view, alertOf(error));
  }
}

function drawBar(name) {
  const home = make(
    "a",
    { class: "brand", href: "#/" },
    make("img", { src: "page/icon.svg", alt: "" }),
    "cogx",
  );
  if (user === null) {
    fill(bar, home);
    return;
  }
  const at = name === "graph" ? "#/" : `#/${name}`;
  const links = LINKS.map(([href, text]) =>
    make("a", { href, "aria-current": href === at ? "page" : null }, text),
  );
  const out = make("button", { type: "button", class: "plain", onclick: logOut }, "Log out");
  fill(
    bar,
    home,
    make("nav", { "aria-label": "Views" }, links),
    make("span", { class: "who" }, user.email),
    out,
  );
}

async function logIn() {
  user = await ask("GET", "users/me");
  await show();
  focusView();
}

/** Let the keyboard begin at the view, unless somebody is at work in it already. */
function focusView() {
  if (!view.contains(document.activeElement)) view.focus({ preventScroll: true });
}

async function logOut() {
  try {
    await ask("POST", "auth/logout");
    await logIn(); // Where nobody need log in, one is who one was.
  } catch (error) {
    if (error.status === 401) user = null;
    else say(error.message);
    await show();
  }
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

document.addEventListener("loggedout", () => {
  if (user === null) return;
  user = null;
  show();
});
addEventListener("hashchange", async () => {
  await show();
  scrollTo(0, 0);
  focusView();
});
try {
  await logIn();
} catch (error) {
  if (error.status === 401) await show();
  else fill(view, alertOf(error));
}
