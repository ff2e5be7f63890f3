// Receipts of those who were sent a message. Clients replace these functions in their module to hear of receipts, so
// the page calls them there.
import { createWid } from '/static/wids.js';
import { find } from '/static/messages.js';

function advance({ ack, externalIds }) {
  for (const id of externalIds) find(id)?.set({ ack });
}

export const chatReceipts = { handleChatSimpleReceipt: async (receipt) => advance(receipt) };
export const groupReceipts = { handleGroupSimpleReceipt: async (receipt) => advance(receipt) };
export const statusReceipts = { handleStatusSimpleReceipt: async (receipt) => advance(receipt) };

const NAMES = { 2: 'delivery', 3: 'read', 4: 'played' };

/** Hands a receipt for a message to whoever deals with its kind of chat. */
export function receive({ id, remote }, ack) {
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
