// A cited document, opened at its passage. Offsets count code points, as Python does, into the text
// as it was read, so what is marked is what was quoted.

import { $, ask, encoded, hasKey, make, request, told } from "/static/page.js";

const narrow = window.matchMedia("(max-width: 56rem)");
const HEADING = /^#{1,6} .*$/gm;
const WRAPPED = /(?<=[^\n])\n(?=[^\s\-*+•#>|=`\d])/g;
const opened = { by: null, file: null, wanted: 0 };

/** "docs/billing.md, page 3 · Paying › Late fees", without the title that stands above it */
export function placeOf({ document, page, title, headings }) {
  const path = (headings ?? []).filter((heading, at) => at > 0 || heading !== title).join(" › ");
  return `${document}${page ? `, page ${page}` : ""}${path ? ` · ${path}` : ""}`;
}

/** Text without the line ends within its paragraphs, each shown as a space: of equal length. */
export function unwrapped(text) {
  return text.replace(WRAPPED, " ");
}

/** Open a source beside the conversation at one of its spans; `by` is the button that asked. */
export async function openSource(component, source, span, by) {
  if (opened.by === by) return closeSource();
  if (opened.by) closeSource();
  const wanted = ++opened.wanted;
  Object.assign(opened, { by });
  by.setAttribute("aria-expanded", "true");
  $("source-title").textContent = source.title || source.document;
  $("source-place").textContent = placeOf(source);
  $("source-links").replaceChildren();
  $("source-text").replaceChildren();
  visible(true);
  $("source-title").focus({ preventScroll: true });
  try {
    const found = await ask(`/v1/components/${encodeURIComponent(component)}/documents/${encoded(source.document)}`);
    if (wanted === opened.wanted) await fill(component, source, span, found, wanted);
  } catch (error) {
    $("source-text").replaceChildren(make("p", { class: "error", role: "alert" }, told(error)));
  }
}

export function closeSource() {
  const { by, file } = opened;
  if (file) URL.revokeObjectURL(file);
  Object.assign(opened, { by: null, file: null, wanted: opened.wanted + 1 });
  visible(false);
  by?.setAttribute("aria-expanded", "false");
  by?.focus({ preventScroll: true });
}

function visible(is) {
  $("source").hidden = !is;
  $("main").classList.toggle("open", is);
  const covered = is && narrow.matches;
  for (const behind of [$("conversation"), $("tabs"), document.querySelector(".top")]) {
    behind.inert = covered;
  }
}

async function fill(component, source, span, found, wanted) {
  const style = found.media === "text/markdown" ? styled : plain;
  const points = Array.from(found.text);
  const text = (from, to) => style(points.slice(from, to).join(""));
  const parts = [];
  let from = 0;
  let here = null;
  for (const each of [...source.spans].sort((one, other) => one.start - other.start)) {
    const start = Math.max(each.start, from);
    const mark = make("mark", { class: each === span ? "here" : null }, ...text(start, each.end));
    parts.push(...text(from, start), mark);
    from = Math.max(from, each.end);
    if (each === span) here = mark;
  }
  $("source-text").replaceChildren(...parts, ...text(from));
  $("source-text").scrollTop = here.offsetTop - $("source-text").clientHeight / 4;
  if (!found.original) return;
  const link = await original(component, source, span);
  if (wanted === opened.wanted) $("source-links").replaceChildren(link);
}

function plain(text) {
  return [text];
}

/** The text as it is, with its heading lines set off. */
function styled(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(HEADING)) {
    const [signs] = match[0].match(/^#+ /);
    parts.push(unwrapped(text.slice(from, match.index)), make("span", { class: "heading" },
      make("i", {}, signs), match[0].slice(signs.length)));
    from = match.index + match[0].length;
  }
  return [...parts, unwrapped(text.slice(from))];
}

/** A link to the file itself, at its page, and at the quote in viewers that search for it (PDF.js).
    A link cannot carry a key, so then the file is fetched. */
async function original(component, source, span) {
  let address = `/v1/components/${encodeURIComponent(component)}/originals/${encoded(source.document)}`;
  if (hasKey()) {
    opened.file = URL.createObjectURL(await (await request(address)).blob());
    address = opened.file;
  }
  const words = span.quote.split(/\s+/).join(" ").slice(0, 200);
  const page = source.page
    ? `#page=${source.page}&search=${encodeURIComponent(words)}&phrase=true` : "";
  return make("a", { href: address + page, target: "_blank", rel: "noopener" },
    source.page ? `Open the file at page ${source.page}` : "Open the file");
}

$("close").addEventListener("click", closeSource);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !$("source").hidden) closeSource();
});
narrow.addEventListener("change", () => visible(!$("source").hidden));
