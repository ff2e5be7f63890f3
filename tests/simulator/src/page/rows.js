// The stored table of messages: every message has a row, numbered in the order in which this device stored it.
//
// The history that comes with a link is numbered to end at exactly 1,000,000,000; later messages begin one above.
import { MsgKey, createWid } from '/static/wids.js';
import { unpacked } from '/static/file-bytes.js';
import { me } from '/static/people.js';
import * as storage from '/static/storage.js';

export const LAST_HISTORY_ROW = 1e9;

let newest = LAST_HISTORY_ROW;

/** Finds the newest row number. */
export async function openRows() {
  for (const record of await storage.all('messages')) newest = Math.max(newest, record.n);
}

export const nextRow = () => {
  newest += 1;
  return newest;
};

/** The row numbers of a first history of `count` messages. */
export const historyRow = (index, count) => LAST_HISTORY_ROW - count + 1 + index;

export const keyOf = ({ fromMe, remote, id, participant }) => new MsgKey({ fromMe, remote, id, participant });

const byRow = (a, b) => a.rowId - b.rowId;

/** A stored message as the table returns it: ids are strings. */
function rowOf(record) {
  const { id, fromMe, remote, participant, fields, known, knownAfterMs, ciphertextMs, sealed, n, protocolKey, editKey, ...rest } = record;
  const opened = { ...rest, ...unpacked(fields ?? {}) };
  return {
    ...(sealed ? { ...rest, type: 'ciphertext', subtype: record.subtype, body: undefined } : opened),
    id: String(keyOf(record)),
    rowId: n,
    internalId: `${remote}_${n.toString(16).padStart(10, '0')}_m`,
    author: rest.author ?? participant,
    protocolMessageKey: protocolKey,
    latestEditMsgKey: editKey,
  };
}

const wid = (text) => (text ? createWid(text) : undefined);

/** A row as the data of a message. Names are not stored. */
export const messageFromDbRow = (row) => ({
  ...row,
  id: MsgKey.fromString(row.id),
  from: wid(row.from),
  to: wid(row.to),
  author: wid(row.author),
  recipients: row.recipients?.map(createWid),
  protocolMessageKey: row.protocolMessageKey && MsgKey.fromString(row.protocolMessageKey),
  latestEditMsgKey: row.latestEditMsgKey && MsgKey.fromString(row.latestEditMsgKey),
});

const records = async () => (await storage.all('messages')).map(rowOf).sort(byRow);

const ordered = (rows, { reverse = false, limit = rows.length } = {}) => (reverse ? rows.toReversed() : rows).slice(0, limit);

const table = {
  async all(options = {}) {
    const rows = ordered(await records(), options);
    return options.returnKeyType === 'keys' ? rows.map((row) => row.id) : rows;
  },

  async between([index], low, high, { lowerInclusive = false, upperInclusive = false, ...options } = {}) {
    const isAbove = (value) => value > low || (lowerInclusive && value === low);
    const isBelow = (value) => value < high || (upperInclusive && value === high);
    const rows = (await records()).filter((row) => isAbove(row[index]) && isBelow(row[index]));
    return ordered(rows, options);
  },

  async bulkGet(ids) {
    const rows = new Map((await records()).map((row) => [row.id, row]));
    return ids.map((id) => rows.get(String(id)));
  },

  async get(id) {
    return (await table.bulkGet([id]))[0];
  },
};

export const getMessageTable = () => table;

/** A table of add-ons. */
const addons = (store) => ({
  all: () => storage.all(store),
  async anyOf([index], values) {
    const wanted = values.map(String);
    return (await storage.all(store)).filter((row) => wanted.includes(row[index]));
  },
});

const reactions = addons('reactions');
const votes = addons('votes');
const messageInfo = addons('message-info');
export const getReactionsTable = () => reactions;
export const getVotesTable = () => votes;
export const getMessageInfoTable = () => messageInfo;

export const isMeAccount = (one) => [me.phone, me.lid].some((mine) => mine && String(mine) === String(one));
