// The page to try calls on: a form from the component's signature, its answer, and why.

import { $, ask, hasKey, make, start, told } from "/static/page.js";

const MANY = 12;
const state = { shown: null };

async function show({ name }) {
  const component = await ask(`/v1/components/${encodeURIComponent(name)}`);
  state.shown = component;
  $("call-title").textContent = name;
  $("version").textContent = component.version;
  const made = new Date(component.created).toLocaleDateString(undefined, { dateStyle: "medium" });
  $("about").textContent = `${titled(component.kind)}, made on ${made}. Empty fields count as missing.`;
  fill();
  $("answer").replaceChildren(
    make("p", { class: "empty" }, "Fill in the form and press Call."));
  $("main").hidden = false;
}

function titled(word) {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function fill() {
  $("fields").replaceChildren(...state.shown.signature.inputs.map(field));
}

function field(input, index) {
  const id = `input-${index}`;
  const control = controlFor(input, id);
  control.name = input.name;
  control.dataset.type = input.type;
  const label = make("label", { for: id }, input.name);
  const wide = control.tagName === "TEXTAREA";
  return make("div", { class: wide ? "field wide" : "field" }, label, control);
}

function controlFor(input, id) {
  const example = input.example === null ? "" : String(input.example);
  if (input.type === "boolean") return choices(id, ["true", "false"], truth(example), ["yes", "no"]);
  if (input.values && input.values.length <= MANY) return choices(id, input.values, example);
  if (input.type === "text") return text(make("textarea", { id, rows: 2 }), example);
  const number = input.type === "number" || input.type === "integer";
  const range = number && input.low !== null && input.high !== null;
  return text(make("input", {
    id,
    type: "text",
    inputmode: number ? "decimal" : null,
    autocomplete: "off",
    placeholder: range ? `${short(input.low)} to ${short(input.high)}` : null,
  }), example);
}

function truth(example) {
  return example === "" ? "" : String(/^(true|t|yes|y|on|1(\.0)?)$/i.test(example));
}

function text(control, value) {
  control.value = value;
  return control;
}

function choices(id, values, example, words = values) {
  const known = example === "" || values.includes(example);
  const all = known ? values : [example, ...values];
  const names = known ? words : [example, ...words];
  const options = all.map((value, at) => make("option", { value }, names[at]));
  const select = make("select", { id }, make("option", { value: "" }, "(missing)"), ...options);
  select.value = example;
  return select;
}

function row() {
  const found = {};
  for (const control of $("fields").querySelectorAll("input, select, textarea")) {
    found[control.name] = read(control.value, control.dataset.type);
  }
  return found;
}

function read(value, type) {
  if (value === "") return null;
  if (type === "boolean") return value === "true";
  const number = Number(value);
  const numeric = (type === "number" || type === "integer") && Number.isFinite(number);
  return numeric ? number : value;
}

// ----------------------------------------------------------------------------------- answer

async function call() {
  const inputs = row();
  const { name, explains, signature } = state.shown;
  const path = `/v1/components/${encodeURIComponent(name)}`;
  $("send").disabled = true;
  try {
    const answer = await ask(`${path}/call`, inputs);
    const why = explains ? await ask(`${path}/explain`, inputs) : null;
    $("version").textContent = answer.version;
    $("answer").replaceChildren(
      outputs(signature.outputs, answer.output),
      ...(answer.warnings.length ? [warnings(answer.warnings)] : []),
      ...(why ? [explanation(why)] : []),
      after(answer, path, inputs));
  } catch (error) {
    $("answer").replaceChildren(
      make("p", { class: "error", role: "alert" }, told(error)));
  } finally {
    $("send").disabled = false;
    $("answer").scrollIntoView({ block: "nearest" });
  }
}

function outputs(fields, values) {
  const flat = new Map(flattened("", values));
  const names = fields.map((item) => item.name).filter((name) => flat.has(name));
  const rest = [...flat.keys()].filter((name) => !names.includes(name));
  const rows = [...names, ...rest].map((name, at) => output(name, flat.get(name), at === 0));
  return make("dl", { class: "outputs" }, ...rows);
}

// {probabilities: {Yes: 0.3}} is shown as the signature names it: probabilities.Yes
function flattened(prefix, values) {
  return Object.entries(values).flatMap(([name, value]) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? flattened(`${prefix}${name}.`, value)
      : [[prefix + name, value]]);
}

function output(name, value, main) {
  const shown = make("dd", {}, shownValue(value));
  if (!main && typeof value === "number" && value >= 0 && value <= 1) shown.append(meter(value));
  return make("div", { class: main ? "main" : null }, make("dt", {}, name), shown);
}

function shownValue(value) {
  if (value === null) return "missing";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return short(value);
  if (Array.isArray(value) && value.every((one) => typeof one !== "object")) return value.map(shownValue).join(", ") || "none";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function meter(value) {
  const bar = make("i");
  bar.style.width = `${100 * value}%`;
  return make("meter-bar", { "aria-hidden": "true" }, bar);
}

function warnings(sentences) {
  return make("ul", { class: "warnings" }, ...sentences.map((each) => make("li", {}, each)));
}

function explanation(why) {
  const largest = Math.max(...why.contributions.map((part) => Math.abs(part.contribution)), 1e-12);
  const shown = why.contributions.slice(0, MANY);
  const left = why.contributions.slice(MANY);
  const others = left.reduce((sum, part) => sum + part.contribution, 0);
  const items = shown.map((part) => bar(part.name, shownValue(part.value), part.contribution, largest));
  if (left.length) items.push(bar(`${left.length} others`, null, others, largest));
  const amount = state.shown.signature.outputs[0]?.type === "number";
  const [title, up, down, level] = amount
    ? [`What moved ${why.of}`, "higher", "lower", short]
    : [`What moved it towards or away from ${why.of}`, "towards", "away", signed];
  return make("section", { class: "why", "aria-label": "Contributions" },
    make("h3", {}, title),
    make("p", { class: "hint legend" },
      make("span", {}, make("i", { class: "up" }), up),
      make("span", {}, make("i", { class: "down" }), down),
      make("span", {}, `from ${level(why.base)} on average to ${level(why.total)}${amount ? "" : ` ${why.unit}`}`)),
    make("ul", { class: "bars" }, ...items));
}

function bar(name, value, contribution, largest) {
  const mark = make("i", { class: contribution < 0 ? "down" : "up" });
  mark.style.width = `${Math.min(50, (50 * Math.abs(contribution)) / largest)}%`;
  const label = make("span", { class: "name", title: value === null ? name : `${name} = ${value}` },
    make("b", {}, name), value === null ? null : make("span", {}, ` ${value}`));
  return make("li", {}, label, make("span", { class: "track", "aria-hidden": "true" }, mark),
    make("span", { class: "amount" }, signed(contribution)));
}

function after(answer, path, inputs) {
  const box = make("div", { class: "after" });
  if (answer.event) {
    box.append(
      make("p", { class: "hint" }, "Recorded as ", make("code", {}, answer.event)),
      labelForm(answer.event, state.shown.signature.outputs[0]));
  } else {
    box.append(make("p", { class: "error" }, "This call could not be recorded."));
  }
  const command = [
    `curl ${location.origin}${path}/call \\`,
    `  -H 'Content-Type: application/json' \\`,
    ...(hasKey() ? [`  -H "X-API-Key: $TWINKEEL_KEY" \\`] : []),
    `  -d '${JSON.stringify(inputs).replaceAll("'", "'\\''")}'`,
  ].join("\n");
  box.append(make("details", {},
    make("summary", {}, "The same from a terminal"), make("pre", { tabindex: 0 }, command)));
  return box;
}

function labelForm(event, output) {
  const known = (output && output.values) || [];
  const input = make("input",
    { id: "truth", autocomplete: "off", required: "", list: known.length ? "known" : null });
  const list = make("datalist", { id: "known" }, ...known.map((value) => make("option", { value })));
  const status = make("span", { class: "hint", role: "status" });
  const form = make("form", { class: "row" },
    make("label", { for: "truth" }, "What turned out to be true?"), input, list,
    make("button", { type: "submit", class: "quiet" }, "Record"), status);
  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    try {
      await ask(`/v1/events/${event}/label`, { value: input.value });
      status.textContent = "Recorded.";
    } catch (error) {
      status.textContent = error.message;
    }
  });
  return form;
}

function short(value) {
  return new Intl.NumberFormat(undefined, { maximumSignificantDigits: 4 }).format(value);
}

function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

$("call").addEventListener("submit", (event) => {
  event.preventDefault();
  call();
});
$("again").addEventListener("click", fill);
start((component) => !component.converses, show);
