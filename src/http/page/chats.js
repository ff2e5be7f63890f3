// The list of chats: from `/chats` where the service knows them, else from the newest messages of the log. Looking at a chat
// asks only for what is stored, so that nothing is marked as read.

import { Refused, get } from './api.js';
import { contents } from './contents.js';
import { $, make, say } from './elements.js';
import { clock, language, t, wrong } from './words.js';

const SHOWN_MAX = 100;
/** How far back the log is read for chats where the service has no list of them. */
const LOG_MAX = 1000;
/** And where it has: its list may be some seconds old, so chats that began or went on since are taken from the log. */
const RECENT_MAX = 50;
/** The chats whose messages can be asked for. */
const ASKABLE = /@(c\.us|s\.whatsapp\.net|lid|g\.us)$/;
/** The list is read again so often, with this pause, until it is newer than the newest message: a clock may be wrong. */
const CATCHES_UP_IN = 5;
const CATCH_UP_MS = 2000;
/** The service may answer these: it has no such route, or no page to ask. */
const NO_LIST = [404, 501, 503];

let chats = [];
let known = false;
let chosen = null;
let choose = () => {};
/** Counts up when what was read is to be forgotten. */
let forgotten = 0;
let drawn = '';
/** The next reading of a list that is older than the newest message. */
let catchingUp = 0;

const isGroup = (id) => id.endsWith('@g.us');

/** What is shown of a chat as its title. */
export function title({ chat_id: id, name, phone }) {
  if (contents.shown && name) return name;
  // Without the list of chats the name of a group is not known.
  if (isGroup(id)) return contents.shown ? t('chats.group.unnamed', { end: id.split('@')[0].slice(-4) }) : t('chats.group');
  if (contents.shown) return phone ? `+${phone}` : id;
  return phone ? `•••• ${phone.slice(-4)}` : t('messages.unknown');
}

/** The chats of the log's newest messages. A person whose chat has two ids, of the number and of the LID, is one chat. */
async function ofLog(limit) {
  const { items } = await get(`messages?before=latest&limit=${limit}`);
  const found = new Map();
  for (const item of items) {
    const { chat_id: id, phone, lid, timestamp } = item;
    if (!ASKABLE.test(id)) continue;
    const key = isGroup(id) ? id : phone ?? id;
    const name = !isGroup(id) && item.direction === 'in' ? item.name : null;
    found.set(key, { chat_id: id, kind: isGroup(id) ? 'group' : 'direct', phone: isGroup(id) ? null : phone, lid,
      name: name ?? found.get(key)?.name ?? null, unread: 0, last_message_at: timestamp });
  }
  return [...found.values()];
}

/** WhatsApp's times are whole seconds, those of the service are not: a message of the second of a list may not be in it. */
const second = (at) => `${at.slice(0, 19)}.000Z`;

async function read() {
  try {
    const { as_of: at, items } = await get(`chats?limit=${SHOWN_MAX}`);
    const recent = (await ofLog(RECENT_MAX)).filter((one) => one.last_message_at >= second(at));
    const isSame = (one, { chat_id: id, phone, lid }) => id === one.chat_id || (phone && phone === one.phone) || (lid && lid === one.lid);
    const moved = (item) => recent.find((one) => isSame(one, item))?.last_message_at ?? item.last_message_at;
    const listed = items.filter(({ chat_id: id }) => ASKABLE.test(id)).map((item) => ({ ...item, last_message_at: moved(item) }));
    return { found: [...listed, ...recent.filter((one) => !listed.some((item) => isSame(one, item)))], isBehind: recent.length > 0 };
  } catch (error) {
    if (error instanceof Refused && NO_LIST.includes(error.status)) return { found: await ofLog(LOG_MAX), isBehind: false };
    throw error;
  }
}

const newest = (one, other) => Number(other.pinned ?? 0) - Number(one.pinned ?? 0)
  || String(other.last_message_at ?? '').localeCompare(String(one.last_message_at ?? ''));

export async function refresh(again = CATCHES_UP_IN) {
  const asked = forgotten;
  clearTimeout(catchingUp);
  let found;
  let isBehind;
  try {
    ({ found, isBehind } = await read());
  } catch (error) {
    if (asked === forgotten) say($('chats-problem'), wrong(error));
    throw error;
  }
  if (asked !== forgotten) return;
  say($('chats-problem'), '');
  chats = found.sort(newest).slice(0, SHOWN_MAX);
  known = true;
  render();
  clearTimeout(catchingUp);
  if (isBehind && again > 0) catchingUp = setTimeout(() => refresh(again - 1).catch(() => {}), CATCH_UP_MS);
}

/** The chosen chat as it is known now. */
export const current = () => chats.find(({ chat_id: id }) => id === chosen);

export function select(id) {
  chosen = id;
  render();
}

function entry(chat) {
  const { chat_id: id, unread, last_message_at: at, archived, muted_until: muted } = chat;
  const marks = [isGroup(id) && t('chats.group'), chat.pinned && t('chats.pinned'), archived && t('chats.archived'), (chat.muted ?? muted) && t('chats.muted')];
  const count = unread > 0 ? [
    make('span', { className: 'unread', 'aria-hidden': 'true', textContent: String(unread) }),
    make('span', { className: 'unseen', textContent: t('chats.unread', { n: unread }) }),
  ] : [];
  const button = make('button', { type: 'button', className: 'chat', 'data-chat': id, children: [
    make('bdi', { className: 'who', textContent: title(chat) }),
    ...(at ? [make('time', { dateTime: at, textContent: clock(at) })] : []),
    make('span', { className: 'marks', textContent: marks.filter(Boolean).join(' · ') }), ...count,
  ] });
  if (id === chosen) button.setAttribute('aria-current', 'true');
  button.addEventListener('click', () => choose(chat));
  return make('li', { children: [button] });
}

export function render() {
  $('chats-none').hidden = !known || chats.length > 0;
  const wanted = JSON.stringify([chats, chosen, contents.shown, language]);
  if (wanted === drawn) return;
  drawn = wanted;
  const focused = document.activeElement?.dataset?.chat;
  $('chats').replaceChildren(...chats.map(entry));
  // The list is drawn anew with every message: the keyboard stays on its chat.
  if (focused) [...$('chats').querySelectorAll('button')].find((button) => button.dataset.chat === focused)?.focus();
}

/** Puts the keyboard on the chosen chat, or the first. */
export const focus = () => ($('chats').querySelector('[aria-current]') ?? $('chats').querySelector('button') ?? $('inbox-title')).focus();

/** Nothing is kept of what only those with the token may see. */
export function clear() {
  forgotten += 1;
  chats = [];
  known = false;
  chosen = null;
  clearTimeout(catchingUp);
  say($('chats-problem'), '');
  render();
}

/** `chosenBy` is told of the chat that somebody opens. */
export function listen(chosenBy) {
  choose = chosenBy;
  $('chats').addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...$('chats').querySelectorAll('button')];
    const at = buttons.indexOf(document.activeElement);
    buttons[Math.min(Math.max(at + step, 0), buttons.length - 1)]?.focus();
  });
}
