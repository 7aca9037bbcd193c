// The parts of the monitoring page that say how things stand: state, traffic, estimates of quality.
// Made anew from what the API says. They decide nothing: states, sentences and numbers are the server's.

import { make } from "/static/page.js";
import { bars, estimates, lines } from "/static/drawing.js";
import { action, card, ends, figure, many, percent, pill, short, when, whole } from "/static/words.js";

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
    scaled([whole(Math.max(...counts)), "0"],
      bars(counts, `Calls an hour over 3 days: at most ${whole(Math.max(...counts))}, ${whole(day)} in the last 24 hours.`),
      "3 days ago", "calls an hour", "now"),
    ...(times ? [latency(pace)] : []),
    make("p", { class: "hint" }, "The model alone: without reading the request and writing the reply, which /metrics counts as twinkeel_request_seconds. Refused calls are counted since this server started."));
}

function latency({ steps, calls, median_ms, slow_ms }) {
  const [first, last] = ends(steps[0][0], steps.at(-1)[0]);
  return scaled([`${short(Math.max(...steps.map(([, , high]) => high)))} ms`, "0"],
    lines(steps, `Latency of the model over the newest ${whole(calls)} calls: median ${short(median_ms)} ms, 95% within ${short(slow_ms)} ms.`),
    first, `median and 95%, newest ${whole(calls)} calls`, last);
}

/** A chart between two levels, the upper one first, with what is under it. */
function scaled([top, bottom], drawing, ...below) {
  return make("div", { class: "scaled" },
    make("div", { class: "scale" }, make("span", {}, top), make("span", {}, bottom)), drawing,
    make("p", { class: "axis" }, ...below.map((each) => make("span", {}, each))));
}

function span(since) {
  const first = Math.floor(Date.parse(since) / 3_600_000);
  const last = Math.floor(Date.now() / 3_600_000);
  return Array.from({ length: last - first + 1 }, (_, at) =>
    new Date((first + at) * 3_600_000).toISOString().slice(0, 13));
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
    ...names.map((name) => estimated(name, made.filter((one) => one.name === name))),
    keys(),
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

function keys() {
  const key = (kind, words) => make("span", {}, make("i", { class: kind }), words);
  return make("p", { class: "hint legend" },
    key("estimate", "estimated without labels, with its 90% interval"), key("held", "what labels said"),
    key("missed", "what labels said, outside the interval"), key("cases", "on the cases"));
}

/** One score: its newest window in numbers, then every window drawn. */
function estimated(name, made) {
  const last = made.at(-1);
  const levels = made.flatMap((one) => [one.low, one.high, one.reference, one.realised ?? one.value]);
  return make("div", { class: "estimated", "data-key": name }, make("h3", {}, name),
    make("table", { class: "beside" }, make("tbody", {},
      level("estimated", last.value, last.low, last.high, "90%", many(last.n, "call")),
      level("on the cases", last.reference, last.reference_low, last.reference_high, "95%",
        last.reference_n ? many(last.reference_n, "case") : ""),
      level("from labels", last.realised, last.realised_low, last.realised_high, "95%",
        last.realised === null ? "not yet" : many(last.labelled, "label")))),
    scaled([short(Math.max(...levels)), short(Math.min(...levels))],
      estimates(made, `${name} estimated in ${many(made.length, "window")}; the newest is ${short(last.value)}, ${short(last.low)} to ${short(last.high)}.`),
      when(made[0].start), when(last.end)));
}

function level(what, value, low, high, share, count) {
  return make("tr", {}, make("th", { scope: "row" }, what), make("td", {}, value === null ? "–" : short(value)),
    make("td", {}, value === null || low === null ? "" : `${short(low)} to ${short(high)} (${share})`), make("td", {}, count));
}
