// Knows the keys with which programs come in; each is shown once, when it is made.

import { ask } from "./api.js";
import { alertOf, fill, make, say, tableOf } from "./dom.js";

/** Show the caller's keys. */
export async function showKeys(view, { signal }) {
  document.title = "Keys · cogx";
  const said = make("div");
  const list = make("div");
  const name = make("input", { id: "key-name", maxlength: 200, placeholder: "laptop" });

  async function draw() {
    const keys = await ask("GET", "auth/api-keys", { signal });
    fill(
      list,
      keys.length === 0 ? make("p", { class: "empty" }, "You have no keys yet.") : table(keys),
    );
  }

  function table(keys) {
    const rows = keys.map((key) =>
      make(
        "tr",
        {},
        make("th", { scope: "row" }, key.name ?? "(no name)"),
        make("td", {}, make("code", {}, key.label)),
        make(
          "td",
          { class: "ends" },
          make("button", { type: "button", class: "plain", onclick: () => remove(key) }, "Remove"),
        ),
      ),
    );
    return tableOf(["Name", "Key", make("th", {})], rows);
  }

  async function tried(work) {
    try {
      fill(said, await work());
      await draw();
    } catch (error) {
      fill(said, alertOf(error));
    }
  }

  function remove(key) {
    if (!confirm(`Remove the key ${key.name ?? key.label}? What uses it can call no more.`)) return;
    tried(async () => {
      await ask("DELETE", `auth/api-keys/${encodeURIComponent(key.id)}`);
      say("The key is removed.");
    });
  }

  function add(event) {
    event.preventDefault();
    tried(async () => {
      const made = await ask("POST", "auth/api-keys", { json: { name: name.value || null } });
      return make(
        "div",
        { class: "note" },
        make("p", {}, "This is the key. It is shown this once:"),
        make("p", {}, make("code", { class: "secret" }, made.key)),
        make(
          "p",
          {},
          "Give it to ",
          make("code", {}, `cogx connect --ask-key ${location.origin}`),
          ", which asks for it.",
        ),
      );
    });
  }

  fill(
    view,
    make("h1", {}, "Keys"),
    make(
      "p",
      { class: "lead" },
      "Programs log in with a key: ",
      make("code", {}, "cogx push"),
      ", agents, scripts.",
    ),
    make(
      "form",
      { class: "row", onsubmit: add },
      make("label", { for: "key-name" }, "Name"),
      name,
      make("button", { type: "submit" }, "Make a key"),
    ),
    said,
    list,
  );
  await draw();
}
