// The parts of the monitoring page that a person changes production from: trials, rebuilds, versions.
// They decide nothing: verdicts, fates and reasons are the server's.

import { make } from "/static/page.js";
import { interval } from "/static/drawing.js";
import { action, card, figure, many, percent, pill, rest, short, signed, when, whole } from "/static/words.js";

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
