// Makes what is on the page like what was made anew, node by node: what stays the same is not
// touched, so focus, scrolling, selections and opened details stay where a person left them.

const OWN = new Set(["open"]); // what a person changes by hand

/** Make the children of `into` like `fresh`; those with a data-key are found again by it. */
export function morph(into, fresh) {
  const keyed = new Map();
  for (const child of into.children) if (child.dataset.key) keyed.set(child.dataset.key, child);
  let at = into.firstChild;
  for (const wanted of fresh) {
    const there = counterpart(wanted, at, keyed);
    if (there === null) {
      into.insertBefore(wanted, at);
    } else {
      if (there === at) at = at.nextSibling;
      else into.insertBefore(there, at);
      update(there, wanted);
    }
  }
  while (at !== null) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function counterpart(wanted, at, keyed) {
  const key = wanted.dataset?.key;
  const there = key ? keyed.get(key) ?? null : at;
  const fits = there !== null && there.nodeName === wanted.nodeName && there.dataset?.key === key;
  return fits ? there : null;
}

function update(there, wanted) {
  if (there.isEqualNode(wanted)) return;
  if (there.nodeType === Node.TEXT_NODE) {
    there.data = wanted.data;
    return;
  }
  for (const { name, value } of wanted.attributes) {
    if (there.getAttribute(name) !== value && !OWN.has(name)) there.setAttribute(name, value);
  }
  for (const { name } of [...there.attributes]) {
    if (!wanted.hasAttribute(name) && !OWN.has(name)) there.removeAttribute(name);
  }
  morph(there, [...wanted.childNodes]);
}
