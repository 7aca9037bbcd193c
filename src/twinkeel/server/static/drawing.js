// Small charts as SVG. They stretch to the width that there is: strokes and dots keep their size,
// and whatever is to be read stands beside them as text.

const SVG = "http://www.w3.org/2000/svg";

function draw(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A chart with a name for those who do not see it. */
function chart(name, kind, ...children) {
  return draw("svg", {
    class: `chart ${kind}`, viewBox: "0 0 100 100", preserveAspectRatio: "none", role: "img",
    "aria-label": name,
  }, ...children);
}

function path(points, kind) {
  const d = points.map(([x, y], at) => `${at ? "L" : "M"}${place(x)} ${place(y)}`).join("");
  return draw("path", { d, class: kind, "vector-effect": "non-scaling-stroke" });
}

function dot(x, y, kind) {
  return draw("path", {
    d: `M${place(x)} ${place(y)}h0`, class: `dot ${kind}`, "vector-effect": "non-scaling-stroke",
  });
}

const place = (value) => value.toFixed(2);
const level = (y) => path([[0, y], [100, y]], "zero");

/** Map values from `low` to `high` onto `from` to `to`. */
function scale(low, high, from, to) {
  const width = high - low || 1;
  return (value) => from + ((value - low) / width) * (to - from);
}

/** Bars, one for each count; 0 is at the bottom. */
export function bars(counts, name) {
  const top = Math.max(1, ...counts);
  const width = 100 / counts.length;
  return chart(name, "bars", ...counts.flatMap((count, at) => (count ? [draw("rect", {
    x: place(at * width + width * 0.1), width: place(width * 0.8),
    y: place(100 - (96 * count) / top), height: place((96 * count) / top),
  })] : [])));
}

/** Two lines, a middle one and a high one, and what is between them. */
export function lines(steps, name) {
  const top = Math.max(...steps.map(([, , high]) => high), 1e-9);
  const x = scale(0, Math.max(1, steps.length - 1), 0, 100);
  const y = scale(0, top, 98, 6);
  const middle = steps.map(([, value], at) => [x(at), y(value)]);
  const high = steps.map(([, , value], at) => [x(at), y(value)]);
  return chart(name, "lines", path([...high, ...middle.toReversed()], "between"),
    path(high, "high"), path(middle, "middle"));
}

/** A signal's shift in each window, on the band of what could not have been seen. */
export function trail(points, name) {
  const unit = points.findLast((point) => point.unit)?.unit;
  const known = points.filter((point) => point.size !== null && point.unit === unit);
  const sizes = known.flatMap(({ size, smallest }) => [Math.abs(size), smallest ?? 0]);
  const far = 1.12 * Math.max(1e-9, ...sizes);
  const times = points.map((point) => Date.parse(point.end));
  const along = scale(times[0], times.at(-1), 4, 96);
  const x = (point) => (points.length === 1 ? 50 : along(Date.parse(point.end)));
  const y = scale(-far, far, 96, 4);
  const banded = known.filter((point) => point.smallest !== null);
  const seen = known.map((point) => [x(point), y(point.size)]);
  return chart(name, "trail", ...band(banded, x, y), level(50),
    ...(seen.length > 1 ? [path(seen, "line")] : []),
    ...points.map((point) => (known.includes(point)
      ? dot(x(point), y(point.size), point.state)
      : dot(x(point), point.state === "alarm" ? 4 : 50, STATES[point.state]))));
}

const STATES = { alarm: "alarm", quiet: "quiet", "cannot judge": "unjudged" };

/** What could not have been seen: as wide as the windows, or all of it where there is one. */
function band(points, x, y) {
  if (!points.length) return [];
  const ends = points.length === 1 ? [[4, points[0]], [96, points[0]]] : points.map((one) => [x(one), one]);
  const edge = (sign) => ends.map(([at, { smallest }]) => [at, y(sign * smallest)]);
  return [path([...edge(1), ...edge(-1).toReversed()], "band")];
}

/** Estimates with their intervals, what labels said of them, and the line of the cases. */
export function estimates(made, name) {
  const values = made.flatMap((one) => [one.low, one.high, one.reference, one.realised ?? one.value]);
  const y = scale(Math.min(...values), Math.max(...values), 92, 8);
  const width = 100 / made.length;
  return chart(name, "estimates", level(y(made.at(-1).reference)), ...made.flatMap((one, at) => {
    const x = (at + 0.5) * width;
    const held = one.realised !== null && one.low <= one.realised && one.realised <= one.high;
    return [
      path([[x, y(one.low)], [x, y(one.high)]], "interval"),
      dot(x, y(one.value), "estimate"),
      ...(one.realised === null ? [] : [dot(x, y(one.realised), held ? "held" : "missed")]),
    ];
  }));
}

/** An interval beside zero and beside the margin that it must clear. */
export function interval({ gain, low, high }, margin, name) {
  const far = 1.15 * Math.max(Math.abs(low), Math.abs(high), margin * 1.5);
  const x = scale(-far, far, 0, 100);
  return chart(name, "span", path([[x(0), 8], [x(0), 92]], "zero"),
    path([[x(-margin), 8], [x(-margin), 92]], "margin"),
    path([[x(low), 50], [x(high), 50]], "interval"), dot(x(gain), 50, "estimate"));
}
