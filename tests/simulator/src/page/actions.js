// Actions of the account on messages and chats: reactions, edits, deletions, unread chats.
//
// As on the real page, what is allowed is asked in a module of its own: the functions that act check little.
import { MsgKey, createWid } from '/static/wids.js';
import { request } from '/static/connection.js';
import { Chat, sendSeen } from '/static/chats.js';
import { EDITED_LATE, editStored, forget, revokeStored, storeEdit } from '/static/messages.js';
import { storeReaction } from '/static/addons.js';
import { me } from '/static/people.js';
import * as storage from '/static/storage.js';

const now = () => Math.floor(Date.now() / 1000);
const MINUTE_S = 60;
const EDIT_WINDOW_S = 20 * MINUTE_S;
const REVOKE_WINDOW_S = 60 * 60 * MINUTE_S;
const MARKED_UNREAD = -1;
const REFUSED = -1;

/** Resolves once the server has the action, with the time at which it took it; throws if it refuses. */
async function taken(action) {
  const { code, at } = await request({ t: 'act', action });
  if (code !== null) throw new Error('the action was refused');
  return at ?? now();
}

const act = (action) => taken(action).then(() => undefined);

const isWithin = (message, window) => now() - message.t <= window;
const isSent = (message) => message.ack >= 1;
const isReal = (message) => !['revoked', 'ciphertext', 'e2e_notification', 'notification_template', 'gp2', 'protocol'].includes(message.type);
const isAdminOf = (message) => Boolean(Chat.get(message.id.remote)?.groupMetadata?.participants.iAmAdmin());
const canEdit = (message) => message.id.fromMe && (isSent(message) || message.isSendFailure === true) && isWithin(message, EDIT_WINDOW_S);
const canRevoke = (message) => isReal(message) && (isSent(message) || Boolean(message.latestEditMsgKey)) && isWithin(message, REVOKE_WINDOW_S);

export const capability = {
  canEditText: (message) => message.type === 'chat' && canEdit(message),
  canEditCaption: (message) => ['image', 'video', 'document'].includes(message.type) && Boolean(message.caption) && canEdit(message),
  canSenderRevokeMsg: (message) => canRevoke(message) && message.id.fromMe,
  canAdminRevokeMsg: (message) => canRevoke(message) && !message.id.fromMe && isAdminOf(message),
};

/** Notices and messages that are not sent cannot be answered. */
export const canReplyMsg = (message) => isReal(message) && (!message.id.fromMe || isSent(message));

/** The account's own reaction is stored before it is sent, and gets its ack when the server has it or refuses it. */
export async function sendReactionToMsg(message, emoji) {
  const key = new MsgKey({ fromMe: true, remote: message.id.remote, id: await MsgKey.newId() });
  const reaction = { sender: String(me.lid), emoji, t_ms: now() * 1000, msgKey: key };
  await storeReaction(message.id.id, { ...reaction, ack: 0 });
  const refused = await act({ action: 'reaction', message: message.id.id, emoji }).catch((error) => error);
  await storeReaction(message.id.id, { ...reaction, ack: refused ? REFUSED : 1 });
  if (refused) throw new Error('Reaction send error');
}

/**
 * The new words are stored and shown before they are sent, and stay when they do not arrive: a refusal does not reject, but shows
 * on the message and in the row of the edit. Meanwhile the message counts as not sent.
 */
export async function sendMessageEdit(message, text, options) {
  if (!capability.canEditText(message) && !capability.canEditCaption(message)) throw new Error('Cannot edit message');
  if (!options) throw new TypeError('options are needed');
  const body = text.trim();
  const { id } = message.id;
  const key = await storeEdit(await storage.get('messages', id));
  await editStored(id, body, { latestEditMsgKey: key, errorCode: 'NoError', ack: 0 });
  const at = await taken({ action: 'edit', message: id, text: body }).catch(() => null);
  await storage.update('messages', key.id, { ack: at === null ? REFUSED : 1 });
  if (at === null) return void message.set({ isSendFailure: true });
  // The receivers drop an edit that the server has taken too late.
  const isLate = at > message.t + EDIT_WINDOW_S;
  const errorCode = isLate ? EDITED_LATE : 'NoError';
  await storage.update('messages', key.id, { errorCode });
  await storage.update('messages', id, { ack: 1, errorCode });
  message.set({ errorCode, ack: 1, isSendFailure: isLate });
}

/** The page's own edit and those of clients end in this: the new words come as a message of the protocol. */
export const addAndSendMessageEdit = (message, { body, caption }) => sendMessageEdit(message, body ?? caption, {});

/** While one deletion of a chat runs, a second one is dropped: its caller gets the promise of the first. */
function single(chat, name, work) {
  chat.promises ??= {};
  chat.promises[name] ??= work().finally(() => {
    chat.promises[name] = null;
  });
  return chat.promises[name];
}

export const sendRevokeMsgs = (chat, { list }) =>
  single(chat, 'sendRevokeMsgs', () =>
    Promise.all(
      list.map(async (message) => {
        const refused = await act({ action: 'revoke', message: message.id.id }).catch((error) => error);
        if (refused) return { messageSendResult: 'ERROR_UNKNOWN' };
        await revokeStored(message.id.id, message.id.fromMe ? 'sender' : 'admin');
        return { messageSendResult: 'OK' };
      }),
    ),
  );

export const sendDeleteMsgs = ({ chat_: chat, record }) =>
  single(chat, 'sendDeleteMsgs', async () => {
    for (const message of record.list) {
      await act({ action: 'delete-for-me', message: message.id.id });
      await forget(message.id.id);
    }
    return record.list.length;
  });

export async function markUnread(chat, isUnread) {
  if (!isUnread) return sendSeen({ chat, afterAvailable: false });
  await act({ action: 'unread', chat: String(chat.id) });
  if (!chat.unreadCount) chat.set({ unreadCount: MARKED_UNREAD });
  return undefined;
}

// ── Answers and forwards ──────────────────────────────────────────────────────────────────────────────────────────

/** What an answer says of the message that it answers. `chat` is the chat of the answer. */
export function contextOf(message, chat) {
  const { id, type, body, caption } = message;
  const author = id.participant ?? (id.fromMe ? me.lid : id.remote);
  return {
    quotedMsg: { type, body, ...(caption && { caption }) },
    quotedParticipant: createWid(String(author)),
    quotedStanzaID: id.id,
    quotedRemoteJid: chat && String(chat) !== String(id.remote) ? id.remote : null,
  };
}

const isDisplayedAsForwarded = (message) => Boolean(message.isForwarded) || !message.id.fromMe;
/** From this many times on a message counts as forwarded often. */
const OFTEN = 5;
const FREQUENTLY = 127;

export const getters = { getShouldDisplayAsForwarded: isDisplayedAsForwarded };
export const modelUtils = {
  getMsgForwardingScoreWhenForwarded(message) {
    const times = (message.forwardingScore ?? 0) + (isDisplayedAsForwarded(message) ? 1 : 0);
    return times >= OFTEN ? FREQUENTLY : times;
  },
};

