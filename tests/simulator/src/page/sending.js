// Sending: a message is stored with ack 0, shown, and sent; it is sent again with the same id until it is acknowledged.
import { MsgKey, createWid } from '/static/wids.js';
import { faults, reach, wire } from '/static/wire.js';
import { connection, tell } from '/static/connection.js';
import { Msg, nextOrder, show } from '/static/messages.js';
import { me } from '/static/people.js';
import * as storage from '/static/storage.js';

// Who waits for the result of which message, by bare id.
const waiting = new Map();

Msg.on('change:ack', (message, ack) => {
  const done = waiting.get(message.id.id);
  if (!done || ack === 0) return;
  waiting.delete(message.id.id);
  done({ messageSendResult: ack > 0 ? 'OK' : 'ERROR_UNKNOWN', t: message.t, count: null });
});

const KEPT_APART = ['id', 'ack', 'body', 'from', 'to', 'local', 'self', 't', 'isNewMsg', 'type'];

function recordOf(data) {
  const { id: key } = data;
  const fields = Object.entries(data).filter(([name, value]) => !KEPT_APART.includes(name) && value !== undefined);
  return {
    id: key.id,
    fromMe: true,
    remote: String(key.remote),
    ...(key.participant && { participant: String(key.participant) }),
    from: String(data.from),
    to: String(data.to),
    type: data.type ?? 'chat',
    body: data.body ?? '',
    t: data.t,
    ack: 0,
    fields: JSON.parse(JSON.stringify(Object.fromEntries(fields))),
    n: nextOrder(),
  };
}

function transmit(record) {
  if (faults.send === 'hang') return;
  tell({ t: 'send', message: record });
}

async function add(record) {
  await reach('add');
  await storage.put('messages', record.id, record);
  const message = show(record, true);
  await reach('transmit');
  if (faults.send === 'error') {
    await storage.update('messages', record.id, { ack: -1 });
    message.set({ ack: -1 });
  } else {
    transmit(record);
  }
  return message;
}

/** The answer, at once: a promise of the message in the collection, and one of the result. */
export function addAndSendMsgToChat(chat, data) {
  if (faults.send === 'throw') throw new Error('the message could not be sent');
  if (!chat || !data.id) throw new TypeError('a chat and a message key are needed');
  const record = recordOf(data);
  const result = new Promise((resolve) => waiting.set(record.id, resolve));
  return [add(record), result];
}

/** The short way: the page picks the id. */
export async function sendTextMsgToChat(chat, text, options = {}) {
  const from = chat.id.isLid() || chat.id.isGroup() ? me.lid : me.phone;
  const participant = chat.id.isGroup() ? from : undefined;
  const id = new MsgKey({ from, to: chat.id, id: await MsgKey.newId(), participant, selfDir: 'out' });
  const t = Math.floor(Date.now() / 1000);
  const data = { ...options, id, from: createWid(from), to: chat.id, body: text, type: 'chat', ack: 0, t };
  const [added, result] = addAndSendMsgToChat(chat, data);
  await added;
  return result;
}

/** Sends everything that has not been acknowledged. */
async function sendAgain() {
  const pending = (await storage.all('messages')).filter((record) => record.fromMe && record.ack === 0);
  pending.sort((a, b) => a.n - b.n).forEach(transmit);
}

connection.on('connected', sendAgain);
wire.on('forget', (id) => waiting.delete(id));
