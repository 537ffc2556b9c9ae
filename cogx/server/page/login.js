// Knows how people come in: with an address and a password. The server keeps the login in a cookie
// that no script reads.

import { ask } from "./api.js";
import { alertOf, fill, make } from "./dom.js";

/** Show the form; `done` is called when the login is there. */
export function showLogin(view, done) {
  document.title = "Log in · cogx";
  const said = make("div");
  const email = make("input", {
    id: "email",
    type: "email",
    autocomplete: "username",
    required: true,
  });
  const password = make("input", {
    id: "password",
    type: "password",
    autocomplete: "current-password",
    required: true,
  });
  const enter = make("button", { type: "submit" }, "Log in");
  const add = make(
    "button",
    { type: "button", class: "plain", onclick: () => submit(true) },
    "Make a new account",
  );
  const form = make(
    "form",
    {
      class: "login",
      onsubmit: (event) => {
        event.preventDefault();
        submit(false);
      },
    },
    make("h1", {}, "Log in"),
    make("label", { for: "email" }, "Email"),
    email,
    make("label", { for: "password" }, "Password"),
    password,
    said,
    make("div", { class: "actions" }, enter, add),
  );

  async function submit(isNew) {
    if (!form.reportValidity()) return;
    enter.disabled = add.disabled = true;
    try {
      if (isNew) {
        await ask("POST", "auth/register", {
          json: { email: email.value, password: password.value },
        });
      }
      const fields = new URLSearchParams({ username: email.value, password: password.value });
      await ask("POST", "auth/login", { form: fields });
      await done();
    } catch (error) {
      fill(said, alertOf({ message: TEXTS[error.message] ?? error.message, remedy: error.remedy }));
      password.select();
    } finally {
      enter.disabled = add.disabled = false;
    }
  }

  fill(view, form);
  email.focus();
}

const TEXTS = {
  LOGIN_BAD_CREDENTIALS: "No account has this address and this password.",
  REGISTER_USER_ALREADY_EXISTS: "There is an account of this address already. Log in with it.",
};
