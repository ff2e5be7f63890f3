// The chats of the phone: people, messages, and writing as either side.
import { $, act, button, choice, element } from '/phone/control.js';
import { attach, attachedMedia, captionOf, fileOf, hasFile, keepFiles } from '/phone/files.js';

/** How many messages of a chat are shown. */
const SHOWN = 100;
const TICKS = { '-1': '✗', 0: '…', 1: '✓', 2: '✓✓', 3: '✓✓', 4: '✓✓' };

/** The chat that is open, by its id. */
let open = null;
let shown = { account: '', accounts: [], people: [], chats: [] };

const digits = (wid) => wid.split('@')[0];

/** Everybody who can be written to; people with a chat come first. */
function contacts({ account, people, chats }) {
  const strangers = people
    .filter(({ lid, phone }) => digits(phone) !== account && !chats.some(({ chat }) => chat === lid))
    .map(({ lid, phone, name }) => ({ chat: lid, phone: digits(phone), name, messages: [] }));
  return [...chats, ...strangers];
}

const title = ({ chat, phone, name }) => name ?? (phone ? `+${phone}` : chat);
const textOf = (message) => {
  const { type, body, fields } = message;
  // The body of a message with a file is its thumbnail.
  const text = hasFile(message) ? captionOf(message) : body || fields?.caption || '';
  if (type === 'revoked') return '🚫 deleted';
  return type === 'chat' ? text : `[${type}] ${text}`.trim();
};

function writerOf({ fromMe, participant }, people) {
  if (fromMe || !participant) return '';
  const person = people.find(({ lid }) => lid === participant);
  return person?.name ?? (person ? `+${digits(person.phone)}` : participant);
}

function messageItem(message) {
  const { fromMe, id, ack, t, body } = message;
  const edit = () => {
    const better = prompt('The message as it should be', body);
    if (better) act('edit', { message: id, body: better });
  };
  const withFile = hasFile(message);
  const tools = [button('delete', () => act('revoke', { message: id }))];
  if (!withFile) tools.unshift(button('edit', edit));
  if (fromMe && ack < 3) tools.unshift(button('they read it', () => act('ack', { account: shown.account, message: id, ack: 3 })));
  const writer = writerOf(message, shown.people);
  return element(
    'div',
    { className: fromMe ? 'message mine' : 'message' },
    writer ? element('b', {}, writer) : '',
    withFile ? fileOf(message) : '',
    withFile ? captionOf(message) : textOf(message),
    element('small', {}, new Date(t * 1000).toLocaleTimeString([], { timeStyle: 'short' })),
    fromMe ? element('small', { className: ack >= 3 ? 'read' : '', title: `ack ${ack}` }, TICKS[ack]) : '',
    message.type === 'revoked' ? '' : element('span', { className: 'tools' }, ...tools),
  );
}

function contactItem(contact) {
  const last = contact.messages.at(-1);
  const choose = () => {
    open = contact.chat;
    show(shown);
  };
  const preview = element('small', {}, last ? textOf(last) : `+${contact.phone}`);
  return element('li', {}, choice(contact.chat === open, choose, title(contact), preview));
}

function current() {
  return contacts(shown).find(({ chat }) => chat === open);
}

/** Shows the chats of an account. */
export function show(state) {
  if (state.account !== shown.account) open = null;
  shown = state;
  const all = contacts(state);
  open ??= all[0]?.chat ?? null;
  const contact = current();
  const phone = contact?.phone && contact.name ? ` · +${contact.phone}` : '';
  $('people').replaceChildren(...all.map(contactItem));
  $('with').textContent = contact ? `${title(contact)}${phone}` : 'Add a contact by its number to begin';
  for (const control of $('write').elements) control.disabled = !contact;
  const box = $('messages');
  const wasAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  const messages = (contact?.messages ?? []).slice(-SHOWN);
  box.replaceChildren(...messages.map(messageItem));
  keepFiles(messages);
  if (wasAtEnd) box.scrollTop = box.scrollHeight;
}

/** Writes, or sends a file, as the contact. If it is another account of this simulator, that account's phone does. */
function writeAsThem({ chat, phone, messages }, body, media) {
  const { account, accounts } = shown;
  if (accounts.some((other) => other.phone === phone)) return act('from-phone', { account: phone, to: account, body, ...(media && { media }) });
  const last = messages.findLast(({ fromMe }) => !fromMe);
  const person = shown.people.find(({ lid }) => lid === last?.participant);
  const from = phone ? { from: phone } : { from: digits(person?.phone ?? ''), group: chat };
  return media ? act('media', { account, ...from, ...media }) : act('incoming', { account, ...from, body });
}

function writeAsMe({ chat, phone }, body, media) {
  return act('from-phone', { account: shown.account, to: phone ?? chat, body, ...(media && { media }) });
}

$('write').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { body } = event.target;
  const contact = current();
  const write = event.submitter?.value === 'mine' ? writeAsMe : writeAsThem;
  const text = body.value;
  const attached = attachedMedia(text);
  body.value = '';
  const media = await attached;
  if (!(await write(contact, text, media))) body.value = text;
  else if (media) attach(null);
});

$('new-contact').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { number } = event.target;
  if (await act('person', { number: number.value })) event.target.reset();
});

$('burst').addEventListener('click', () => {
  const from = current()?.phone ?? '5491122334455';
  act('burst', { account: shown.account, n: 20, message: { from, body: 'message' } });
});
