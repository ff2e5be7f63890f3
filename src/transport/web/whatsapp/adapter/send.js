// Sending texts and files: to whom, under which id, and how the send ends.
//
// The page makes the message; only its id is chosen here. When modules send, the page checks neither WhatsApp's own
// limits nor whether a group is closed: the adapter reports both before anything leaves.
/** @type {Adapter.File} */
(function send(page) {
  'use strict';
  const { from, whole, calling, push, said, attempt, refuse, need, keyText, widText, phoneOf, lidOf, isPhone } = page;

  /** @type {Adapter.Forms} */
  const forms = {
    chats: ['send', from('WAWebCollections', (m) => m.Chat), from('WAWebChatCollection', (m) => m.ChatCollection)],
    groups: [
      'send',
      from('WAWebGroupMetadataCollection', (m) => m.default ?? m),
      from('WAWebCollections', (m) => m.GroupMetadata),
    ],
    exists: ['send', calling('WAWebQueryExistsJob', 'queryWidExists')],
    open: [
      'send',
      calling('WAWebFindChatAction', 'findOrCreateLatestChat'),
    ],
    text: ['send', calling('WAWebSendTextMsgChatAction', 'createTextMsgData')],
    outgoing: ['send', calling('WAWebMsgDataUtils', 'genOutgoingMsgData')],
    send: ['send', calling('WAWebSendMsgChatAction', 'addAndSendMsgToChat')],
    resend: ['resend', calling('WAWebResendMsgAction', 'resendMsg')],
    blocked: ['blocklist', from('WAWebBlocklistCollection', (m) => m.BlocklistCollection)],
    typing: ['typing', whole('WAWebChatStateBridge', 'sendChatStateComposing')],
  };

  // ── The recipient ───────────────────────────────────────────────────────────────────────────────────────────────

  /** After this time a number that WhatsApp's server denied is looked up again. */
  const DENIED_MS = 600000;
  const REMEMBERED_MAX = 10000;
  /** Number → the chat that the server returned for it, if the page's own cache has no LID for it. */
  const named = new Map();
  /** Number → when the server answered that it is not on WhatsApp. */
  const denied = new Map();

  /**
   * @template V
   * @param {Map<string, V>} map
   * @param {string} key
   * @param {V} value
   */
  function remember(map, key, value) {
    map.delete(key);
    map.set(key, value);
    if (map.size > REMEMBERED_MAX) map.delete(map.keys().next().value ?? '');
  }

  /** The types that are not part of a conversation. */
  const NOTICES = new Set(['e2e_notification', 'notification', 'notification_template', 'gp2', 'protocol', 'call_log', 'debug']);
  /** @param {{ type?: string }} msg */
  const isTalk = (msg) => !NOTICES.has(msg.type ?? '');
  /** How many rows of a chat are searched for a message of a person. A new chat begins with two notices. */
  const FIRST_ROWS = 20;

  /**
   * The page holds only the last message of most chats, which may be a notice: then the page's table is read.
   * @param {WA.Chat | null} chat
   */
  async function hasTalked(chat) {
    if (!chat) return false;
    if (chat.msgs?.getModelsArray().some(isTalk)) return true;
    if (!page.tableIsOpen()) return false;
    const id = widText(chat.id);
    const newest = { reverse: true, limit: FIRST_ROWS };
    const rows = await need('rows')().between(['internalId'], `${id}_/`, `${id}_g`, newest, false).catch(() => []);
    return rows.some(isTalk);
  }

  /** @param {WA.Wid} wid */
  function chatOf(wid) {
    const chats = need('chats');
    const lid = isPhone(wid) && lidOf(wid);
    return (
      attempt(() => chats.getLatestChatForWid(wid)) ??
      chats.get(wid) ??
      (lid ? chats.get(need('wid').createWid(lid)) : null) ??
      null
    );
  }

  /**
   * @param {WA.Wid} wid
   * @param {WA.Chat | null} chat
   */
  function refuseClosed(wid, chat) {
    if (wid.server === 'g.us') {
      if (!chat) return refuse('CHAT_READ_ONLY', 'this account is not in the group');
      const group = chat.groupMetadata;
      // Of a group that it has not asked for the page knows from changes alone that this account is no member any more.
      const isOut = attempt(() => group?.participants.getModelsArray().length && !group.participants.iAmMember());
      if (chat.isReadOnly || isOut) refuse('CHAT_READ_ONLY', 'this account has left the group, or was removed from it');
      const closed = chat.isAnnounceGrpRestrict || (group?.announce && !attempt(() => group.participants.iAmAdmin()));
      if (closed) refuse('CHAT_READ_ONLY', 'only admins write to this group');
      return;
    }
    const identities = [widText(wid), lidOf(wid), phoneOf(wid) && `${phoneOf(wid)}@c.us`].filter((one) => one !== null);
    const isBlocked = identities.some((one) => attempt(() => need('blocked').get(need('wid').createWid(one))));
    if (isBlocked) refuse('CONTACT_BLOCKED', 'this account has blocked the contact');
  }

  /**
   * The page knows how a new group names its members, and who may write to it, only after it has asked the server. For
   * a group that it knows already this costs nothing.
   * @param {WA.Wid} wid
   */
  async function knowGroup(wid) {
    if (wid.server === 'g.us') await need('groups').find(wid);
  }

  /**
   * What the page knows without asking the server. `chat_id` is null for a number that must be looked up.
   * @type {Adapter.Calls['known']}
   */
  async function known({ chat: id }) {
    const wid = need('wid').createWid(id);
    const chat = chatOf(wid);
    refuseClosed(wid, chat);
    const chatId = chat ? widText(chat.id) : isPhone(wid) ? (lidOf(wid) ?? named.get(id) ?? null) : id;
    const talked = await hasTalked(chat);
    return { chat_id: chatId, talked, phone: phoneOf(wid), restricted: page.restricted(wid, chat) };
  }

  /** @type {Adapter.Page['learned']} */
  const learned = (id, chat) => (chat ? remember(named, id, chat) : remember(denied, id, performance.now()));

  /** @param {string} id */
  async function ask(id) {
    if (performance.now() - denied.get(id) < DENIED_MS) return null;
    const answer = await need('exists')(need('wid').createWid(id));
    learned(id, answer ? widText(answer.wid) : null);
    return answer ? answer.wid : null;
  }

  /** @param {string} id */
  async function openChat(id) {
    const wid = need('wid').createWid(id);
    const chat = chatOf(wid);
    if (chat) return chat;
    const opened = await need('open')(wid, 'createChat');
    if (!opened) return refuse('FAILED', 'the page could not open the chat');
    const { chat: within } = /** @type {{ chat?: WA.Chat }} */ (opened);
    return within ?? /** @type {WA.Chat} */ (opened);
  }

  Object.assign(page, { lookUp: ask, learned });

  // ── The id ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * The key that the page would create, with the id chosen here: by LID or phone number, as the chat is addressed.
   * @param {WA.MsgData} data
   * @param {string} raw
   */
  function keyFor(data, raw) {
    const Key = need('keyClass');
    return new Key({ from: data.from, to: data.to, id: raw, participant: data.id.participant, selfDir: 'out' });
  }

  /** The ids that the page is sending now, in this document. */
  const sending = new Set();
  page.isSending = (id) => sending.has(id);

  /**
   * A send has ended: with the server's answer, or certainly without anything having left, or with an unknown result.
   * @param {string} id
   * @param {string} result
   * @param {Adapter.Count} code
   * @param {boolean} certain
   * @param {string} why
   */
  function ended(id, result, code, certain, why) {
    sending.delete(id);
    const ack = Number(need('messages').get(id)?.ack) || 0;
    if (ack < 0) push('ack', { id, ack, code });
    push('outcome', { id, result, code, certain, message: why });
  }

  /**
   * @param {string} id
   * @param {Promise<WA.SendResult>} promise
   */
  function follow(id, promise) {
    sending.add(id);
    promise.then(
      (result) => {
        const answer = typeof result === 'string' ? { messageSendResult: result } : result;
        const word = String(answer?.messageSendResult ?? 'UNKNOWN');
        const code = Number(answer?.ackErrorCode) || null;
        const msg = need('messages').get(id);
        const failed = Number(msg?.ack) < 0 || (Number(msg?.ack) === 0 && Boolean(msg?.isSendFailure));
        const certain = word !== 'OK' && word !== 'ERROR_NETWORK' && failed;
        ended(id, word, code, certain, '');
      },
      // The page rejects before anything has left: a blocked contact, or a message that could not be stored.
      (error) => ended(id, nameOf(error), null, true, said(error)),
    );
  }

  /** @param {unknown} error */
  const nameOf = (error) => String(/** @type {{ name?: unknown } | null} */ (error)?.name ?? 'Error');
  /** @param {unknown} error */
  const isBlockedError = (error) => /contact.?blocked/i.test(nameOf(error));

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    known,

    /** Resolves the recipient and reserves an id; nothing leaves. */
    async prepare({ chat: id }) {
      const before = await known({ chat: id });
      const target = before.chat_id ?? widText(await ask(id));
      if (!target) return refuse('NOT_ON_WHATSAPP', 'the number is not on WhatsApp');
      const chat = await openChat(target);
      await knowGroup(chat.id);
      refuseClosed(chat.id, chat);
      const data = await need('outgoing')(chat, 'chat');
      const raw = await need('keyClass').newId();
      return {
        message_id: keyText(keyFor(data, raw)),
        raw_id: raw,
        chat_id: widText(chat.id),
        talked: before.talked || (await hasTalked(chat)),
        phone: phoneOf(chat.id) ?? before.phone,
        restricted: page.restricted(chat.id, chat),
      };
    },

    /** Sends under the reserved id, at most once however often it is called. The end of the send is reported. */
    async dispatch({ chat_id: chatId, raw_id: raw, content }) {
      const chat = await openChat(chatId);
      await knowGroup(chat.id);
      const key = keyFor(await need('outgoing')(chat, 'chat'), raw);
      const id = keyText(key);
      const messages = need('messages');
      const held = async () => messages.get(id) ?? (page.tableIsOpen() ? await need('rows')().get(id, false) : null);
      const before = await held();
      if (before) return { ack: Number(before.ack) || 0 };
      const data = await page.dataOf(chat, content);
      // Meanwhile another call of the same id may have sent: a preview takes seconds.
      const meanwhile = sending.has(id) ? { ack: 0 } : await held();
      if (meanwhile || sending.has(id)) return { ack: Number(meanwhile?.ack) || 0 };
      const [added, result] = need('send')(chat, { ...data, id: key });
      sending.add(id);
      try {
        await added;
      } catch (error) {
        sending.delete(id);
        Promise.resolve(result).catch(() => {});
        if (isBlockedError(error)) refuse('CONTACT_BLOCKED', 'this account has blocked the contact');
        throw error;
      }
      follow(id, Promise.resolve(result));
      return { ack: Number(messages.get(id)?.ack) || 0 };
    },

    /** Sends again a message that the page holds and the server lacks: under the same id, once per document. */
    async resend({ message_id: id }) {
      const messages = need('messages');
      const msg = messages.get(id) ?? (await messages.getMessagesById([id])).messages[0];
      if (!msg) return { outcome: 'absent', ack: null };
      const ack = Number(msg.ack) || 0;
      if (ack !== 0) return { outcome: 'sent', ack };
      if (sending.has(id) || !msg.isSendFailure) return { outcome: 'pending', ack };
      const result = page.hasFile(msg) ? page.sendAgain(msg) : need('resend')(msg);
      if (result === null) return { outcome: 'file_lost', ack };
      follow(id, Promise.resolve(result));
      return { outcome: 'resent', ack };
    },

    /** The ack of a sent message, even if it is not in memory; null if the page does not know the message. */
    async ack({ message_id: id }) {
      const messages = need('messages');
      const message = messages.get(id) ?? (await messages.getMessagesById([id])).messages[0];
      return { ack: message ? Number(message.ack) || 0 : null };
    },

    async exists({ chat }) {
      const wid = await ask(chat);
      return { chat_id: widText(wid), lid: wid ? lidOf(wid) : null, phone: wid ? (phoneOf(wid) ?? phoneOf(chat)) : null };
    },
  };

  return { forms, calls };
})
