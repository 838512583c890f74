// Makes elements. Words that come from callers, models and servers become text here, never markup. It must
// not know what the elements are for.

/** `make("p", "line caller", "words", child…)`: strings become text. */
export function make(tag, classes, ...children) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  element.append(...children);
  return element;
}

export function makeSvg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Milliseconds for people. */
export const wholeMs = (ms) => `${Math.round(ms).toLocaleString("en")} ms`;
