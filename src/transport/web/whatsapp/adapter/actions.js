// Actions on messages and chats: reactions, edits, deletions, read and unread chats, what a contact sees of the typing.
//
// The page's functions resolve although nothing has happened, and throw although it has: a toast or a list of recent
// emojis fails after the message has left. So each action here ends by the state that it leads to. All of them may be
// repeated; where the state is there already, nothing is sent.
/** @type {Adapter.File} */
(function actions(page) {
  'use strict';
  const { whole, calling, need, attempt, refuse, said, keyText, asWid } = page;

  /** @type {Adapter.Forms} */
  const deferred = {
    react: ['reaction', calling('WAWebSendReactionMsgAction', 'sendReactionToMsg')],
    allowed: ['edit', whole('WAWebMsgActionCapability', 'canEditText')],
    delete_messages: ['delete', whole('WAWebChatSendMessages', 'sendRevokeMsgs')],
    reading: ['read', whole('WAWebUpdateUnreadChatAction', 'sendSeen')],
  };

  const LOOK_MS = 50;
  const LOOKS = 200;
  const MARKED_UNREAD = -1;
  const EDIT_MINUTES = 20;

  /**
   * Starts an action and waits until its end shows in the state. An action that has ended, also by throwing, is given a
   * moment: the state may follow it. Where it does not, the action may have been done all the same, or may still be: only
   * `isRefused` tells, by the state too, that it was not.
   * @param {() => unknown} act
   * @param {() => unknown} isDone
   * @param {string} what
   * @param {() => unknown} [isRefused]
   */
  async function until(act, isDone, what, isRefused = () => false) {
    let left = LOOKS;
    let thrown = /** @type {{ refusal?: string } | null} */ (null);
    Promise.resolve()
      .then(act)
      .catch((error) => {
        thrown = error;
      })
      .then(() => {
        left = Math.min(left, 1000 / LOOK_MS);
      });
    const why = () => `${what}${thrown === null ? '' : `: ${said(thrown)}`}`;
    for (; left > 0; left -= 1) {
      if (await isDone()) return;
      // The adapter itself refused, before it called the page.
      if (thrown?.refusal) throw thrown;
      if (await isRefused()) refuse('FAILED', why());
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    refuse('UNCONFIRMED', why());
  }

  // One action on a chat at a time: the page drops a second deletion while one runs in the same chat.
  /** @type {Map<string, Promise<unknown>>} */
  const running = new Map();

  /**
   * @template T
   * @param {string} chat
   * @param {() => Promise<T>} act
   * @returns {Promise<T>}
   */
  function inTurn(chat, act) {
    const turn = (running.get(chat) ?? Promise.resolve()).catch(() => {}).then(act);
    const settled = turn.catch(() => {}).then(() => {
      if (running.get(chat) === settled) running.delete(chat);
    });
    running.set(chat, settled);
    return turn;
  }

  Object.assign(page, { until, inTurn });

  /** @param {string} id */
  const chatIdOf = (id) => String(need('keyClass').fromString(id).remote);
  /** @param {string} id */
  const chatOf = (id) => need('chats').get(asWid(id)) ?? refuse('MESSAGE_ABSENT', 'the page does not have the chat');

  /** The texts of the edits that this document has sent. @type {WeakMap<WA.Msg, string>} */
  const edited = new WeakMap();
  /** The edits that the page's function has not ended. @type {WeakMap<WA.Msg, Adapter.Editing>} */
  const editing = new WeakMap();

  /**
   * Begins an edit; it ends when the page's function does.
   * @param {WA.Msg} msg
   * @param {string} text
   */
  function begun(msg, text) {
    const before = page.editOf(msg);
    const work = page.sendEdit(msg, text).finally(() => {
      if (editing.get(msg) === edit) editing.delete(msg);
    });
    /** @type {Adapter.Editing} */
    const edit = { text: text.trim(), before, work };
    editing.set(msg, edit);
    return edit;
  }

  /** The account's reaction to a message, from the page's table. @param {WA.Msg} msg */
  async function ownReaction(msg) {
    const rows = await need('reaction_rows')().anyOf(['parentMsgKey'], [keyText(msg.id)]);
    const isMine = (/** @type {WA.ReactionRow} */ row) => attempt(() => need('me').isMeAccount(/** @type {WA.Wid} */ (asWid(row.senderUserJid))));
    return rows.filter(isMine).sort((a, b) => b.timestamp - a.timestamp)[0];
  }

  /**
   * @param {WA.Msg} msg
   * @param {string} emoji
   */
  async function hasReaction(msg, emoji) {
    const row = await ownReaction(msg);
    if (!row) return emoji === '';
    return row.reactionText === emoji && Number(row.ack ?? 1) >= 1;
  }

  /** @param {WA.Msg} msg */
  const words = (msg) => (msg.type === 'chat' ? msg.body : msg.caption) ?? '';
  /** The time of a message in minutes. @param {WA.Msg} msg */
  const age = (msg) => (Date.now() / 1000 - Number(msg.t)) / 60;

  /**
   * The server does not have a message of this account. An edit that it refuses or does not answer leaves the ack of the
   * message, which its receivers have, at 0.
   * @param {WA.Msg} msg
   */
  const isUnsent = (msg) => msg.id.fromMe && Number(msg.ack) < 1 && page.editOf(msg) === null;

  /** @param {WA.Msg} msg */
  const mayEdit = (msg) => need('allowed').canEditText(msg) || need('allowed').canEditCaption(msg);
  /** The edit that is to be waited for: the page takes the next one after its end, or after a receipt of the message. @param {WA.Msg} msg */
  const openEdit = (msg) => (mayEdit(msg) ? undefined : editing.get(msg));

  /** @param {WA.Msg} msg */
  function refuseEdit(msg) {
    if (mayEdit(msg)) return;
    if (!msg.id.fromMe) refuse('NOT_POSSIBLE', 'it is not from this account');
    if (msg.type === 'revoked') refuse('NOT_POSSIBLE', 'it is deleted');
    if (isUnsent(msg)) refuse('NOT_POSSIBLE', 'it is not sent yet');
    if (msg.type !== 'chat' && !msg.caption) refuse('NOT_POSSIBLE', `messages of the kind ${msg.type} have no text to edit`);
    const isOpen = Number(msg.ack) < 1 && !msg.isSendFailure && age(msg) < EDIT_MINUTES;
    if (isOpen) refuse('UNCONFIRMED', 'an earlier edit is not answered yet');
    refuse('NOT_POSSIBLE', `it is ${Math.floor(age(msg))} minutes old: WhatsApp takes edits for about ${EDIT_MINUTES}`);
  }

  /** @param {WA.Msg} msg */
  function refuseRevoke(msg) {
    const allowed = need('allowed');
    if (allowed.canSenderRevokeMsg(msg) || allowed.canAdminRevokeMsg(msg)) return;
    if (isUnsent(msg)) refuse('NOT_POSSIBLE', 'it is not sent yet');
    if (!msg.id.fromMe && !attempt(() => chatOf(chatIdOf(keyText(msg.id))).groupMetadata?.participants.iAmAdmin())) {
      refuse('NOT_POSSIBLE', 'it is from somebody else, and this account is not an admin of a group with it');
    }
    refuse('NOT_POSSIBLE', `it is ${Math.floor(age(msg) / 60)} hours old, or of a kind that is not deleted: WhatsApp deletes for everyone within 60 hours`);
  }

  /**
   * Waits until WhatsApp's server has an edit: one that was just begun, or an earlier one that is not answered yet, which is
   * not sent again.
   * @param {WA.Msg} msg
   * @param {Adapter.Editing} edit
   * @param {string} wanted
   */
  async function ended(msg, { text, before, work }, wanted) {
    if (text !== wanted) refuse('UNCONFIRMED', 'an earlier edit is not answered yet');
    let isOver = false;
    const act = async () => {
      await work;
      isOver = true;
    };
    // The page shows the new text before the server has it: only the end of the call tells.
    const end = async () => (isOver ? await page.editEnd(msg) : null);
    const isDone = async () => {
      const how = await end();
      if (how === 'late') refuse('NOT_POSSIBLE', 'it was too old when the server took the edit: WhatsApp takes edits for about 20 minutes');
      return how === 'taken' && words(msg) === wanted && page.editOf(msg) !== before;
    };
    await until(act, isDone, 'the page did not send the edit', async () => (await end()) === 'refused');
    edited.set(msg, wanted);
  }

  /**
   * A message by its id, or the deletion that replaced it: its key is another one. Null if the page has neither.
   * @param {string} id
   */
  async function find(id) {
    const messages = need('messages');
    const held = messages.get(id) ?? (await messages.getMessagesById([id])).messages[0];
    if (held) return held;
    const isDeletion = (/** @type {WA.Msg} */ msg) => msg.type === 'revoked' && msg.protocolMessageKey && keyText(msg.protocolMessageKey) === id;
    return messages.getModelsArray().find(isDeletion) ?? null;
  }

  /** The messages that this document has deleted: of these the page knows nothing more. @type {Set<string>} */
  const deleted = new Set();
  const DELETED_MAX = 10000;

  /** @param {string} id */
  const needed = async (id) => (await find(id)) ?? refuse('MESSAGE_ABSENT', 'the page does not hold the message');

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    /** Reacts to a message; an empty emoji takes the reaction back. */
    async react({ message_id: id, emoji }) {
      const msg = await needed(id);
      if (msg.type === 'revoked') refuse('NOT_POSSIBLE', 'it is deleted');
      if (isUnsent(msg)) refuse('NOT_POSSIBLE', 'it is not sent yet');
      await inTurn(chatIdOf(id), async () => {
        if (await hasReaction(msg, emoji)) return;
        const before = (await ownReaction(msg))?.msgKey;
        // The row of a reaction that the server has refused says so. It may be the row of an earlier one.
        const isRefused = async () => {
          const row = await ownReaction(msg);
          return row !== undefined && row.msgKey !== before && row.reactionText === emoji && Number(row.ack) < 0;
        };
        const react = need('react');
        await until(() => react(msg, emoji), () => hasReaction(msg, emoji), 'the page did not send the reaction', isRefused);
      });
    },

    /** Changes the text or the caption of a message of this account. */
    async edit({ message_id: id, text }) {
      const msg = await needed(id);
      const wanted = text.trim();
      // Not in turn: whoever asked for the earlier edit may still hold the turn.
      const earlier = openEdit(msg);
      if (earlier) return ended(msg, earlier, wanted);
      await inTurn(chatIdOf(id), async () => {
        const meanwhile = openEdit(msg);
        if (meanwhile) return ended(msg, meanwhile, wanted);
        refuseEdit(msg);
        // The page shows an edit before it is sent, also after a reload: only an edit of this document is known to have left.
        if (edited.get(msg) === wanted && words(msg) === wanted) return;
        await ended(msg, begun(msg, text), wanted);
      });
    },

    /** Deletes a message for everyone: one of this account, or as an admin of the group. */
    async revoke({ message_id: id }) {
      const msg = await needed(id);
      await inTurn(chatIdOf(id), async () => {
        if (msg.type === 'revoked') return;
        refuseRevoke(msg);
        const chat = chatOf(chatIdOf(id));
        const act = () => need('delete_messages').sendRevokeMsgs(chat, { type: 'message', list: [msg] }, false);
        await until(act, () => msg.type === 'revoked', 'the page did not send the deletion');
      });
    },

    /** Deletes a message for this account, on all its devices. */
    async delete_for_me({ message_id: id }) {
      await inTurn(chatIdOf(id), async () => {
        const msg = await find(id);
        if (!msg && deleted.has(id)) return;
        if (!msg) return refuse('MESSAGE_ABSENT', 'the page does not hold the message');
        const record = { type: /** @type {const} */ ('message'), list: [msg] };
        const act = () => need('delete_messages').sendDeleteMsgs({ chat_: chatOf(chatIdOf(id)), clearMedia: false, record });
        await until(act, async () => (await find(id)) === null, 'the page did not delete the message');
        deleted.add(id);
        for (const oldest of deleted) if (deleted.size > DELETED_MAX) deleted.delete(oldest);
      });
    },

    /** Marks a chat as read. Without `afterAvailable` the page waits until its window has the focus, which it never has. */
    async seen({ chat_id: id }) {
      const chat = chatOf(id);
      const act = () => need('reading').sendSeen({ chat, threadId: undefined, afterAvailable: false });
      await inTurn(id, () => until(act, () => chat.unreadCount === 0, 'the page did not mark the chat as read'));
    },

    /** Marks a chat as unread. A chat with unread messages stays as it is. */
    async unread({ chat_id: id }) {
      const chat = chatOf(id);
      const isUnread = () => chat.unreadCount === MARKED_UNREAD || Number(chat.unreadCount) > 0;
      const act = () => need('reading').markUnread(chat, true, false);
      await inTurn(id, async () => {
        if (!isUnread()) await until(act, isUnread, 'the page did not mark the chat as unread');
      });
    },

    /** Shows the contact that somebody types or records, or has stopped. Others forget it after some 25 s. */
    async typing({ chat_id: id, kind = 'text' }) {
      const chat = page.heldChat(id);
      const target = chat.accountLid ?? chat.id;
      const bridge = need('typing');
      if (kind === 'voice') await bridge.sendChatStateRecording(target);
      else if (kind === 'none') await bridge.sendChatStatePaused(target);
      else await bridge.sendChatStateComposing(target);
    },
  };

  return { forms: {}, deferred, calls };
})
