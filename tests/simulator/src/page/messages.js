// Messages: messages that arrive, stored messages, and their changes.
//
// Everything is stored before it is added to the collection, and confirmed to the server after both.
import { config } from '/config.js';
import { Collection, Model } from '/static/models.js';
import { MsgKey, createWid } from '/static/wids.js';
import { pause } from '/static/clock.js';
import { faults, mark, wire } from '/static/wire.js';
import { unpacked } from '/static/file-bytes.js';
import { hasNoBody } from '/static/file-kinds.js';
import { dataOf, downloadMedia, objectOf } from '/static/file-objects.js';
import { Chat, created, file, noticesOf } from '/static/chats.js';
import { Contact, learn, me, meet } from '/static/people.js';
import { historyRow, keyOf, nextRow, openRows } from '/static/rows.js';
import * as storage from '/static/storage.js';

/** The longest timer of a browser; a message that stays undecrypted longer never opens. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class MsgModel extends Model {
  static {
    this.prototype.proxyName = 'msg';
  }

  get isStatusV3() {
    return false;
  }

  get isEphemeral() {
    return false;
  }

  get senderObj() {
    return Contact.get(this.author ?? this.from);
  }

  get mediaObject() {
    return objectOf(this);
  }

  get mediaData() {
    return dataOf(this);
  }

  downloadMedia(options) {
    return downloadMedia(this, options);
  }
}

class MsgCollection extends Collection {
  constructor() {
    super(MsgModel);
  }

  /** Reads rows, and adds their messages to the collection. */
  async getMessagesById(ids) {
    const found = await Promise.all(ids.map((id) => this.get(id) ?? this.#stored(String(id?._serialized ?? id))));
    return { messages: found.filter(Boolean) };
  }

  /** Handles messages of the server: clients replace this function to get the notices among the messages. */
  async processMultipleMessages(_chat, messages) {
    for (const message of messages) {
      if (message.type !== 'protocol') this.add(message);
      else await revoked(message);
    }
  }

  async #stored(text) {
    const { id } = MsgKey.fromString(text);
    const record = await storage.get('messages', id);
    if (!record || String(keyOf(record)) !== text) return undefined;
    return this.add(restored(record), { search: true })[0];
  }
}

export const Msg = new MsgCollection();

/** The model fields of a stored message. */
export function fieldsOf(record, isNewMsg) {
  const wid = (text) => (text ? createWid(text) : undefined);
  return {
    isNewMsg,
    id: keyOf(record),
    type: record.sealed ? 'ciphertext' : record.type,
    subtype: record.subtype,
    body: record.sealed || hasNoBody(record) ? undefined : record.body,
    from: wid(record.from),
    to: wid(record.to),
    author: wid(record.author ?? record.participant),
    recipients: record.recipients?.map(createWid),
    t: record.t,
    ack: record.ack,
    self: record.fromMe ? 'out' : 'in',
    notifyName: isNewMsg ? record.notifyName : undefined,
    isForwarded: false,
    latestEditMsgKey: record.editKey && MsgKey.fromString(record.editKey),
    errorCode: record.errorCode,
    caption: undefined,
    protocolMessageKey: record.protocolKey && MsgKey.fromString(record.protocolKey),
    ...(record.sealed ? {} : unpacked(record.fields ?? {})),
  };
}

/** The type of the rows of edits. */
const EDIT = 'message_edit_encrypted';
/** What a message says whose latest edit the server has taken too late. */
export const EDITED_LATE = 'EditWindowExpired';

/** The ids that this document is sending: other messages without an ack count as failed. */
export const sendingNow = new Set();

/** A message as it is restored from storage. */
function restored(record) {
  const unsent = (record.fromMe && record.ack === 0 && !sendingNow.has(record.id)) || record.errorCode === EDITED_LATE;
  return { ...fieldsOf(record, false), ...(unsent && { isSendFailure: true, local: true }) };
}

/** Adds a stored message to the collections, under this key: clients compare the key of what they send by identity. */
export function show(record, isNewMsg, id = keyOf(record)) {
  if (isNewMsg && config.build.times_messages) mark(`message:${record.id}`);
  const fields = isNewMsg ? fieldsOf(record, true) : restored(record);
  const [message] = Msg.add({ ...fields, id });
  meet(createWid(record.participant ?? record.remote), record.fromMe ? undefined : record.notifyName);
  file(message);
  if (record.sealed && isNewMsg) unseal(record);
  return message;
}

/** Decrypts a ciphertext after its time: in the row, and in the model if there is one. */
async function unseal(record) {
  if (record.ciphertextMs > LONGEST_TIMER_MS) return;
  await pause(record.ciphertextMs);
  const opened = await storage.update('messages', record.id, { sealed: false, subtype: undefined });
  const message = find(record.id);
  if (!opened || message?.type !== 'ciphertext') return;
  message.set({ type: opened.type, subtype: undefined, body: opened.body, ...opened.fields });
}

async function introduce({ known = [], knownAfterMs }) {
  if (knownAfterMs) await pause(knownAfterMs);
  for (const identity of known) await learn(identity);
}

/** A message in memory, by its bare id. */
export const find = (id) => Msg.getModelsArray().find((message) => message.id.id === id);

// The bare ids of all stored messages: the server delivers unconfirmed messages again.
const known = new Set();

/** A new chat gets its own notices before its first message, with rows like any other message. */
async function storeNotices(remote) {
  for (const notice of noticesOf(createWid(remote))) {
    const record = { ...notice, id: await MsgKey.newId(), n: nextRow() };
    known.add(record.id);
    await storage.put('messages', record.id, record);
    show(record, true);
  }
}

export async function openChatWithNotices(remote) {
  if (!Chat.get(remote)) await storeNotices(remote);
}

created.before = openChatWithNotices;

/**
 * Stores messages in one go. They are shown, unless the page is handling a large backlog before it has restored its
 * chats: then only their rows exist.
 */
export async function store(messages, { isNew, shown = true }) {
  const fresh = messages.filter(({ id }) => !known.has(id));
  for (const message of fresh) {
    known.add(message.id);
    const introduced = introduce(message);
    if (!message.knownAfterMs) await introduced;
  }
  if (isNew && shown) for (const { remote } of fresh) await openChatWithNotices(remote);
  const sealed = ({ ciphertextMs }) => isNew && ciphertextMs !== undefined;
  const row = (index) => (isNew ? nextRow() : historyRow(index, fresh.length));
  const records = fresh.map((message, index) => {
    const { notifyName, ...kept } = message;
    return { ...kept, n: row(index), sealed: sealed(message), subtype: message.fields?.subtype };
  });
  await storage.putAll('messages', records.map((record) => [record.id, record]));
  if (!shown) return records.filter((record) => record.sealed).forEach(unseal);
  records.forEach((record, index) => show({ ...record, notifyName: fresh[index].notifyName }, isNew));
}

/** Stores a notice, and shows it once: about a call, or about a group. */
export async function storeNotice(notice) {
  if (known.has(notice.id)) return;
  known.add(notice.id);
  const record = { ...notice, n: nextRow(), subtype: notice.fields.subtype };
  await storage.put('messages', record.id, record);
  show(record, true);
}

/** Stores a message that this page sends itself. */
export async function storeOwn(record) {
  known.add(record.id);
  await storage.put('messages', record.id, record);
}

export const isStored = (id) => known.has(id);

/** A deletion gives the message the key of the deletion, in memory and in its row, and keeps the old key beside it. */
async function revoked({ id, subtype, protocolMessageKey, t, revokeSender }) {
  const by = subtype === 'admin_revoke' ? 'admin' : 'sender';
  const old = await storage.get('messages', protocolMessageKey.id);
  if (!old) return;
  const protocolKey = String(protocolMessageKey);
  const gone = { type: 'revoked', subtype: by, body: '', fields: {}, sealed: false };
  known.add(id.id);
  await storage.move('messages', old.id, id.id, { ...old, ...gone, id: id.id, protocolKey, revokeTimestamp: t, revokeSender: revokeSender && String(revokeSender) });
  const message = Msg.get(protocolMessageKey);
  if (!message) return;
  const chat = Chat.get(message.id.remote);
  for (const collection of [Msg, chat?.msgs]) collection?.rekey(message, id);
  const words = { body: undefined, caption: undefined };
  message.set({ id, type: 'revoked', subtype: by, revokeTimestamp: t, revokeSender, protocolMessageKey, ...words });
}

const now = () => Math.floor(Date.now() / 1000);

/** Deletes a stored message for everyone, as its sender or an admin did. */
export async function revokeStored(id, by) {
  const stored = await storage.get('messages', id);
  if (!stored) return;
  const { from, to, author } = fieldsOf(stored, true);
  const key = new MsgKey({ ...keyOf(stored), id: await MsgKey.newId() });
  const notice = { id: key, type: 'protocol', subtype: `${by}_revoke`, protocolMessageKey: keyOf(stored) };
  const revokeSender = by === 'admin' || stored.fromMe ? me.lid : (author ?? from);
  await Msg.processMultipleMessages(createWid(stored.remote), [{ ...notice, from, to, author, revokeSender, t: now(), isNewMsg: true }]);
}

/** `more`: what else an edit changes in the message and its row. */
export async function editStored(id, body, more = {}) {
  const stored = await storage.get('messages', id);
  if (!stored) return;
  const edited = { latestEditSenderTimestampMs: Date.now() };
  const isText = stored.type === 'chat';
  const fields = { ...stored.fields, ...edited, ...(!isText && { caption: body }) };
  const latestEditMsgKey = more.latestEditMsgKey ?? new MsgKey({ ...keyOf(stored), id: await MsgKey.newId() });
  const { latestEditMsgKey: _, ...changes } = more;
  await storage.update('messages', id, { ...(isText && { body }), fields, editKey: String(latestEditMsgKey), ...changes });
  find(id)?.set({ ...(isText ? { body } : { caption: body }), latestEditMsgKey, ...edited, ...changes });
}

/** The row that an edit of this page has of its own, before the server has the edit; returns its key. */
export async function storeEdit(edited) {
  const key = new MsgKey({ fromMe: true, remote: edited.remote, id: await MsgKey.newId(), participant: edited.participant });
  const about = { id: key.id, fromMe: true, remote: edited.remote, participant: edited.participant, from: edited.from, to: edited.to };
  const kind = { type: EDIT, subtype: 'message_edit', body: '', errorCode: 'NoError', protocolKey: String(keyOf(edited)) };
  known.add(key.id);
  await storage.put('messages', key.id, { ...about, ...kind, t: now(), ack: 0, n: nextRow() });
  return key;
}

/** Removes a message from the storage, its chat and the collection. */
export async function forget(id) {
  known.delete(id);
  await storage.remove('messages', id);
  const message = find(id);
  if (!message) return;
  Chat.get(message.id.remote)?.msgs.remove(message);
  Msg.remove(message);
}

/** The handlers of events of stored messages. */
export const events = {
  history: ({ messages }) => store(messages, { isNew: false }),
  async ack({ id, ack }) {
    const stored = await storage.get('messages', id);
    // An ack only grows; an error is final.
    if (stored && ack >= 0 && ack <= stored.ack) return;
    await storage.update('messages', id, { ack });
    if (stored?.fromMe && ack >= 2) await events.receipt(stored, ack);
    else find(id)?.set({ ack });
  },
  revoke: ({ id }) => revokeStored(id, 'sender'),
  edit: ({ id, body }) => editStored(id, body),
};

wire.on('forget', async (id) => {
  known.delete(id);
  await storage.remove('messages', id);
  const message = find(id);
  if (!message) return;
  Chat.get(message.id.remote)?.msgs.remove(message, { silent: true });
  Msg.remove(message, { silent: true });
});

const byOrder = (a, b) => a.n - b.n;

/** Records which messages are stored, before any message is received. */
export async function openStore() {
  await openRows();
  for (const record of await storage.all('messages')) {
    known.add(record.id);
    // The sender is asked to send it again, also after the page was reloaded.
    if (record.sealed) unseal(record);
  }
}

/** Restores the last messages of each chat, not as new messages. */
export async function restore() {
  const chats = Map.groupBy((await storage.all('messages')).sort(byOrder), (record) => record.remote);
  for (const records of chats.values()) {
    for (const record of records.filter(({ type }) => type !== EDIT).slice(-config.build.messages_per_chat)) show(record, false);
  }
}

/** How many messages of a chat one call loads. */
const PAGE = 20;

/** Has two forms, depending on the build. Returns the loaded messages, oldest first; undefined if there are no more. */
export async function loadEarlierMsgs(target) {
  const chat = config.build.bare_load ? target : target.chat;
  const remote = chat.id.toString();
  if (faults.earlier === 'throw') throw new Error('the phone does not answer');
  while (faults.earlier === 'hang') await new Promise((resolve) => wire.once('faults', resolve));
  const records = (await storage.all('messages')).filter((record) => record.remote === remote).sort(byOrder);
  const isShown = (record) => Boolean(Msg.get(keyOf(record)));
  // Messages newer than the newest shown one are only arriving, and are not history.
  const newest = records.findLastIndex(isShown);
  const missing = (newest < 0 ? records : records.slice(0, newest)).filter((record) => !isShown(record));
  return missing.slice(-PAGE).map((record) => show(record, false));
}
