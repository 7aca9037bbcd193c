// What the parts of the monitoring page are written with: states, moments, numbers, cards, buttons.

import { make } from "/static/page.js";

const WORDS = {
  alarm: "Alarm", quiet: "Quiet", "cannot judge": "Cannot judge", "not released": "Not released",
  pass: "pass", fail: "fail", inconclusive: "inconclusive", running: "running",
  promoted: "promoted", "rolled back": "rolled back", stopped: "stopped",
};

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
export function ends(first, last) {
  const apart = Date.parse(last) - Date.parse(first);
  if (apart >= 60_000) return [when(first), when(last)];
  const parts = { hour: "2-digit", minute: "2-digit", second: "2-digit", ...(apart < 1_000 ? { fractionalSecondDigits: 3 } : {}) };
  return [first, last].map((iso) => make("time", { datetime: iso }, new Date(iso).toLocaleTimeString(undefined, parts)));
}

export function short(value, digits = 3) {
  return new Intl.NumberFormat(undefined, { maximumSignificantDigits: digits }).format(value);
}

export const whole = (count) => new Intl.NumberFormat().format(count);
export const percent = (share) => `${short(100 * share, share < 0.1 ? 1 : 2)}%`;
export const signed = (value) => `${value < 0 ? "−" : value > 0 ? "+" : ""}${short(Math.abs(value))}`;
export const many = (count, word) => `${whole(count)} ${word}${count === 1 ? "" : "s"}`;

export function amount(size, unit) {
  if (unit === "share") return `${short(100 * size, 2)}%`;
  return unit ? `${short(size, 2)} ${unit}` : short(size, 2);
}

export function card(key, title, ...children) {
  return make("section", { class: `card ${key}`, "data-key": key, "aria-labelledby": `${key}-title` },
    make("h2", { id: `${key}-title` }, title), ...children);
}

export function figure(value, about) {
  return make("div", { class: "figure" }, make("dd", {}, value), make("dt", {}, about));
}

export function rest(key, count, what, ...children) {
  return make("details", { "data-key": key }, make("summary", {}, `${whole(count)} ${what}`), ...children);
}

export function action(does, number, you, words) {
  return make("button", {
    type: "button", class: "quiet small", "data-does": does, "data-number": number, "data-key": `${does}-${number}`,
    disabled: you.changes && !you.busy ? null : "", "aria-describedby": you.changes ? null : "may-not",
  }, words);
}
