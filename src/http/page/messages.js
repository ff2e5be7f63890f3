// The last messages. What they say and who wrote them is shown only to who asks.

import { get } from './api.js';
import { $, make } from './elements.js';
import { clock, t } from './words.js';

const SHOWN = 20;
/** The service's own limit for one answer. */
const PAGE = 1000;
/** Places of the log looked at together; codes and states have places too. */
const WINDOW = 200;
/** A wall of text is cut. */
const BODY_MAX = 600;

let items = [];
let revealed = false;
let known = false;
/** Counts up when what was read is to be forgotten: an answer that was under way is not shown. */
let forgotten = 0;

const after = (cursor, limit) => get(`messages?after=${cursor}&limit=${limit}`);

/** A place with no message after it, at most WINDOW above the last one: the log tells what follows a place, not its end. */
async function end() {
  let low = 0;
  let step = WINDOW;
  const next = async (cursor) => Number((await after(cursor, 1)).items[0]?.cursor ?? 0);
  for (let found = await next(low + step); found; found = await next(low + step)) {
    low = found;
    step *= 2;
  }
  let high = low + step;
  while (high - low > WINDOW) {
    const middle = Math.floor((low + high) / 2);
    const found = await next(middle);
    if (found) low = found;
    else high = middle;
  }
  return high;
}

/** Everything from a place on. */
async function from(cursor) {
  const all = [];
  for (let start = cursor; ;) {
    const page = await after(start, PAGE);
    all.push(...page.items);
    if (page.items.length < PAGE) return all;
    start = page.next;
  }
}

async function last() {
  const top = await end();
  for (let width = WINDOW; ; width *= 2) {
    const start = Math.max(0, top - width);
    const found = await from(start);
    if (found.length >= SHOWN || start === 0) return found;
  }
}

/** Reads what is shown again, and what came since: messages are edited, revoked and acknowledged. */
async function again() {
  const found = items.length > 0 ? await from(Number(items[0].cursor) - 1) : [];
  // A log that was set aside counts its places anew.
  return found.length > 0 ? found : last();
}

export async function refresh() {
  const asked = forgotten;
  const found = await again();
  if (asked !== forgotten) return;
  items = found.slice(-SHOWN);
  known = true;
  render();
}

/** The log is not the one that was read. */
export function reset() {
  forgotten += 1;
  items = [];
}

/** Nothing is kept of what only those with the token may see. */
export function clear() {
  reset();
  known = false;
  revealed = false;
  render();
}

function who({ phone, name, author, chat_id: chat }) {
  if (revealed) return [name, phone && `+${phone}`].filter(Boolean).join(' · ') || author || chat;
  return phone ? `•••• ${phone.slice(-4)}` : t('messages.unknown');
}

function what(item) {
  if (!revealed) return make('span', { className: 'masked', children: [make('span', { className: 'unseen', textContent: t('messages.hidden') })] });
  if (item.revoked_at) return make('em', { textContent: t('messages.revoked') });
  const body = item.body.length > BODY_MAX ? `${item.body.slice(0, BODY_MAX)}…` : item.body;
  if (!body) return make('em', { textContent: t('messages.kind', { kind: item.type }) });
  return make('span', { textContent: body, dir: 'auto' });
}

function row(item) {
  const out = item.direction === 'out';
  const marks = [item.edited_at && t('messages.edited'), out && t(`ack.${item.ack}`)].filter(Boolean);
  const about = [
    make('span', { className: 'arrow', textContent: out ? '↗' : '↙', 'aria-hidden': 'true' }),
    make('span', { className: 'unseen', textContent: t(out ? 'messages.out' : 'messages.in') }),
    make('bdi', { className: 'who', textContent: who(item) }),
    make('span', { className: 'marks', textContent: marks.join(' · ') }),
    make('time', { dateTime: item.timestamp, textContent: clock(item.timestamp) }),
  ];
  return make('li', { className: out ? 'out' : 'in', children: [
    make('p', { className: 'about', children: about }),
    make('p', { className: 'body', children: [what(item)] }),
  ] });
}

export function render() {
  $('messages-none').hidden = !known || items.length > 0;
  $('messages').hidden = items.length === 0;
  $('reveal').hidden = items.length === 0;
  $('reveal').textContent = t(revealed ? 'messages.hide' : 'messages.show');
  $('messages').replaceChildren(...items.map(row).reverse());
}

export function listen() {
  $('reveal').addEventListener('click', () => {
    revealed = !revealed;
    render();
  });
}
