// The page to converse on: the same chat completions as everyone else's, streamed by sentences,
// with the passages that an answer rests on and what readers think of it.

import { $, ask, make, request, start, told } from "/static/page.js";
import { closeSource, openSource, placeOf, unwrapped } from "/static/source.js";

const state = { component: null, messages: [], busy: false };
const THUMB = "M7 21V10l4.5-7c1.6 0 2.5 1 2.3 2.6L13.2 10H19c1.3 0 2.2 1.2 1.9 2.4l-1.7 7A2 2 0 0 1 17.2 21H3V10h4";

async function show(component) {
  if (state.component?.version === component.version) return;
  state.component = component;
  const { signature } = await ask(`/v1/components/${encodeURIComponent(component.name)}`);
  $("chat-title").textContent = component.name;
  $("version").textContent = component.version;
  $("greeting").textContent = `What would you like to ask ${component.name}?`;
  const example = signature.inputs.find((input) => typeof input.example === "string")?.example;
  $("example").hidden = !example;
  $("example").textContent = example ?? "";
  $("main").hidden = false;
  fresh();
}

function fresh() {
  closeSource();
  state.messages = [];
  $("log").replaceChildren();
  $("welcome").hidden = false;
  $("fresh").hidden = true;
  writeOn();
}

async function send(question) {
  if (state.busy || !question.trim()) return;
  busy(true);
  $("welcome").hidden = true;
  $("fresh").hidden = false;
  const mine = turn("mine", "You asked", make("p", {}, question));
  const said = make("p", { class: "said" }, waiting());
  const theirs = turn("theirs", `${state.component.name} answered`, said);
  $("log").append(mine);
  put("");
  mine.scrollIntoView({ block: "start" });
  try {
    await answer([...state.messages, { role: "user", content: question }], theirs, said);
  } catch (error) {
    said.replaceWith(make("p", { class: "error", role: "alert" }, told(error)));
    if (!theirs.isConnected) $("log").append(theirs);
    put(question);
  } finally {
    busy(false);
  }
}

async function answer(messages, box, said) {
  $("log").append(box);
  box.scrollIntoView({ block: "nearest" });
  const reply = await request("/v1/chat/completions",
    { model: state.component.name, messages, stream: true });
  let text = "";
  let last = {};
  for await (const chunk of chunks(reply)) {
    text += chunk.choices[0]?.delta.content ?? "";
    if (text) said.textContent = unwrapped(text);
    last = chunk;
    box.scrollIntoView({ block: "nearest" });
  }
  finished(box, said, text, last);
  state.messages = [...messages, { role: "assistant", content: text }];
}

async function* chunks(reply) {
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error("The answer broke off.");
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      if (event === "data: [DONE]") return;
      yield JSON.parse(event.slice("data: ".length));
    }
  }
}

function busy(is) {
  state.busy = is;
  $("send").disabled = is;
  $("log").setAttribute("aria-busy", String(is));
  if (!is) writeOn();
}

/** Ready for the next question, but not where that would raise a keyboard over the answer. */
function writeOn() {
  if (!window.matchMedia("(pointer: coarse)").matches) $("question").focus({ preventScroll: true });
}

function turn(who, label, ...children) {
  return make("article", { class: `turn ${who}` }, make("h3", { class: "unseen" }, label), ...children);
}

function waiting() {
  return make("span", { class: "waiting" }, make("span", { class: "unseen" }, "Looking it up…"),
    make("i"), make("i"), make("i"));
}

// ------------------------------------------------------------------------- a finished answer

function finished(box, said, text, { citations = [], abstained, event, version, warnings = [] }) {
  if (abstained) {
    box.classList.add("abstained");
    said.before(make("p", { class: "verdict" }, "The documents do not answer this"));
  }
  const sources = distinct(citations);
  said.replaceChildren(...referenced(text, sources));
  if (warnings.length) {
    box.append(make("ul", { class: "warnings" }, ...warnings.map((each) => make("li", {}, each))));
  }
  if (sources.length) box.append(listed(sources, abstained));
  box.append(judge(event, version));
  box.scrollIntoView({ block: "nearest" });
}

/** Citations of one place (document, page, headings) are one numbered source with several spans. */
function distinct(citations) {
  const places = new Map();
  for (const { document, title, page, headings, start, end, quote } of citations) {
    const key = JSON.stringify([document, page, headings]);
    const place = places.get(key) ?? { number: places.size + 1, document, title, page, headings, spans: [] };
    if (!place.spans.some((span) => span.start === start)) place.spans.push({ start, end, quote });
    places.set(key, place);
  }
  return [...places.values()];
}

/** The answer with a numbered button behind each sentence that is quoted from a source. */
function referenced(text, sources) {
  const places = sources
    .flatMap((source) => source.spans.map((span) => ({ source, span, end: endOf(span.quote, text) })))
    .filter(({ end }) => end > 0)
    .sort((one, other) => one.end - other.end);
  const parts = [];
  let from = 0;
  for (const { source, span, end } of places) {
    parts.push(unwrapped(text.slice(from, end)), opener("ref", source, span,
      { "aria-label": `Source ${source.number}: ${source.title}` }, String(source.number)));
    from = Math.max(from, end);
  }
  return [...parts, unwrapped(text.slice(from))];
}

/** Where a quote ends in the answer, whatever space is between its words; -1 where it is not. */
function endOf(quote, text) {
  const words = (quote ?? "").split(/\s+/).filter(Boolean);
  if (!words.length) return -1;
  const literal = words.map((word) => word.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"));
  const match = new RegExp(literal.join("\\s+")).exec(text);
  return match ? match.index + match[0].length : -1;
}

function listed(sources, abstained) {
  const items = sources.map((source) => make("li", {}, opener("cite", source, source.spans[0], {},
    make("b", {}, String(source.number)), make("span", { class: "title" }, source.title || source.document),
    make("span", { class: "place" }, placeOf(source)))));
  return make("section", { class: "sources" },
    make("h4", {}, abstained ? "The nearest passages" : "Sources"), make("ol", {}, ...items));
}

function opener(style, source, span, attributes, ...children) {
  const button = make("button", {
    type: "button", class: style, "aria-expanded": "false", "aria-controls": "source", ...attributes,
  }, ...children);
  button.addEventListener("click", () => openSource(state.component.name, source, span, button));
  return button;
}

// ---------------------------------------------------------------------------------- feedback

function judge(event, version) {
  const row = make("div", { class: "judge" });
  if (event) {
    const status = make("span", { class: "hint", role: "status" });
    const good = thumb("Helpful", false);
    const bad = thumb("Not helpful", true);
    good.addEventListener("click", () => opinion(event, row, [good, bad], status, "helpful"));
    bad.addEventListener("click", () => opinion(event, row, [bad, good], status, "not helpful"));
    row.append(good, bad, status);
  } else {
    row.append(make("span", { class: "hint" }, "This answer could not be recorded."));
  }
  row.append(make("span", { class: "chip" }, version ?? ""));
  return row;
}

function thumb(label, down) {
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("aria-hidden", "true");
  path.setAttribute("d", THUMB);
  if (down) path.setAttribute("transform", "rotate(180 12 12)");
  icon.append(path);
  return make("button", { type: "button", class: "quiet small", "aria-pressed": "false" }, icon, label);
}

async function opinion(event, row, [chosen, other], status, value) {
  if (!(await recorded(event, { value }, status))) return;
  chosen.setAttribute("aria-pressed", "true");
  other.setAttribute("aria-pressed", "false");
  row.querySelector("form")?.remove();
  if (value === "not helpful") row.append(comment(event, value, status));
}

function comment(event, value, status) {
  const input = make("input", {
    "aria-label": "What was wrong?", placeholder: "What was wrong?", autocomplete: "off", required: "",
  });
  const form = make("form", {}, input, make("button", { type: "submit", class: "quiet small" }, "Send"));
  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    if (await recorded(event, { value, comment: input.value }, status)) form.remove();
  });
  return form;
}

async function recorded(event, body, status) {
  try {
    await ask(`/v1/events/${event}/feedback`, body);
    status.textContent = "Thank you.";
    return true;
  } catch (error) {
    status.textContent = told(error);
    return false;
  }
}

// ------------------------------------------------------------------------------- the question

function put(text) {
  $("question").value = text;
  $("question").dispatchEvent(new Event("input"));
}

$("question").addEventListener("input", () => {
  const box = $("question");
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight + 2}px`;
});
$("question").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send($("question").value);
});
$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  send($("question").value);
});
$("example").addEventListener("click", () => send($("example").textContent));
$("fresh").addEventListener("click", fresh);
start((component) => component.converses, show);
