// Elements by their id and new ones. Text is only ever text: what others wrote cannot become markup.

export const $ = (id) => document.getElementById(id);

/** A new element with text or children. */
export function make(tag, { children = [], ...properties } = {}) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A paragraph that is there only when it says something. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === '';
}

/** Runs what a button does, once at a time. */
export async function busy(button, work) {
  if (button.getAttribute('aria-busy') === 'true') return;
  button.setAttribute('aria-busy', 'true');
  try {
    await work();
  } finally {
    button.removeAttribute('aria-busy');
  }
}
