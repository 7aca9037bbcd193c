// The parts of the monitoring page about signals: alarms with who carries them, and every signal over
// time with what could not have been seen. They decide nothing: what is an alarm is the server's.

import { make } from "/static/page.js";
import { trail } from "/static/drawing.js";
import { amount, card, figure, many, percent, pill, rest, short, signed, when } from "/static/words.js";

const SHOWN = 8;
const PARTS = [
  ["input", "What callers send"], ["output", "What it answers"],
  ["quality", "What labels say"], ["service", "How the server does"],
];

// ------------------------------------------------------------------------------ alarms

export function alarms({ alerts, trails, look }) {
  const open = alerts.filter((alert) => alert.resolved === null);
  const closed = alerts.filter((alert) => alert.resolved !== null);
  if (!alerts.length) return [];
  const weight = ({ signal }) => [Math.abs(signal.loss ?? 0), Math.abs(signal.effect ?? 0)];
  const newest = (alert) => look?.signals.find((one) => `${one.part}.${one.name}` === alert.cause);
  const ordered = open.toSorted((one, other) => {
    const [a, b] = [weight(one), weight(other)];
    return b[0] - a[0] || b[1] - a[1];
  });
  return [card("alarms", open.length ? many(open.length, "open alert") : "Alerts",
    open.length ? null : make("p", { class: "empty" }, "None is open."),
    make("ol", { class: "alerts" }, ...ordered.map((alert) => alarm(alert, trails, newest(alert)))),
    ...(closed.length ? [rest("closed", closed.length, "resolved", make("ul", { class: "plain" },
      ...closed.map((alert) => make("li", {}, make("span", { class: "hint" }, when(alert.opened), " to ",
        when(alert.resolved)), ` ${alert.signal.sentence} Resolved: ${alert.why}.`))))] : []))];
}

function alarm({ id, component, number, cause, opened, signal }, trails, newest) {
  const facts = [
    signal.size === null ? null : figure(amount(Math.abs(signal.size), signal.unit), "shift"),
    moved(signal) ? figure(moved(signal), "was, is") : null,
    signal.since === null ? null : figure(when(signal.since), "since about"),
    signal.effect === null ? null : figure(signed(signal.effect), "mean answer"),
    signal.loss === null ? null : figure(signed(signal.loss), "expected loss"),
  ];
  const points = trails[cause] ?? [];
  return make("li", { class: "alert", "data-key": id },
    make("h3", {}, signal.sentence),
    make("dl", { class: "figures" }, ...facts.filter(Boolean)),
    signal.slices.length ? carriers(signal.slices) : null,
    points.length > 1 ? drawn(points, newest ?? signal, "wide") : null,
    make("p", { class: "hint" }, `Alert of ${component}@${number}, opened `, when(opened), ` over ${many(signal.n, "call")}.`));
}

/** From where to where: a share in percent, anything else in its own units. */
function moved({ then, now, unit }) {
  if (then === null || now === null) return "";
  const shown = unit === "share" ? (part) => `${short(100 * part, 2)}%` : short;
  return `${shown(then)} → ${shown(now)}`;
}

function carriers(slices) {
  const most = Math.max(...slices.map((one) => Math.abs(one.carries)), 1e-9);
  return make("div", { class: "carriers" }, make("h4", {}, "Who carries it"),
    make("ul", { class: "plain" }, ...slices.map((one) => make("li", {},
      make("span", { class: "who" }, one.name),
      meter(Math.abs(one.carries) / most),
      make("span", { class: "amount" }, `${percent(one.carries)} of the shift, ${percent(one.share)} of calls`)))));
}

function meter(share) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of [["viewBox", "0 0 100 6"], ["preserveAspectRatio", "none"],
    ["class", "meter"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  for (const [name, value] of [["width", 100 * share], ["height", 6]]) bar.setAttribute(name, value);
  svg.append(bar);
  return svg;
}

// ------------------------------------------------------------------------------ signals

export function signals({ look, trails }) {
  if (!look || !look.signals.length) {
    return card("signals", "Signals", make("p", { class: "empty" },
      look ? "Nothing could be judged yet." : "No look yet: run twinkeel monitor, or serve with --monitor."));
  }
  const [judged, left] = [(one) => one.state !== "cannot judge", (one) => one.state === "cannot judge"]
    .map((which) => PARTS.map(([part, title]) => [part, title, look.signals.filter((one) => one.part === part && which(one))])
      .filter(([, , found]) => found.length));
  const unjudged = look.signals.filter((one) => one.state === "cannot judge").length;
  return card("signals", "Signals",
    judged.length ? legend() : null,
    ...judged.map(([part, title, found]) => section(part, title, found, look, trails)),
    unjudged ? rest("unjudged", unjudged, `${unjudged === 1 ? "signal" : "signals"} cannot be judged yet`,
      ...left.map(([part, title, found]) => section(`unjudged-${part}`, title, found, look, trails))) : null);
}

function legend() {
  return make("p", { class: "hint legend" }, make("span", {}, make("i", { class: "band" }), "what could not have been seen"),
      make("span", {}, make("i", { class: "quiet" }), "quiet"), make("span", {}, make("i", { class: "alarm" }), "alarm"),
      make("span", {}, make("i", { class: "unjudged" }), "cannot judge"));
}

function section(part, title, found, look, trails) {
  const rows = found.map((one) => row(one, look, trails[`${one.part}.${one.name}`] ?? []));
  const first = Math.max(SHOWN, found.filter((one) => one.state === "alarm").length);
  const left = rows.slice(first);
  return make("div", { class: "part", "data-key": part }, make("h3", {}, title),
    heads(), make("ul", { class: "rows" }, ...rows.slice(0, first)),
    ...(left.length ? [rest(`rest-${part}`, left.length, "more", make("ul", { class: "rows" }, ...left))] : []));
}

/** What the columns are; each row says the same of itself to those who do not see it. */
function heads() {
  return make("p", { class: "heads", "aria-hidden": "true" },
    ...["", "", "was → is", "each window so far", "what would show"].map((each) => make("span", {}, each)));
}

function row(one, look, points) {
  const judged = one.state !== "cannot judge";
  return make("li", { "data-key": `${one.part}.${one.name}`, title: one.sentence },
    make("b", { class: "name" }, one.name), pill(one.state),
    make("span", { class: "levels" }, moved(one)),
    points.length ? drawn(points, one) : make("span", {}),
    make("span", { class: "least" }, judged
      ? (one.smallest === null ? "" : `seen from ${amount(one.smallest, one.unit)}`)
      : look.cycles ? `${many(one.n, "call")}, too few` : ""));
}

function drawn(points, newest, kind = "") {
  const least = newest.smallest === null ? "" : ` A change of ${amount(newest.smallest, newest.unit)} would have been seen.`;
  const shift = newest.size === null ? "cannot be judged" : `is ${amount(newest.size, newest.unit)}`;
  const svg = trail(points, `${newest.name} over ${many(points.length, "window")}: the newest shift ${shift}.${least}`);
  if (kind) svg.classList.add(kind);
  return svg;
}
