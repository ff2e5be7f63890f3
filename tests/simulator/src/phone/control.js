// Calls of the control API, and the place where their errors are shown.

export const $ = (id) => document.getElementById(id);

export async function ask(path, options) {
  const answer = await fetch(`/control/${path}`, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error);
  return body;
}

/** Runs an operation; returns whether it succeeded. */
export async function act(operation, body = {}) {
  try {
    await ask(operation, { method: 'POST', body: JSON.stringify(body) });
    $('problem').value = '';
    return true;
  } catch (error) {
    $('problem').value = error.message;
    return false;
  }
}

export function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export function button(text, click, properties = {}) {
  const made = element('button', { type: 'button', textContent: text, ...properties });
  made.addEventListener('click', click);
  return made;
}

/** A button of a group in which one button is chosen. */
export function choice(chosen, click, ...children) {
  const made = element('button', { type: 'button' }, ...children);
  made.setAttribute('aria-pressed', chosen);
  made.addEventListener('click', click);
  return made;
}
