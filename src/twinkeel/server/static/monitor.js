// The page to watch what is in production on: asks every few seconds, and changes only what changed.

import { $, ask, enter, make, request, say, told } from "/static/page.js";
import { morph } from "/static/morph.js";
import { quality, summary, traffic } from "/static/panels.js";
import { alarms, signals } from "/static/signals.js";
import { history, rebuild, trials, verdict } from "/static/versions.js";
import { pill } from "/static/words.js";

const EVERY = 5_000;
const state = { index: null, seen: null, text: "", timer: 0, asking: null, said: "" };

async function look() {
  const index = await ask("/v1/monitor");
  const chosen = choose(index.components);
  const seen = chosen ? await (await request(`/v1/monitor/${encodeURIComponent(chosen.component)}`)).json() : null;
  $("notice").hidden = true;
  show(index, seen);
  if (index.degraded.length) say(`Not as it should be: ${index.degraded.join("; ")}.`);
  else if (!seen) say("There is no component yet: add one to twinkeel.toml.");
  $("updated").replaceChildren(`As of ${new Date().toLocaleTimeString()}; it updates by itself.`);
}

function choose(components) {
  const named = (name) => components.find((one) => one.component === name);
  const wanted = named(decodeURIComponent(location.hash.slice(1)));
  return wanted ?? named(state.seen?.glance.component) ?? components[0] ?? null;
}

function show(index, seen) {
  const text = JSON.stringify([index, seen]);
  if (text === state.text) return;
  Object.assign(state, { index, seen, text });
  document.title = $("project").textContent = index.project;
  tabs(index.components, seen);
  if (!seen) return;
  const tried = trials(seen, index.you);
  const trying = seen.trials.some((one) => one.state === "running");
  morph($("main"), [
    summary(seen, index.you), ...alarms(seen), ...(trying ? tried : []), quality(seen), traffic(seen),
    rebuild(seen, index.you), signals(seen), ...(trying ? [] : tried), history(seen, index.you),
  ]);
  $("main").hidden = false;
  announce(seen.glance);
}

function tabs(components, seen) {
  $("tabs").hidden = components.length < 2;
  morph($("tabs"), components.map((one) => make("a", {
    href: `#${encodeURIComponent(one.component)}`, "data-key": one.component,
    "aria-current": one.component === seen?.glance.component ? "page" : null,
  }, one.component, pill(one.state))));
}

/** Tell a screen reader when the state changes, and only then. */
function announce({ component, said }) {
  const now = `${component}: ${said}`;
  if (state.said && state.said !== now) $("changed").textContent = now;
  state.said = now;
}

async function again() {
  clearTimeout(state.timer);
  if (document.visibilityState === "visible" && $("key-form").hidden) {
    try {
      await look();
    } catch (error) {
      say(told(error));
    }
  }
  state.timer = setTimeout(again, EVERY);
}

// ------------------------------------------------------------------------------ changing

const GOES_OVER = "Calls go over without a failure, and it is recorded under your name.";
const DECIDES = "Labels decide: it is promoted where it is surely not worse by more than the margin, and rolled back where it surely is.";
const MODES = {
  shadow: `The candidate is asked a share of the cases too; nobody sees its answers. ${DECIDES}`,
  canary: `The candidate answers a share of the cases, and callers see its answers. ${DECIDES}`,
};
const VERBS = {
  release: (ref) => ({ title: `Put ${ref} into production?`, does: "Release", then: GOES_OVER }),
  rollback: (ref) => ({ title: `Roll back to ${ref}?`, does: "Roll back", then: GOES_OVER }),
  try: (ref) => ({ title: `Try ${ref} beside production?`, does: "Start the trial", path: "trial",
    then: MODES[$("confirm-mode").value] }),
  stop: (ref) => ({ title: `Stop the trial of ${ref}?`, does: "Stop the trial", path: "trial/stop",
    then: "Production stays as it is.", asks: "Why? It is kept with the trial." }),
};
const ALL_THE_SAME = "Why is this right all the same? It is recorded with your name.";

function confirmed({ does, number }) {
  const { glance, versions } = state.seen;
  const there = glance.production === null ? "nothing" : `${glance.component}@${glance.production}`;
  const made = versions.find((one) => one.number === Number(number));
  const words = VERBS[does](`${glance.component}@${number}`);
  const unpassed = (does === "release" || does === "try") && made?.outcome !== "pass";
  state.asking = { does, number: Number(number), component: glance.component, instead_of: glance.production };
  $("confirm-title").textContent = words.title;
  tellWhat(there, words.then);
  $("confirm-mode").onchange = () => tellWhat(there, MODES[$("confirm-mode").value]);
  $("confirm-verdicts").replaceChildren(...(unpassed ? made?.verdicts ?? [] : []).map(verdict));
  $("confirm-terms").hidden = does !== "try";
  $("confirm-share").disabled = $("confirm-margin").disabled = does !== "try";
  $("confirm-asks").textContent = words.asks ?? ALL_THE_SAME;
  askForReason(unpassed || does === "stop");
  $("confirm-error").hidden = true;
  $("confirm-do").textContent = words.does;
  $("confirm").showModal();
}

function tellWhat(there, then) {
  $("confirm-text").textContent = `In production now: ${there}. ${then}`;
}

function askForReason(needed) {
  $("confirm-why").hidden = !needed;
  $("confirm-reason").required = needed;
  $("confirm-reason").value = "";
}

async function change() {
  const { does, component } = state.asking;
  $("confirm-do").disabled = true;
  try {
    await ask(`/v1/components/${encodeURIComponent(component)}/${VERBS[does]("").path ?? does}`, body(state.asking));
    $("confirm").close();
    await again();
  } catch (error) {
    $("confirm-error").textContent = told(error);
    $("confirm-error").hidden = false;
  } finally {
    $("confirm-do").disabled = false;
  }
}

function body({ does, number, instead_of }) {
  const reason = $("confirm-reason").value.trim();
  if (does === "stop") return { why: reason };
  if (does === "rollback") return { instead_of };
  const override = $("confirm-why").hidden ? {} : { override: reason };
  const terms = does === "try" ? {
    mode: $("confirm-mode").value, share: Number($("confirm-share").value) / 100, margin: Number($("confirm-margin").value),
  } : {};
  return { version: number, instead_of, ...terms, ...override };
}

/** Begin a rebuild: it changes nothing in production, so nothing is to be confirmed. */
async function begin(dry_run) {
  const name = encodeURIComponent(state.seen.glance.component);
  try {
    await ask(`/v1/components/${name}/rebuild`, { dry_run });
    await again();
  } catch (error) {
    say(told(error));
  }
}

$("main").addEventListener("click", (event) => {
  const button = event.target.closest("button[data-does]");
  if (!button) return;
  if (button.dataset.does in VERBS) confirmed(button.dataset);
  else begin(button.dataset.does === "compare");
});
$("confirm-form").addEventListener("submit", (event) => {
  event.preventDefault();
  change();
});
$("confirm-not").addEventListener("click", () => $("confirm").close());
document.addEventListener("visibilitychange", again);
await enter(look);
state.timer = setTimeout(again, EVERY);
