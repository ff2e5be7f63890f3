// How the targets are doing, and what they refused for good.

import { get, post } from './api.js';
import { now } from './clock.js';
import { $, busy, make, say } from './elements.js';
import { clock, relative, t, wrong } from './words.js';

const PAGE = 50;

let letters = [];
let next = null;
/** The targets as they were last. */
let known = [];
/** Counts up when what was read is to be forgotten: an answer that was under way is not shown. */
let forgotten = 0;

const since = (time) => relative(Date.parse(time), now());

function sentence(target) {
  const said = [
    target.backlog > 0 ? t('deliveries.waiting', { n: target.backlog, since: since(target.oldest_at ?? target.failing_since) }) : t('deliveries.clear'),
    target.dead_letters > 0 && t('deliveries.dead', { n: target.dead_letters }),
    target.timeouts > 0 && t('deliveries.slow', { n: target.timeouts }),
  ];
  return said.filter(Boolean).join(' · ');
}

function card(target) {
  const failing = target.failing_since !== null;
  const tone = failing || target.dead_letters > 0 ? 'bad' : target.backlog > 0 || target.timeouts > 0 ? 'wait' : 'ok';
  const children = [
    make('p', { className: 'about', children: [
      make('bdi', { className: 'who', textContent: target.target }),
      make('bdi', { className: 'address', textContent: target.address }),
    ] }),
    make('p', { className: `backlog ${tone}`, textContent: sentence(target) }),
  ];
  if (failing) {
    const words = [t('deliveries.failing', { since: since(target.failing_since) })];
    if (target.next_attempt_at) words.push(t('deliveries.next', { when: since(target.next_attempt_at) }));
    children.push(make('p', { className: 'hint', textContent: words.join(' ') }));
    if (target.last_error) children.push(make('p', { className: 'hint', lang: 'en', textContent: target.last_error }));
  }
  children.push(make('p', { className: 'hint', textContent: t('deliveries.delivered', { n: target.delivered }) }));
  return make('li', { children });
}

export function render(targets) {
  known = targets;
  const dead = targets.reduce((sum, target) => sum + target.dead_letters, 0);
  $('deliveries-none').hidden = targets.length > 0;
  say($('letters-open'), dead > 0 ? t('letters.open', { n: dead }) : '');
  $('targets').replaceChildren(...targets.map(card));
}

function letter(item) {
  const retry = item.replaying
    ? make('span', { className: 'hint', textContent: t('letters.retrying') })
    : make('button', { type: 'button', textContent: t('letters.retry'), 'aria-label': t('letters.retry.label', { id: item.id }) });
  if (!item.replaying) retry.addEventListener('click', () => busy(retry, () => replay(item)));
  const facts = t('letters.facts', { target: item.target, at: clock(item.at), n: item.attempts });
  return make('li', { children: [
    make('div', { children: [
      make('p', { lang: 'en', textContent: item.reason }),
      make('p', { className: 'hint', textContent: facts }),
    ] }),
    retry,
  ] });
}

function renderLetters() {
  $('letters-list').replaceChildren(...letters.map(letter));
  $('letters-none').hidden = letters.length > 0;
  $('letters-all').hidden = !letters.some((item) => !item.replaying);
  $('letters-more').hidden = next === null;
}

async function read(after) {
  const asked = forgotten;
  const page = await get(`deliveries/dead?limit=${PAGE}${after ? `&after=${encodeURIComponent(after)}` : ''}`);
  if (asked !== forgotten) return;
  letters = after ? [...letters, ...page.items] : page.items;
  next = page.items.length === PAGE ? page.next : null;
  renderLetters();
}

async function attempt(work) {
  say($('letters-problem'), '');
  try {
    await work();
  } catch (error) {
    say($('letters-problem'), wrong(error));
  }
}

/** Asks for one of them to be tried again. */
function replay(item) {
  return attempt(async () => {
    try {
      await post(`deliveries/dead/${encodeURIComponent(item.id)}/replay`);
      item.replaying = true;
    } finally {
      renderLetters();
      if (!$('letters').contains(document.activeElement) || document.activeElement === document.body) $('letters-close').focus();
    }
  });
}

/** Asks for all of them to be tried again, also those that are not listed. */
function replayAll() {
  return attempt(async () => {
    try {
      for (const { target, dead_letters } of known) {
        if (dead_letters === 0) continue;
        await post(`deliveries/dead/replay?target=${encodeURIComponent(target)}`);
        for (const item of letters) if (item.target === target) item.replaying = true;
      }
    } finally {
      renderLetters();
      if (!$('letters').contains(document.activeElement) || document.activeElement === document.body) $('letters-close').focus();
    }
  });
}

/** Nothing is kept of what only those with the token may see. */
export function clear() {
  forgotten += 1;
  letters = [];
  next = null;
  render([]);
  renderLetters();
  $('letters').close();
}

/** `changed` is told when there is a new status to read. */
export function listen(changed) {
  $('letters-open').addEventListener('click', () => {
    letters = [];
    next = null;
    renderLetters();
    $('letters-none').hidden = true;
    $('letters').showModal();
    attempt(() => read(null));
  });
  $('letters-more').addEventListener('click', (event) => busy(event.currentTarget, () => attempt(() => read(next))));
  $('letters-all').addEventListener('click', (event) => {
    busy(event.currentTarget, replayAll);
  });
  $('letters-close').addEventListener('click', () => $('letters').close());
  $('letters').addEventListener('close', changed);
}
