// What every page has: the API, the key, the components. Every value is written as text: nothing
// that a server, a model, a document or a person said is ever read as HTML.

const KEY = "twinkeel-key";
export const $ = (id) => document.getElementById(id);
export const hasKey = () => sessionStorage.getItem(KEY) !== null;
export const encoded = (path) => path.split("/").map(encodeURIComponent).join("/");

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** One request with the key where there is one; throws an Error with the server's sentence. */
export async function request(path, body) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  if (hasKey()) headers["X-API-Key"] = sessionStorage.getItem(KEY);
  const reply = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (reply.ok) return reply;
  const said = await reply.json();
  throw Object.assign(new Error(said.error.message ?? said.error), { status: reply.status });
}

export async function ask(path, body) {
  return (await request(path, body)).json();
}

export function say(sentence) {
  $("notice").textContent = sentence;
  $("notice").hidden = false;
}

export function told(error) {
  return error.status ? error.message : "The server does not answer: try again in a moment.";
}

/** Open a page: `open` asks the API and shows what it says; a key is asked for where one is needed. */
export async function enter(open) {
  for (const link of document.querySelectorAll(".top nav a")) {
    const here = location.pathname === "/monitor" ? "/monitor" : "/"; // to try and to converse are both use
    if (link.pathname === here) link.setAttribute("aria-current", "page");
  }
  const tryTo = async () => {
    try {
      await open();
      $("key-form").hidden = true;
      for (const link of document.querySelectorAll("nav .keyed")) {
        link.hidden = hasKey(); // a link cannot carry a key
      }
    } catch (error) {
      if (error.status === 401 || error.status === 403) askForKey(error);
      else say(told(error));
    }
  };
  $("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEY, $("key").value.trim());
    tryTo();
  });
  window.addEventListener("hashchange", tryTo);
  await tryTo();
}

/** Show the page for the component that the address names, or for the first that `fits`. */
export const start = (fits, show) => enter(async () => {
  const index = await ask("/v1/components");
  $("notice").hidden = true;
  document.title = $("project").textContent = index.project;
  await choose(index.components, fits, show);
});

async function choose(components, fits, show) {
  const wanted = decodeURIComponent(location.hash.slice(1));
  const fitting = components.filter(fits);
  const chosen = fitting.find((component) => component.name === wanted) || fitting[0];
  tabs(components, chosen);
  if (chosen) await show(chosen);
  else say(components.length ? "Nothing of this sort is released yet." : "Nothing is released yet.");
}

function tabs(components, chosen) {
  const list = $("tabs");
  list.replaceChildren(...components.map((component) => make("a", {
    href: `/${component.converses ? "chat" : "try"}#${encodeURIComponent(component.name)}`,
    "aria-current": component === chosen ? "page" : null,
  }, component.name, make("small", {}, component.version))));
  list.hidden = components.length < (chosen ? 2 : 1);
}

function askForKey(error) {
  const tried = hasKey();
  sessionStorage.removeItem(KEY);
  $("key-form").hidden = false;
  if (tried) say(error.message);
  $("key").focus();
}
