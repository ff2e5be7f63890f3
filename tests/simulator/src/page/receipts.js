// Receipts of the recipients of a message. Clients replace these functions in their module to get receipts, so the
// page calls them through the module.
import { createWid } from '/static/wids.js';
import { events, find } from '/static/messages.js';
import { note, noteAll } from '/static/message-info.js';
import * as storage from '/static/storage.js';

function advance({ ack, externalIds }) {
  for (const id of externalIds) find(id)?.set({ ack });
}

export const chatReceipts = { handleChatSimpleReceipt: async (receipt) => advance(receipt) };
export const groupReceipts = { handleGroupSimpleReceipt: async (receipt) => advance(receipt) };
export const statusReceipts = { handleStatusSimpleReceipt: async (receipt) => advance(receipt) };

const NAMES = { 2: 'delivery', 3: 'read', 4: 'played' };

/** Passes a receipt for a message to the function for its kind of chat. */
export async function receive(record, ack) {
  const { id, remote } = record;
  await noteAll(record, ack, Math.floor(Date.now() / 1000));
  const from = createWid(remote);
  const receipt = {
    ack,
    ackString: NAMES[ack],
    externalIds: [id],
    from,
    t: Math.floor(Date.now() / 1000),
  };
  if (from.isGroup()) return groupReceipts.handleGroupSimpleReceipt(receipt);
  if (from.isStatus()) return statusReceipts.handleStatusSimpleReceipt(receipt);
  return chatReceipts.handleChatSimpleReceipt(receipt);
}

export const receiptEvents = {
  /** A message as a whole has the ack that all its receivers have reached. */
  async 'person-ack'({ id, sender, ack, t }) {
    const stored = await storage.get('messages', id);
    if (!stored) return;
    const reached = await note(stored, sender, ack, t);
    if (reached >= 2) await events.ack({ id, ack: reached });
  },
};
