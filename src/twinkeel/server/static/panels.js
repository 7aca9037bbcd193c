// The parts of the monitoring page, each made anew from what the API says. They decide nothing:
// states, sentences and numbers are the server's.

import { make } from "/static/page.js";
import { bars, estimates, interval, lines, trail } from "/static/drawing.js";

const SHOWN = 8;
const WORDS = {
  alarm: "Alarm", quiet: "Quiet", "cannot judge": "Cannot judge", "not released": "Not released",
  pass: "pass", fail: "fail", inconclusive: "inconclusive", running: "running",
  promoted: "promoted", "rolled back": "rolled back", stopped: "stopped",
};
const PARTS = [
  ["input", "What callers send"], ["output", "What it answers"],
  ["quality", "What labels say"], ["service", "How the server does"],
];

// ------------------------------------------------------------------------------ small words

export function pill(state) {
  const known = state ?? "not judged";
  return make("span", { class: `pill ${known.replaceAll(" ", "-")}` }, WORDS[known] ?? known);
}

export function when(iso) {
  const at = new Date(iso);
  return make("time", { datetime: iso, title: at.toLocaleString() }, at.toLocaleString(undefined,
    { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }));
}

/** The two ends of an axis; with seconds, or their parts, where they are near each other. */
function ends(first, last) {
  const apart = Date.parse(last) - Date.parse(first);
  if (apart >= 60_000) return [when(first), when(last)];
  const parts = { hour: "2-digit", minute: "2-digit", second: "2-digit", ...(apart < 1_000 ? { fractionalSecondDigits: 3 } : {}) };
  return [first, last].map((iso) => make("time", { datetime: iso }, new Date(iso).toLocaleTimeString(undefined, parts)));
}

export function short(value, digits = 3) {
  return new Intl.NumberFormat(undefined, { maximumSignificantDigits: digits }).format(value);
}

const whole = (count) => new Intl.NumberFormat().format(count);
const percent = (share) => `${short(100 * share, share < 0.1 ? 1 : 2)}%`;
const signed = (value) => `${value < 0 ? "−" : value > 0 ? "+" : ""}${short(Math.abs(value))}`;
const many = (count, word) => `${whole(count)} ${word}${count === 1 ? "" : "s"}`;

function amount(size, unit) {
  if (unit === "share") return `${short(100 * size, 2)}%`;
  return unit ? `${short(size, 2)} ${unit}` : short(size, 2);
}

function card(key, title, ...children) {
  return make("section", { class: `card ${key}`, "data-key": key, "aria-labelledby": `${key}-title` },
    make("h2", { id: `${key}-title` }, title), ...children);
}

function figure(value, about) {
  return make("div", { class: "figure" }, make("dd", {}, value), make("dt", {}, about));
}

function rest(key, count, what, ...children) {
  return make("details", { "data-key": key }, make("summary", {}, `${whole(count)} ${what}`), ...children);
}

// ------------------------------------------------------------------------------ the state

export function summary(seen, you) {
  const { glance, releases, converses, serving } = seen;
  const now = releases[0];
  const name = glance.component;
  return make("section", { class: "card summary", "data-key": "summary", "aria-labelledby": "name" },
    make("div", { class: "head" },
      make("h2", { id: "name" }, name),
      pill(glance.state),
      glance.production === null ? null : make("span", { class: "chip" }, `${name}@${glance.production}`)),
    make("p", { class: "said" }, glance.said),
    now ? make("p", { class: "hint" }, `In production since `, when(now.at), `, by ${now.who}. `,
      seen.look ? "Looked at " : "", seen.look ? when(seen.look.at) : "", seen.look ? "." : "") : null,
    ...notes(seen).map((note) => make("p", { class: "hint" }, note)),
    make("div", { class: "actions" },
      serving === null ? null : make("a", { class: "button",
        href: `/${converses ? "chat" : "try"}#${encodeURIComponent(name)}` }, converses ? "Ask it" : "Try it"),
      standing(releases).length > 1 ? action("rollback", standing(releases).at(-2), you, `Roll back to ${name}@${standing(releases).at(-2)}`) : null),
    you.changes ? null : make("p", { class: "hint", id: "may-not" },
      `Your key ${you.name} is a ${you.role}'s: it may look. Releases and trials need an operator's.`));
}

function notes({ glance, look, serving }) {
  const found = glance.stale.map((ref) => `It was built with ${ref}, which is no longer in production.`);
  const wanted = glance.production === null ? null : `${glance.component}@${glance.production}`;
  if (wanted && serving !== wanted) found.push(`This server answers with ${serving ?? "nothing"} still.`);
  return [...found, ...(look?.notes ?? [])];
}

/** Released numbers that no rollback took back, oldest first; a rollback goes to the last but one. */
function standing(releases) {
  const found = [];
  for (const one of releases.toReversed()) {
    if (one.action === "release") found.push(one.number);
    else found.pop();
  }
  return found;
}

function action(does, number, you, words) {
  return make("button", {
    type: "button", class: "quiet small", "data-does": does, "data-number": number, "data-key": `${does}-${number}`,
    disabled: you.changes && !you.busy ? null : "", "aria-describedby": you.changes ? null : "may-not",
  }, words);
}

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
    signal.then === null || signal.now === null ? null
      : figure(`${short(signal.then)} → ${short(signal.now)}`, "was, is"),
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

// ------------------------------------------------------------------------------ traffic

export function traffic({ pace, refused }) {
  const hours = span(pace.since);
  const counts = hours.map((hour) => pace.hours[hour] ?? 0);
  const day = counts.slice(-24).reduce((sum, count) => sum + count, 0);
  const times = pace.steps.length > 1;
  return card("traffic", "Traffic",
    make("dl", { class: "figures" },
      figure(whole(day), "calls in 24 hours"),
      figure(pace.median_ms === null ? "–" : `${short(pace.median_ms)} ms`, "median, the model alone"),
      figure(pace.slow_ms === null ? "–" : `${short(pace.slow_ms)} ms`, "95 of 100 within, the model alone"),
      figure(whole(refused + pace.errors), "refused or failed")),
    scaled(whole(Math.max(...counts)),
      bars(counts, `Calls an hour over 3 days: at most ${whole(Math.max(...counts))}, ${whole(day)} in the last 24 hours.`),
      "3 days ago", "calls an hour", "now"),
    ...(times ? [latency(pace)] : []),
    make("p", { class: "hint" }, "The model alone: without reading the request and writing the reply, which /metrics counts as twinkeel_request_seconds. Refused calls are counted since this server started."));
}

function latency({ steps, calls, median_ms, slow_ms }) {
  const [first, last] = ends(steps[0][0], steps.at(-1)[0]);
  return scaled(`${short(Math.max(...steps.map(([, , high]) => high)))} ms`,
    lines(steps, `Latency of the model over the newest ${whole(calls)} calls: median ${short(median_ms)} ms, 95% within ${short(slow_ms)} ms.`),
    first, `median and 95%, newest ${whole(calls)} calls`, last);
}

/** A chart from 0 to `most`, with what is under it. */
function scaled(most, drawing, ...below) {
  return make("div", { class: "scaled" },
    make("div", { class: "scale" }, make("span", {}, most), make("span", {}, "0")), drawing,
    make("p", { class: "axis" }, ...below.map((each) => make("span", {}, each))));
}

function span(since) {
  const first = Math.floor(Date.parse(since) / 3_600_000);
  const last = Math.floor(Date.now() / 3_600_000);
  return Array.from({ length: last - first + 1 }, (_, at) =>
    new Date((first + at) * 3_600_000).toISOString().slice(0, 13));
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
    make("ul", { class: "rows" }, ...rows.slice(0, first)),
    ...(left.length ? [rest(`rest-${part}`, left.length, "more", make("ul", { class: "rows" }, ...left))] : []));
}

function row(one, look, points) {
  const judged = one.state !== "cannot judge";
  return make("li", { "data-key": `${one.part}.${one.name}`, title: one.sentence },
    make("b", { class: "name" }, one.name), pill(one.state),
    make("span", { class: "levels" }, one.then === null || one.now === null ? "" : `${short(one.then)} → ${short(one.now)}`),
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

// ------------------------------------------------------------------------------ quality

export function quality({ look }) {
  const made = look?.estimates ?? [];
  const labels = look === null ? null : make("p", { class: "hint" }, look.labelled
    ? `${many(look.labelled, "call")} labelled${look.unlabelled_share === null ? "" : `; of those whose labels are due, ${percent(look.unlabelled_share)} have none`}.`
    : "No labels have come yet.");
  if (!made.length) {
    return card("quality", "Quality", make("p", { class: "empty" }, ...withoutEstimate(look)), labels);
  }
  const names = [...new Set(made.map((one) => one.name))];
  const graded = made.filter((one) => one.realised !== null);
  const held = graded.filter((one) => one.low <= one.realised && one.realised <= one.high);
  return card("quality", "Quality",
    ...names.flatMap((name) => estimated(name, made.filter((one) => one.name === name))),
    make("p", { class: "axis" }, make("span", {}, when(made[0].start)), make("span", {}, when(made.at(-1).end))),
    make("p", { class: "hint legend" }, make("span", {}, make("i", { class: "estimate" }), "estimated without labels, with its 90% interval"),
      make("span", {}, make("i", { class: "held" }), "what labels said; the line is the score of its cases")),
    make("p", { class: "hint" }, graded.length
      ? `Labels graded ${many(graded.length, "estimate")}: ${held.length} in the interval.` : "No estimate is graded by labels yet."),
    labels);
}

/** Why there is none. */
function withoutEstimate(look) {
  if (look === null) return ["No estimate yet: nobody has looked at this release."];
  if (!look.cycles && look.next) return ["No estimate yet: the first one comes when the first window ends, ", when(look.next), "."];
  return ["No estimate: no window that has ended has the calls that are needed, or its answers say nothing of their own quality."];
}

function estimated(name, made) {
  const last = made.at(-1);
  return [
    make("dl", { class: "figures" },
      figure(short(last.value), `${name} of ${many(last.n, "call")}, estimated`),
      figure(`${short(last.low)} to ${short(last.high)}`, "90% interval"),
      figure(short(last.reference), last.reference_n
        ? `on ${many(last.reference_n, "case")} (${short(last.reference_low)} to ${short(last.reference_high)})` : "on the cases"),
      figure(last.realised === null ? "–" : short(last.realised), last.realised === null || last.realised_low === null
        ? "labels say" : `${many(last.labelled, "label")} say (${short(last.realised_low)} to ${short(last.realised_high)})`)),
    estimates(made, `${name} estimated in ${many(made.length, "window")}; the newest is ${short(last.value)}, ${short(last.low)} to ${short(last.high)}.`),
  ];
}

// ------------------------------------------------------------------------------ trials, history

export function trials(seen, you) {
  if (!seen.trials.length) return [];
  return [card("trials", "Trials", make("ul", { class: "plain" }, ...seen.trials.map((one) => trial(one, you))))];
}

function trial({ id, component, number, against, mode, share, margin, state, started, who, why, standing: at }, you) {
  const judged = at.gain !== null;
  return make("li", { class: "trial", "data-key": id },
    make("div", { class: "head" }, make("h3", {}, `${component}@${number} as a ${mode} beside ${component}@${against}`), pill(state)),
    make("p", { class: "hint" }, `${percent(share)} of the cases since `, when(started), `, by ${who}. ${why}`),
    make("dl", { class: "figures" },
      figure(whole(at.calls), "calls of both"), figure(whole(at.labelled), "labelled"), figure(whole(at.errors), "failed"),
      figure(judged ? signed(at.gain) : "–", "gain in loss"),
      figure(at.production_ms === null ? "–" : `${short(at.production_ms)}, ${short(at.candidate_ms)} ms`, "production, candidate")),
    judged ? interval(at, margin, `Gain ${signed(at.gain)}, between ${signed(at.low)} and ${signed(at.high)}.`) : null,
    judged ? make("p", { class: "axis" }, make("span", {}, "worse"), make("span", {}, `${signed(at.low)} to ${signed(at.high)}, at any time`), make("span", {}, "better")) : null,
    state === "running" ? make("div", { class: "actions" }, action("stop", number, you, "Stop")) : null);
}

export function rebuild({ glance, rebuild: job }, you) {
  if (glance.production === null) return make("section", { "data-key": "rebuild", hidden: "" });
  const busy = job?.state === "running";
  return card("rebuild", "Rebuild",
    make("p", { class: "hint" }, "Production beside all that can be done about it, on the newest cases that nobody learned from. Nothing is released by it."),
    job === null ? null : outcome(job),
    make("div", { class: "actions" },
      action("compare", "", { ...you, busy }, "Compare only"), action("rebuild", "", { ...you, busy }, "Rebuild")));
}

function outcome({ state, dry_run, who, started, ended, found, error }) {
  const did = dry_run ? "Compared" : "Rebuilt";
  if (state === "running") {
    return make("p", { role: "status" }, `${dry_run ? "Comparing" : "Rebuilding"} since `, when(started), `, for ${who}. Calls go on.`);
  }
  if (error) return make("p", { class: "error" }, error);
  return make("div", { class: "decision" },
    make("h3", {}, found.chosen === "keep" ? `${found.component}@${found.production} stays.`
      : `${found.version ?? found.chosen} would replace ${found.component}@${found.production}.`, ` ${found.why}`),
    make("p", { class: "hint" }, `${did} on ${many(found.cases, "case")}, `, when(ended), `, for ${who}.`),
    ...found.notes.map((note) => make("p", { class: "hint" }, note)),
    make("ul", { class: "rows remedies" }, ...found.table.map(remedy)));
}

function remedy(one) {
  const [score, gain] = [one.scores?.[0], one.gains?.[0]];
  return make("li", { "data-key": one.name, title: one.text },
    make("b", { class: "name" }, one.name), pill(one.fate),
    make("span", { class: "levels" }, gain ? `${spread(gain, signed)} gained` : ""),
    make("span", { class: "least" }, score ? `${score.name} ${spread(score, short)}` : ""),
    make("span", { class: "least took" }, `${short(one.seconds ?? 0, 2)} s to build`),
    make("span", { class: "reason" }, one.reason));
}

function spread({ value, low, high }, shown) {
  if (value === null) return "–";
  return low === null || high === null ? shown(value) : `${shown(value)} (${shown(low)} to ${shown(high)})`;
}

export function history({ glance, versions, releases, trials: tried }, you) {
  const free = glance.production !== null && !tried.some((one) => one.state === "running");
  return card("history", "Versions",
    make("ul", { class: "rows versions" }, ...versions.map((one) => version(one, glance, you, free))),
    make("h3", {}, "What was in production"),
    releases.length ? make("ol", { class: "plain releases" }, ...releases.map(change))
      : make("p", { class: "empty" }, "Nothing was released yet."));
}

function version(one, glance, you, free) {
  const ref = `${glance.component}@${one.number}`;
  const there = one.number === glance.production;
  return make("li", { "data-key": one.number },
    make("b", { class: "name" }, ref), pill(one.outcome),
    make("span", { class: "hint", title: one.remedy?.why }, "built ", when(one.created),
      one.remedy ? `, ${one.remedy.name} of ${one.remedy.of}` : ""),
    there ? make("span", { class: "chip here" }, "in production") : make("span", { class: "choices" },
      free ? action("try", one.number, you, "Try") : null, action("release", one.number, you, "Release")),
    one.verdicts.length ? rest(`gates-${one.number}`, one.verdicts.length, one.verdicts.length === 1 ? "gate" : "gates",
      make("ul", { class: "plain verdicts" }, ...one.verdicts.map(verdict))) : null);
}

export function verdict({ outcome, sentence }) {
  return make("li", {}, pill(outcome), " ", sentence);
}

function change(one) {
  const before = one.previous === null ? "" : ` after @${one.previous}`;
  return make("li", { "data-key": one.sequence }, make("span", { class: "hint" }, when(one.at)),
    ` ${one.action === "release" ? "Released" : "Rolled back to"} `, make("b", {}, `${one.component}@${one.number}`),
    `${before}, by ${one.who}.`, one.override === null ? null : make("q", {}, one.override));
}
