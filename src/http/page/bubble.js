// One message of a conversation: what it answers, what it says, its file, reactions, votes, edits and how far it came. All of
// it is text: what others wrote cannot become markup.

import { contents } from './contents.js';
import { make } from './elements.js';
import * as files from './files.js';
import { clock, has, language, t } from './words.js';

/** How far a sent message came, as signs; the words are beside them for who hears the page. */
const TICKS = { '-1': '✕', 0: '◷', 1: '✓', 2: '✓✓', 3: '✓✓', 4: '✓✓' };
/** A longer text is cut: the log has the whole of it. */
const BODY_MAX = 4_000;
const QUOTE_MAX = 160;
const OPTIONS_MAX = 20;

const cut = (text, most) => (text.length > most ? `${text.slice(0, most)}…` : text);

const line = (className, textContent) => make('p', { className, textContent, dir: 'auto' });

/** The part of a message's id that its answers name. */
export const ownPart = (id) => id.split('_')[2] ?? id;

/** Who wrote a message, as far as it may be shown. */
export function author({ direction, name, author_phone: member, phone, author: id, chat_id: chat }) {
  if (direction === 'out') return t('chat.you');
  const digits = member ?? phone;
  if (!contents.shown) return digits ? `•••• ${digits.slice(-4)}` : t('messages.unknown');
  return name || (digits ? `+${digits}` : id || chat);
}

/** A message in a few words. */
export function brief(item) {
  if (item.revoked_at) return t('messages.revoked');
  if (item.body) return cut(item.body, QUOTE_MAX);
  if (item.media) return t(`file.kind.${item.media.kind}`);
  return t('messages.kind', { kind: item.type });
}

function quote(item, quoted) {
  if (!item.quoted_id) return null;
  const words = quoted ? brief(quoted) : t('chat.quoted');
  return make('blockquote', { className: 'quote', children: [
    ...(quoted ? [line('who', author(quoted))] : []), line('', contents.shown ? words : t('messages.hidden')),
  ] });
}

/** A place: the coordinates can be copied. No map is asked for, because that would tell another host of the place. */
function place({ latitude, longitude, name, address }) {
  const point = latitude === null || longitude === null ? '' : `${latitude}, ${longitude}`;
  return make('div', { className: 'place', children: [
    line('kind', t('chat.location')), ...[name, address].filter(Boolean).map((words) => line('', words)),
    ...(point ? [make('code', { textContent: point })] : []),
  ] });
}

function people(contacts) {
  const one = ({ name, phones = [] }) => make('li', { children: [
    make('bdi', { className: 'who', textContent: name || t('messages.unknown') }), ` ${phones.join(', ')}`,
  ] });
  return make('div', { children: [line('kind', t('chat.contacts')), make('ul', { children: contacts.map(one) })] });
}

/** A poll with how many chose each option now. */
function poll({ question, options = [], multiple }, votes) {
  const chosen = (option) => votes.filter((vote) => vote.options.includes(option)).length;
  const one = (option) => make('li', { children: [
    make('bdi', { textContent: option }),
    make('span', { className: 'count', 'aria-hidden': 'true', textContent: String(chosen(option)) }),
    make('span', { className: 'unseen', textContent: t('chat.votes', { n: chosen(option) }) }),
  ] });
  return make('div', { className: 'poll', children: [
    line('kind', t(multiple ? 'chat.poll.multiple' : 'chat.poll')), line('who', question),
    make('ul', { children: options.slice(0, OPTIONS_MAX).map(one) }),
  ] });
}

/** What the message says. */
function said(item, sum) {
  if (!contents.shown) return [make('p', { className: 'body', children: [
    make('span', { className: 'masked', children: [make('span', { className: 'unseen', textContent: t('messages.hidden') })] }),
  ] })];
  if (item.revoked_at) {
    return [make('p', { className: 'body', children: [make('em', { textContent: t('messages.revoked') })] })];
  }
  const data = item.data ?? {};
  if (data.location) return [place(data.location)];
  if (data.contacts) return [people(data.contacts)];
  if (data.poll) return [poll(data.poll, sum.votes)];
  if (item.body) return [line('body', cut(item.body, BODY_MAX))];
  if (item.media) return [];
  return [make('p', { className: 'body', children: [make('em', { textContent: t('messages.kind', { kind: item.type }) })] })];
}

/** The earlier words of an edited message, where the service has them. */
function history(edits) {
  if (!contents.shown || edits.length === 0) return [];
  const one = ({ body, at }) => make('li', { children: [make('bdi', { textContent: cut(body ?? '', BODY_MAX) }), ` · ${at ? clock(at) : ''}`] });
  return [make('details', { className: 'history', children: [
    make('summary', { textContent: t('chat.history', { n: edits.length }) }), make('ul', { children: edits.map(one) }),
  ] })];
}

function reactions(list) {
  if (!contents.shown || list.length === 0) return [];
  const counted = new Map();
  for (const { emoji } of list) counted.set(emoji, (counted.get(emoji) ?? 0) + 1);
  const one = ([emoji, n]) => make('li', { textContent: n > 1 ? `${emoji} ${n}` : emoji });
  return [make('ul', { className: 'reactions', 'aria-label': t('chat.reactions'), children: [...counted].map(one) })];
}

function foot(item) {
  const out = item.direction === 'out';
  const ticks = out ? [
    make('span', { className: `ticks ack${item.ack}`, 'aria-hidden': 'true', textContent: TICKS[item.ack] ?? '' }),
    make('span', { className: 'unseen', textContent: has(`ack.${item.ack}`) ? t(`ack.${item.ack}`) : '' }),
  ] : [];
  return [
    ...(item.edited_at && !item.revoked_at ? [make('span', { className: 'marks', textContent: t('messages.edited') })] : []),
    make('time', { dateTime: item.timestamp, textContent: clock(item.timestamp) }), ...ticks,
  ];
}

/** A message's place in the conversation. `answer` is told when somebody wants to reply to the message. */
export class Bubble {
  #about = make('p', { className: 'about' });
  #said = make('div', { className: 'said' });
  #file = null;
  #foot = make('p', { className: 'foot' });
  #after = make('div', { className: 'after' });
  #drawn = '';
  #answer;
  element = make('li', { children: [this.#about, this.#said, this.#after, this.#foot] });

  constructor(answer) {
    this.#answer = answer;
  }

  update(item, sum, quoted, isGroup) {
    const { media, ...rest } = item;
    const known = JSON.stringify([rest, media !== null, sum, quoted && brief(quoted), contents.shown, language]);
    if (known !== this.#drawn) {
      this.#drawn = known;
      this.element.className = `bubble ${item.direction === 'out' ? 'out' : 'in'}`;
      this.#about.replaceChildren(make('bdi', { className: 'who', textContent: author(item) }));
      this.#about.className = isGroup || item.direction === 'out' ? 'about' : 'about unseen';
      if (item.direction === 'out') this.#about.className = 'unseen';
      this.#said.replaceChildren(...[quote(item, quoted)].filter(Boolean), ...said(item, sum));
      this.#after.replaceChildren(...history(sum.edits), ...reactions(sum.reactions));
      this.#foot.replaceChildren(...foot(item), ...this.#reply(item));
    }
    if (!contents.shown || !media || item.revoked_at) return this.#endFile();
    if (!this.#file) this.#said.after((this.#file = new files.File()).element);
    return this.#file.update(media);
  }

  #reply(item) {
    if (item.revoked_at || !contents.shown) return [];
    const label = t('chat.reply.label', { words: brief(item) });
    const button = make('button', { type: 'button', className: 'quiet reply', textContent: t('chat.reply'), 'aria-label': label });
    button.addEventListener('click', () => this.#answer(item));
    return [button];
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
