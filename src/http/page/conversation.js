// The messages of one chat, the oldest first, as they were written. They are read from the log: WhatsApp is told nothing of
// who looks.

import { get } from './api.js';
import { Bubble, ownPart } from './bubble.js';
import { contents } from './contents.js';
import { $, busy, say } from './elements.js';
import * as sums from './sums.js';
import { title } from './chats.js';
import { wrong } from './words.js';

/** The newest messages that are shown, and how many older ones each press of the button adds. */
const SHOWN = 50;
/** The most messages that are shown. */
const SHOWN_MAX = 500;
/** Nearer to the end than this many pixels, the list follows what comes. */
const NEAR_END = 80;

let chat = null;
let items = [];
let previous = null;
/** Somebody browses back: what is shown begins with the same message while newer ones come. */
let browsing = false;
let answer = () => {};
/** Counts up when what was read is to be forgotten: an answer that was under way is not shown. */
let forgotten = 0;
const rows = new Map();

const path = (query) => `messages?chat=${encodeURIComponent(chat.chat_id)}&${query}`;

export const isOpen = () => chat !== null;
export const opened = () => chat;

async function again() {
  if (browsing && items.length > 0) {
    const page = await get(path(`after=${Number(items[0].cursor) - 1}&limit=${SHOWN_MAX}`));
    if (page.items.length > 0 && page.items.length < SHOWN_MAX) return { items: page.items, previous };
  }
  browsing = false;
  return get(path(`before=latest&limit=${SHOWN}`));
}

/** The list shows its end, and follows what comes. */
let follows = true;

const atEnd = () => $('talk').scrollHeight - $('talk').scrollTop - $('talk').clientHeight < NEAR_END;

function stay() {
  if (follows) $('talk').scrollTop = $('talk').scrollHeight;
}

export async function refresh() {
  if (!chat) return;
  const asked = forgotten;
  const page = await again();
  if (asked !== forgotten) return;
  ({ items, previous } = page);
  say($('talk-problem'), '');
  render();
  await sums.read(items, () => asked === forgotten && render());
}

export async function open(next) {
  close();
  chat = next;
  $('talk-pane').hidden = false;
  render();
  try {
    await refresh();
  } catch (error) {
    if (chat === next) say($('talk-problem'), wrong(error));
  }
}

async function older() {
  const asked = forgotten;
  const list = $('talk');
  say($('talk-problem'), '');
  // From now on the list begins with the same message whenever it is read again.
  browsing = true;
  try {
    const before = previous;
    const page = await get(path(`before=${before}&limit=${SHOWN}`));
    if (asked !== forgotten) return;
    // The list was read again meanwhile and begins elsewhere: these messages would leave a gap.
    if (previous !== before) return await older();
    const below = list.scrollHeight - list.scrollTop;
    follows = false;
    items = [...page.items, ...items];
    previous = page.previous;
    render();
    if ($('talk-older').hidden) list.focus();
    // What was read stays where it is on the screen.
    list.scrollTop = list.scrollHeight - below;
    await sums.read(page.items, () => asked === forgotten && render());
  } catch (error) {
    if (asked === forgotten) say($('talk-problem'), wrong(error));
  }
}

/** Brings the list to what is known. */
function list() {
  const wanted = new Map(items.map((item) => [`${item.cursor} ${item.id}`, item]));
  for (const [key, row] of rows) {
    if (wanted.has(key)) continue;
    row.end();
    rows.delete(key);
  }
  const byPart = new Map(items.map((item) => [ownPart(item.id), item]));
  const isGroup = chat?.chat_id.endsWith('@g.us') ?? false;
  let place = $('talk').firstChild;
  for (const [key, item] of wanted) {
    if (!rows.has(key)) rows.set(key, new Bubble((message) => answer(message)));
    const row = rows.get(key);
    row.update(item, sums.of(item.id), item.quoted_id && byPart.get(ownPart(item.quoted_id)), isGroup);
    if (row.element === place) place = place.nextSibling;
    else $('talk').insertBefore(row.element, place);
  }
}

export function render() {
  const name = chat ? title(chat) : '';
  if ($('talk-title').textContent !== name) $('talk-title').textContent = name;
  say($('talk-number'), chat?.phone && contents.shown && name !== `+${chat.phone}` ? `+${chat.phone}` : '');
  $('talk-none').hidden = items.length > 0 || !chat;
  $('talk').hidden = items.length === 0;
  $('talk-older').hidden = previous === null || items.length >= SHOWN_MAX - SHOWN;
  list();
  stay();
}

/** Shows the newest message, as after one that was sent here. */
export function toEnd() {
  follows = true;
  stay();
}

/** The log is not the one that was read. */
export function reset() {
  forgotten += 1;
  items = [];
  previous = null;
  browsing = false;
  sums.clear();
}

/** Leaves the chat; nothing is kept of it. */
export function close() {
  reset();
  chat = null;
  follows = true;
  say($('talk-problem'), '');
  $('talk-pane').hidden = true;
  render();
}

/** `answering` is told of the message that somebody wants to reply to. */
export function listen(answering) {
  answer = answering;
  $('talk').addEventListener('scroll', () => { follows = atEnd(); });
  // The box below grows and shrinks, and pictures come later: the end stays in sight.
  new ResizeObserver(stay).observe($('talk'));
  $('talk-older').addEventListener('click', (event) => busy(event.currentTarget, older));
}
