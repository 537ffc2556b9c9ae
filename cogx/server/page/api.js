// Knows how the server is asked and how it says no; never what is shown of it. Addresses are
// relative, so that the page works behind a proxy that puts the server below a path.

const BASE = "api/v1/";

/** An answer that is no: its text, its status, and what to do if the server says it. */
export class Refused extends Error {
  constructor(status, body) {
    super(textOf(status, body));
    this.status = status;
    this.remedy = typeof body?.remediation === "string" ? body.remediation : null;
  }
}

/**
 * Ask the server, with the cookie of the login. `json` and `form` are bodies.
 * Throws Refused; a 401 is also told to the page as the event "loggedout".
 */
export async function ask(method, path, { json, form, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  const body = json === undefined ? form : JSON.stringify(json);
  let answer;
  try {
    answer = await fetch(BASE + path, {
      method,
      headers,
      body,
      signal,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, null);
  }
  return read(answer.status, await answer.text());
}

/** Send a form and tell, from 0 to 1, how much of it is gone; fetch cannot tell that. */
export function upload(path, form, onsent) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", BASE + path);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onsent(event.loaded / event.total);
    });
    request.addEventListener("error", () => reject(new Refused(0, null)));
    request.addEventListener("load", () => {
      try {
        resolve(read(request.status, request.responseText));
      } catch (error) {
        reject(error);
      }
    });
    request.send(form);
  });
}

/** Return the address of a dataset given out as "cogx" or "markdown". */
export function exportAddress(datasetId, format) {
  return `${BASE}activity/export/${encodeURIComponent(datasetId)}?format=${format}`;
}

function read(status, text) {
  let body = null;
  try {
    body = text === "" ? null : JSON.parse(text);
  } catch {
    if (status < 400) throw new Refused(502, { detail: "The server's answer is no JSON." });
  }
  if (status >= 200 && status < 300) return body;
  if (status === 401) document.dispatchEvent(new Event("loggedout"));
  throw new Refused(status, body);
}

function textOf(status, body) {
  if (status === 0) return "The server does not answer. Is it running?";
  const told = body?.detail ?? body?.error;
  if (typeof told === "string") return told;
  if (Array.isArray(told)) {
    return told.map((one) => `${(one.loc ?? []).slice(1).join(".")}: ${one.msg}`).join("; ");
  }
  return typeof told?.message === "string" ? told.message : `The server answered ${status}.`;
}
