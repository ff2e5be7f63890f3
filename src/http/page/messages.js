// The last messages. What they say and who wrote them is shown only to who asks.

import { get } from './api.js';
import { contents } from './contents.js';
import { $, busy, make, say } from './elements.js';
import * as files from './files.js';
import { clock, language, t, wrong } from './words.js';

/** The newest messages that are shown, and how many older ones each press of the button adds. */
const SHOWN = 20;
const OLDER = 50;
/** The most messages that are shown: the service's limit for one answer. */
const SHOWN_MAX = 1000;
/** A wall of text is cut. */
const BODY_MAX = 600;

let items = [];
/** What is in the list, by the place in the log: a row that is still wanted stays where it is, and its sound plays on. */
const rows = new Map();
/** Where older messages are; null where there are none. */
let previous = null;
/** Somebody browses back: what is shown begins with the same message while newer ones come. */
let browsing = false;
let known = false;
/** Counts up when what was read is to be forgotten: an answer that was under way is not shown. */
let forgotten = 0;

const before = (cursor, limit) => get(`messages?before=${cursor}&limit=${limit}`);

/** Reads again what is shown, and what came since: messages are edited, revoked and acknowledged. */
async function again() {
  if (browsing) {
    const page = await get(`messages?after=${Number(items[0].cursor) - 1}&limit=${SHOWN_MAX}`);
    // A log that was set aside counts its places anew, and a long list is not kept for ever.
    if (page.items.length > 0 && page.items.length < SHOWN_MAX) return { items: page.items, previous };
  }
  browsing = false;
  return before('latest', SHOWN);
}

export async function refresh() {
  const asked = forgotten;
  const page = await again();
  if (asked !== forgotten) return;
  ({ items, previous } = page);
  known = true;
  render();
}

async function older() {
  const asked = forgotten;
  say($('messages-problem'), '');
  try {
    const page = await before(previous, OLDER);
    if (asked !== forgotten) return;
    items = [...page.items, ...items];
    previous = page.previous;
    browsing = true;
    render();
  } catch (error) {
    say($('messages-problem'), wrong(error));
  }
  // The button is gone when nothing is older; who works without a mouse stays in the list.
  if ($('older').hidden) $('messages').focus();
}

/** The log is not the one that was read. */
export function reset() {
  forgotten += 1;
  items = [];
  previous = null;
  browsing = false;
}

/** Nothing is kept of what only those with the token may see. */
export function clear() {
  reset();
  known = false;
  contents.show(false);
  say($('messages-problem'), '');
  files.clear();
  render();
}

function who({ phone, name, author, chat_id: chat }) {
  if (contents.shown) return [name, phone && `+${phone}`].filter(Boolean).join(' · ') || author || chat;
  return phone ? `•••• ${phone.slice(-4)}` : t('messages.unknown');
}

function what(item) {
  if (!contents.shown) return make('span', { className: 'masked', children: [make('span', { className: 'unseen', textContent: t('messages.hidden') })] });
  if (item.revoked_at) return make('em', { textContent: t('messages.revoked') });
  const body = item.body.length > BODY_MAX ? `${item.body.slice(0, BODY_MAX)}…` : item.body;
  if (!body && item.media) return '';
  if (!body) return make('em', { textContent: t('messages.kind', { kind: item.type }) });
  return make('span', { textContent: body, dir: 'auto' });
}

function about(item) {
  const out = item.direction === 'out';
  const marks = [item.edited_at && t('messages.edited'), out && t(`ack.${item.ack}`)].filter(Boolean);
  return [
    make('span', { className: 'arrow', textContent: out ? '↗' : '↙', 'aria-hidden': 'true' }),
    make('span', { className: 'unseen', textContent: t(out ? 'messages.out' : 'messages.in') }),
    make('bdi', { className: 'who', textContent: who(item) }),
    make('span', { className: 'marks', textContent: marks.join(' · ') }),
    make('time', { dateTime: item.timestamp, textContent: clock(item.timestamp) }),
  ];
}

class Row {
  #about = make('p', { className: 'about' });
  #body = make('p', { className: 'body' });
  element = make('li', { children: [this.#about, this.#body] });
  #drawn = '';
  #file = null;

  update(item) {
    const { media, ...rest } = item;
    const known = JSON.stringify([rest, media !== null, contents.shown, language]);
    if (known !== this.#drawn) {
      this.#drawn = known;
      this.element.className = item.direction === 'out' ? 'out' : 'in';
      this.#about.replaceChildren(...about(item));
      this.#body.replaceChildren(what(item));
      this.#body.hidden = this.#body.textContent === '' && contents.shown;
    }
    if (!contents.shown || !media || item.revoked_at) return this.#endFile();
    if (!this.#file) this.element.append((this.#file = new files.File()).element);
    return this.#file.update(media);
  }

  #endFile() {
    this.#file?.end();
    this.#file = null;
  }

  end() {
    this.#endFile();
    this.element.remove();
  }
}

/** Brings the list to what is known, the newest first. */
function list() {
  const wanted = new Map([...items].reverse().map((item) => [`${item.cursor} ${item.id}`, item]));
  for (const [key, row] of rows) {
    if (wanted.has(key)) continue;
    row.end();
    rows.delete(key);
  }
  let place = $('messages').firstChild;
  for (const [key, item] of wanted) {
    if (!rows.has(key)) rows.set(key, new Row());
    const row = rows.get(key);
    row.update(item);
    if (row.element === place) place = place.nextSibling;
    else $('messages').insertBefore(row.element, place);
  }
}

export function render() {
  $('messages-none').hidden = !known || items.length > 0;
  $('messages').hidden = items.length === 0;
  $('reveal').hidden = items.length === 0;
  $('reveal').textContent = t(contents.shown ? 'messages.hide' : 'messages.show');
  $('older').hidden = previous === null || items.length >= SHOWN_MAX - OLDER;
  list();
}

export function listen() {
  $('reveal').addEventListener('click', () => contents.show(!contents.shown));
  contents.follow(() => {
    if (!contents.shown) files.clear();
    render();
  });
  files.listen();
  $('older').addEventListener('click', (event) => busy(event.currentTarget, older));
}
