// Sending: a message is stored with ack 0, shown, and sent once the backlog is delivered. As long as this document
// lives, it sends the message again after each loss of the connection; another document does not send it, and marks it
// as failed.
import { MsgKey, Wid, createWid } from '/static/wids.js';
import { faults, reach, wire } from '/static/wire.js';
import { BackendEventBus, connection, handlers, tell } from '/static/connection.js';
import { chatOf, sendSeen } from '/static/chats.js';
import { Msg, find, isStored, openChatWithNotices, sendingNow, show, storeOwn } from '/static/messages.js';
import { packed } from '/static/file-bytes.js';
import { hasFile } from '/static/file-kinds.js';
import { contextOf } from '/static/actions.js';
import { isBlocked, me } from '/static/people.js';
import { expect } from '/static/message-info.js';
import { nextRow } from '/static/rows.js';
import * as storage from '/static/storage.js';

// The messages that this document has sent or is about to send, with those who wait for the result, by bare id.
const inFlight = new Map();

const KEPT_APART = ['id', 'ack', 'body', 'from', 'to', 'local', 'self', 't', 'isNewMsg', 'type'];

/** The MIME types of messages that name none. */
const MIMETYPES = { image: 'image/jpeg', sticker: 'image/webp' };

function recordOf(given) {
  const mimetype = given.mimetype ?? MIMETYPES[given.type];
  const data = { ...given, ...(mimetype && { mimetype }) };
  const { id: key } = data;
  const isField = ([name, value]) => !KEPT_APART.includes(name) && !/^__x_|Blob$|renderableUrl/.test(name) && value !== undefined;
  const fields = Object.entries(data).filter(isField);
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
    fields: JSON.parse(JSON.stringify(packed(Object.fromEntries(fields)), (_, value) => (Wid.isWid(value) ? String(value) : value))),
  };
}

const caughtUp = () =>
  BackendEventBus.isOfflineDeliveryEnd
    ? Promise.resolve()
    : new Promise((resolve) => BackendEventBus.once('offline_delivery_end', resolve));

function settle(id, result) {
  const entry = inFlight.get(id);
  inFlight.delete(id);
  entry?.resolve(result);
}

Msg.on('change:ack', (message, ack) => {
  if (ack > 0) settle(message.id.id, { messageSendResult: 'OK', t: message.t, count: null });
});

/** The server's refusal, with its number. */
handlers.nack = async ({ id, code }) => {
  await storage.update('messages', id, { ack: -1 });
  find(id)?.set({ ack: -1, isSendFailure: true });
  settle(id, { messageSendResult: 'ERROR_UNKNOWN', ackErrorCode: code });
};

function transmit({ record }) {
  if (faults.send !== 'hang') tell({ t: 'send', message: record });
}

/** Sends a stored message, unless it is held back; resolves with the result. */
async function leave(record, isHeld = false) {
  const result = new Promise((resolve) => inFlight.set(record.id, { record, resolve }));
  sendingNow.add(record.id);
  await expect(record);
  await caughtUp();
  await reach('transmit');
  if (faults.send === 'error') {
    find(record.id)?.set({ isSendFailure: true });
    settle(record.id, { messageSendResult: 'ERROR_UNKNOWN' });
  } else if (!isHeld) {
    transmit(inFlight.get(record.id) ?? { record });
  }
  sendSeen({ chat: chatOf(record.remote) });
  return result;
}

const failure = (name, message) => Object.assign(new Error(message), { name });

async function add(record, key) {
  await reach('add');
  if (isStored(record.id)) throw failure('DuplicateMessageError', 'the key has a row already');
  await openChatWithNotices(record.remote);
  record.n = nextRow();
  await storeOwn(record);
  return show(record, true, key);
}

/** What is to be done with a stored message before it leaves, such as the upload of its file, may change its fields. */
async function completed(record, message, beforeSend) {
  const more = await beforeSend?.(message);
  if (!more) return record;
  const known = Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined));
  message.set(known);
  return storage.update('messages', record.id, { fields: { ...record.fields, ...packed(known) } });
}

/** Returns at once: a promise of the message in the collection, and a promise of the result. */
export function addAndSendMsgToChat(chat, given, beforeSend) {
  if (faults.send === 'throw') throw new Error('the message could not be sent');
  if (!chat || !given) throw new TypeError('a chat and a message are needed');
  // What was said when the page was called counts, also if it reaches this step later.
  const isHeld = faults.send === 'hang';
  const data = Promise.resolve(given);
  const record = data.then(recordOf);
  const added = Promise.all([record, data]).then(([ready, { id }]) => {
    // The page looks for earlier invites into the group, by the text of its id.
    if (ready.type === 'groups_v4_invite' && Wid.isWid(given.inviteGrp)) throw failure('DataError', 'the parameter is not a valid key');
    if (isBlocked(ready.remote)) throw failure('ContactBlocked', 'the contact is blocked');
    sendingNow.add(ready.id);
    return add(ready, id);
  });
  const result = Promise.all([record, added])
    .then(([ready, message]) => completed(ready, message, beforeSend))
    .then((ready) => leave(ready, isHeld));
  // Callers may ignore either promise.
  added.catch(() => {});
  result.catch(() => {});
  return [added, result];
}

const now = () => Math.floor(Date.now() / 1000);

/** The account's identity in a chat: LID or phone number, as the chat is addressed. */
export async function genOutgoingMsgData(chat, type) {
  const isGroup = chat.id.isGroup();
  const byLid = isGroup ? chat.groupMetadata?.isLidAddressingMode === true : chat.id.isLid();
  const from = byLid ? me.lid : me.phone;
  const participant = isGroup ? from : undefined;
  const id = new MsgKey({ from, to: chat.id, id: await MsgKey.newId(), participant, selfDir: 'out' });
  return { id, from: createWid(from), to: chat.id, type, t: now(), viewMode: 'VISIBLE', isNewMsg: true, local: true, ack: 0 };
}

export async function createTextMsgData(chat, text, { quotedMsg, linkPreview, ...options } = {}) {
  const body = (text ?? '').trim();
  if (body === '') return null;
  const { ephemeralDuration } = chat;
  const more = { ...(quotedMsg && contextOf(quotedMsg, chat.id)), ...linkPreview, subtype: linkPreview ? 'url' : null };
  return { ...options, ...more, ...(await genOutgoingMsgData(chat, 'chat')), body, ...(ephemeralDuration && { ephemeralDuration }) };
}

/** The short form: the page chooses the id. */
export async function sendTextMsgToChat(chat, text, options = {}) {
  const [added, result] = addAndSendMsgToChat(chat, await createTextMsgData(chat, text, options));
  await added;
  return result;
}

/** Sends a failed message again, under the same id; any other message is left alone. */
export async function resendMsg(message) {
  if (!message.isSendFailure && message.ack >= 0) return undefined;
  const record = await storage.update('messages', message.id.id, { ack: 0 });
  message.set({ ack: 0, isSendFailure: false });
  // A sticker is not looked at.
  const isChecked = hasFile(message) && message.type !== 'sticker';
  if (isChecked && !(await fetchedFirst(message))) return undefined;
  return (await leave(record)).messageSendResult;
}

/** A file is fetched before it is sent again; one that the page cannot show fails, without a result. */
async function fetchedFirst(message) {
  try {
    await message.downloadMedia({ isUserInitiated: true, downloadEvenIfExpensive: true, shouldThrowAbortError: true });
    return true;
  } catch {
    message.set({ ack: -1 });
    return false;
  }
}

/** Sends a stored message as it is. */
export const sendMsgRecord = async (message) => leave(await storage.get('messages', message.id.id));

/** Changes the row of a message. Whether a send has failed is no part of the row here: a load finds that out. */
export async function updateMessageTable(key, { isSendFailure, ...changes }) {
  await storage.update('messages', key.id, changes);
}

connection.on('connected', async () => {
  const pending = [...inFlight.values()].sort((a, b) => a.record.n - b.record.n);
  await caughtUp();
  // A message whose result arrived meanwhile is not sent again.
  for (const entry of pending) if (inFlight.get(entry.record.id) === entry) transmit(entry);
});
wire.on('forget', (id) => inFlight.delete(id));
