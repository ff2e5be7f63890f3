// Messages: those that arrive, those that are stored, and what becomes of them.
//
// Everything is stored before it is added to the collection, and confirmed to the server after both.
import { config } from '/config.js';
import { Collection, Model } from '/static/models.js';
import { MsgKey, createWid } from '/static/wids.js';
import { TIMES, pause, wait } from '/static/clock.js';
import { faults, mark, wire } from '/static/wire.js';
import { Cmd, Socket, connection, current, handlers, tell } from '/static/connection.js';
import { Chat, file } from '/static/chats.js';
import { receive } from '/static/receipts.js';
import { learn, meet, setMe } from '/static/people.js';
import * as storage from '/static/storage.js';

/** The longest timer of a browser; a message sealed for longer is never opened. */
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
}

class MsgCollection extends Collection {
  constructor() {
    super(MsgModel);
  }

  async getMessagesById(ids) {
    const found = await Promise.all(ids.map((id) => this.get(id) ?? this.#stored(String(id?._serialized ?? id))));
    return { messages: found.filter(Boolean) };
  }

  /** What the server sends: clients replace this, to hear of the notices among messages. */
  async processMultipleMessages(_chat, messages) {
    for (const message of messages) {
      if (message.type !== 'protocol') this.add(message);
      else this.get(message.protocolMessageKey)?.set({ body: undefined, type: 'revoked' });
    }
  }

  /** A message that is stored, without it being added. */
  async #stored(key) {
    const record = await storage.get('messages', key.split('_')[2]);
    return record && keyOf(record).toString() === key ? new MsgModel(fieldsOf(record, false)) : undefined;
  }
}

export const Msg = new MsgCollection();

// Stored messages keep the order in which they came, across loads.
let order = Date.now() * 1000;

export const nextOrder = () => {
  order += 1;
  return order;
};

export const keyOf = ({ fromMe, remote, id, participant }) => new MsgKey({ fromMe, remote, id, participant });

/** The fields of the model of a stored message. */
export function fieldsOf(record, isNewMsg) {
  const wid = (text) => (text ? createWid(text) : undefined);
  return {
    isNewMsg,
    id: keyOf(record),
    type: record.sealed ? 'ciphertext' : record.type,
    body: record.sealed ? undefined : record.body,
    from: wid(record.from),
    to: wid(record.to),
    author: wid(record.participant),
    t: record.t,
    ack: record.ack,
    self: record.fromMe ? 'out' : 'in',
    notifyName: record.notifyName,
    isForwarded: false,
    latestEditMsgKey: undefined,
    caption: undefined,
    ...(record.sealed ? {} : record.fields),
  };
}

/** Adds a stored message to the collections. */
export function show(record, isNewMsg) {
  if (isNewMsg && config.build.times_messages) mark(`message:${record.id}`);
  const [message] = Msg.add(fieldsOf(record, isNewMsg));
  meet(createWid(record.participant ?? record.remote), record.fromMe ? undefined : record.notifyName);
  file(message);
  if (record.sealed) unseal(record, message);
  return message;
}

/** Opens a ciphertext after its time. */
async function unseal(record, message) {
  if (record.ciphertextMs > LONGEST_TIMER_MS) return;
  await pause(record.ciphertextMs);
  const opened = await storage.update('messages', record.id, { sealed: false });
  if (!opened || message.type !== 'ciphertext') return;
  message.set({ type: opened.type, body: opened.body, ...opened.fields });
}

async function introduce({ known = [], knownAfterMs }) {
  if (knownAfterMs) await pause(knownAfterMs);
  for (const identity of known) await learn(identity);
}

/** A message in memory, by its bare id. */
export const find = (id) => Msg.getModelsArray().find((message) => message.id.id === id);

// The bare ids of all stored messages: the server delivers again what was not confirmed.
const known = new Set();
const historyLoaded = Promise.withResolvers();

/** Stores messages in one go and shows them. */
async function store(messages, isNewMsg) {
  const fresh = messages.filter(({ id }) => !known.has(id));
  for (const message of fresh) {
    known.add(message.id);
    const introduced = introduce(message);
    if (!message.knownAfterMs) await introduced;
  }
  const sealed = ({ ciphertextMs }) => isNewMsg && ciphertextMs !== undefined;
  const records = fresh.map((message) => ({ ...message, n: nextOrder(), sealed: sealed(message) }));
  await storage.putAll('messages', records.map((record) => [record.id, record]));
  for (const record of records) show(record, isNewMsg);
}

/** The notice that a message was deleted for everyone. */
async function revocation(stored) {
  const { from, to, author } = fieldsOf(stored, true);
  const key = keyOf(stored);
  const id = new MsgKey({ ...key, id: await MsgKey.newId() });
  return { id, type: 'protocol', subtype: 'sender_revoke', protocolMessageKey: key, from, to, author, isNewMsg: true };
}

const events = {
  history: ({ messages }) => store(messages, false),
  async ack({ id, ack }) {
    const stored = await storage.get('messages', id);
    // Acks only grow; an error is final.
    if (stored && ack >= 0 && ack <= stored.ack) return;
    await storage.update('messages', id, { ack });
    if (stored?.fromMe && ack >= 2) await receive(stored, ack);
    else find(id)?.set({ ack });
  },
  async revoke({ id }) {
    const stored = await storage.update('messages', id, { type: 'revoked', body: '', sealed: false });
    if (stored) await Msg.processMultipleMessages(createWid(stored.remote), [await revocation(stored)]);
  },
  async edit({ id, body }) {
    await storage.update('messages', id, { body });
    const message = find(id);
    message?.set({ body, latestEditMsgKey: new MsgKey({ ...message.id, id: await MsgKey.newId() }) });
  },
};

const backlog = { total: 0, left: 0, done: () => {} };

export const OfflineMessageHandler = {
  /** In percent. */
  getOfflineDeliveryProgress: () =>
    backlog.total === 0 ? 100 : Math.floor((100 * (backlog.total - backlog.left)) / backlog.total),
};

const queue = [];
let working = false;

// Not awaited by the connection, so that what comes meanwhile can be dealt with together.
handlers.event = (frame) => {
  queue.push(frame);
  if (!working) workThrough();
};

async function workThrough() {
  working = true;
  await historyLoaded.promise;
  while (queue.length > 0) await work();
  working = false;
}

const isMessage = (frame) => frame?.event.e === 'message';

/** Deals with the next event, or with a run of messages at once. */
async function work() {
  const run = [queue.shift()];
  while (isMessage(run[0]) && isMessage(queue[0])) run.push(queue.shift());
  try {
    if (isMessage(run[0])) await store(run.map(({ event }) => event.message), true);
    else await events[run[0].event.e](run[0].event);
  } catch (error) {
    console.error(error);
  }
  tell({ t: 'got', seq: run.at(-1).seq });
  for (const { offline } of run) if (offline) caughtUpByOne();
}

function caughtUpByOne() {
  backlog.left -= 1;
  Cmd.trigger('offline_progress_update_from_bridge');
  if (backlog.left === 0) backlog.done();
}

connection.on('connected', async ({ me, queued, attempt }) => {
  setMe(me);
  // What an earlier connection left here comes again.
  queue.length = 0;
  Object.assign(backlog, { total: queued, left: queued });
  const caughtUp = new Promise((resolve) => {
    backlog.done = resolve;
  });
  // Synced means that the chats are there, too.
  await Promise.all([wait(TIMES.sync), historyLoaded.promise, queued === 0 || caughtUp]);
  if (!current(attempt) || Socket.state !== 'CONNECTED') return;
  mark('synced');
  Socket.hasSynced = true;
});

wire.on('forget', async (id) => {
  known.delete(id);
  await storage.remove('messages', id);
  const message = find(id);
  if (!message) return;
  Chat.get(message.id.remote)?.msgs.remove(message, { silent: true });
  Msg.remove(message, { silent: true });
});

const byOrder = (a, b) => a.n - b.n;

/** Loads the last messages of each chat, as news of nothing, and all that has not left yet. */
export async function loadHistory() {
  for (const id of await storage.keys('messages')) known.add(id);
  const chats = Map.groupBy((await storage.all('messages')).sort(byOrder), (record) => record.remote);
  for (const records of chats.values()) {
    const last = records.slice(-config.build.messages_per_chat);
    const pending = records.filter((record) => record.fromMe && record.ack === 0 && !last.includes(record));
    for (const record of [...pending, ...last]) show(record, false);
  }
  historyLoaded.resolve();
}

/** Messages of a chat that one call loads. */
const PAGE = 20;

/** One of two forms, as the build has it. The answer is what was loaded, oldest first; empty when there is no more. */
export async function loadEarlierMsgs(target) {
  const chat = config.build.bare_load ? target : target.chat;
  const remote = chat.id.toString();
  if (faults.earlier === 'throw') throw new Error('the phone does not answer');
  while (faults.earlier === 'hang') await new Promise((resolve) => wire.once('faults', resolve));
  const records = (await storage.all('messages')).filter((record) => record.remote === remote).sort(byOrder);
  const isShown = (record) => Boolean(Msg.get(keyOf(record)));
  // What is newer than the newest shown is only just arriving, and no history.
  const newest = records.findLastIndex(isShown);
  const missing = (newest < 0 ? records : records.slice(0, newest)).filter((record) => !isShown(record));
  return missing.slice(-PAGE).map((record) => show(record, false));
}
