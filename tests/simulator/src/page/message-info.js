// Who has received, read and played the messages of this account: a row for each receiver of a message, the account itself
// included.
import { Chat } from '/static/chats.js';
import { me } from '/static/people.js';
import { keyOf } from '/static/rows.js';
import * as storage from '/static/storage.js';

/** The columns, in the order of the acks from 2 on. */
const COLUMNS = ['delivery', 'read', 'played'];

const nameOf = ({ msgKey, receiverUserJid }) => `${msgKey} ${receiverUserJid}`;
const levelOf = (row) => COLUMNS.findLastIndex((column) => row[column] !== undefined) + 2;

async function rowsOf(record) {
  const msgKey = String(keyOf(record));
  return (await storage.all('message-info')).filter((row) => row.msgKey === msgKey);
}

/** A message is about to leave: nobody has it. */
export async function expect(record) {
  const members = Chat.get(record.remote)?.groupMetadata?.participants?.getModelsArray();
  const receivers = members ? members.map(({ id }) => String(id)) : [record.remote];
  const rows = [...new Set([...receivers, String(me.lid)])].map((receiverUserJid) => ({ msgKey: String(keyOf(record)), receiverUserJid }));
  await storage.putAll('message-info', rows.map((row) => [nameOf(row), row]));
}

/** The first time of each kind stays. Returns the ack that all others have reached. */
export async function note(record, receiver, ack, t) {
  const rows = await rowsOf(record);
  const row = rows.find(({ receiverUserJid }) => receiverUserJid === receiver) ?? { msgKey: String(keyOf(record)), receiverUserJid: receiver };
  const column = COLUMNS[ack - 2];
  row[column] = Math.min(row[column] ?? t, t);
  await storage.put('message-info', nameOf(row), row);
  const others = rows.filter(({ receiverUserJid }) => receiverUserJid !== String(me.lid));
  return others.includes(row) ? Math.min(...others.map(levelOf)) : 1;
}

/** All receivers have a message, where they had less of it. */
export async function noteAll(record, ack, t) {
  const rows = (await rowsOf(record)).filter((row) => row.receiverUserJid !== String(me.lid) && levelOf(row) < ack);
  await storage.putAll('message-info', rows.map((row) => [nameOf(row), { ...row, [COLUMNS[ack - 2]]: t }]));
}
