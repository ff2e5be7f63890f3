// The chats of the phone: people, messages, and writing as either side.
import { $, act, button, choice, element } from '/phone/control.js';

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
const textOf = ({ type, body, fields }) => {
  const text = body || fields?.caption || '';
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
  const tools = [button('edit', edit), button('delete', () => act('revoke', { message: id }))];
  if (fromMe && ack < 3) tools.unshift(button('they read it', () => act('ack', { account: shown.account, message: id, ack: 3 })));
  const writer = writerOf(message, shown.people);
  return element(
    'div',
    { className: fromMe ? 'message mine' : 'message' },
    writer ? element('b', {}, writer) : '',
    textOf(message),
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
  box.replaceChildren(...(contact?.messages ?? []).slice(-SHOWN).map(messageItem));
  if (wasAtEnd) box.scrollTop = box.scrollHeight;
}

/** Writes as the contact. If the contact is another account of this simulator, that account's phone writes. */
function writeAsThem({ chat, phone, messages }, body) {
  const { account, accounts } = shown;
  if (accounts.some((other) => other.phone === phone)) return act('from-phone', { account: phone, to: account, body });
  if (phone) return act('incoming', { account, from: phone, body });
  const last = messages.findLast(({ fromMe }) => !fromMe);
  const person = shown.people.find(({ lid }) => lid === last?.participant);
  return act('incoming', { account, from: digits(person?.phone ?? ''), group: chat, body });
}

$('write').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { body } = event.target;
  const contact = current();
  const text = body.value;
  body.value = '';
  const mine = event.submitter?.value === 'mine';
  const done = mine
    ? await act('from-phone', { account: shown.account, to: contact.phone ?? contact.chat, body: text })
    : await writeAsThem(contact, text);
  if (!done) body.value = text;
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
