// The contents of messages: what a message says, as the data from which the page sends it.
//
// The page's own functions for these contents choose the id of the message themselves. The adapter fills in the fields
// that they fill in, and sends the message under an id of its own.
/** @type {Adapter.File} */
(function content(page) {
  'use strict';
  const { calling, need, has, attempt, refuse, phoneOf, lidOf, asWid, isPhone } = page;

  /** @type {Adapter.Forms} */
  const deferred = {
    reply: ['reply', calling('WAWebMsgReply', 'canReplyMsg')],
    links: ['link_preview', calling('WALinkify', 'findLink')],
    preview: ['link_preview', calling('WAWebLinkPreviewChatAction', 'getLinkPreview')],
  };

  /** The page asks the phone for a preview; without an answer by then the text goes without. */
  const PREVIEW_MS = 8000;
  /** The bytes of the secret with which votes are encrypted. */
  const SECRET_SIZE = 32;

  /** @type {Adapter.Page['messageOf']} */
  page.messageOf = async (id) => {
    const messages = need('messages');
    const msg = messages.get(id) ?? (await messages.getMessagesById([id])).messages[0];
    return msg ?? refuse('MESSAGE_ABSENT', 'the page does not hold the message');
  };

  // ── Texts ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * The message that is answered, in memory: the page copies it into the answer.
   * @param {Adapter.Text | undefined} id
   */
  async function quoted(id) {
    if (!id) return undefined;
    const msg = await page.messageOf(id);
    if (msg.type === 'revoked') refuse('NOT_POSSIBLE', 'it is deleted');
    if (!need('reply')(msg)) refuse('NOT_POSSIBLE', 'it is not sent or not readable yet, or a notice, or in a chat that takes no answers');
    return msg;
  }

  /**
   * The wid under which a person is mentioned: as the members of the group are named, elsewhere as the chat is.
   * @param {WA.Chat} chat
   * @param {string} id
   * @param {number} index
   */
  async function mentioned(chat, id, index) {
    const given = asWid(id);
    const known = given && (isPhone(given) ? lidOf(given) : phoneOf(given));
    const wid = known || !isPhone(given) ? given : await page.lookUp(id);
    if (!wid) return refuse('MENTION_UNKNOWN', `number ${index + 1} of those mentioned`);
    const byLid = chat.id.server === 'g.us' ? chat.groupMetadata?.isLidAddressingMode === true : chat.id.server === 'lid';
    const phone = phoneOf(wid);
    const named = byLid ? lidOf(wid) : phone && `${phone}@c.us`;
    return asWid(named ?? wid) ?? wid;
  }

  /**
   * The text with the mentions in the form that receivers look for: `@` and the user of the wid.
   * @param {string} text
   * @param {{ given: string, wid: WA.Wid }[]} mentions
   */
  function marked(text, mentions) {
    const users = new Map(mentions.flatMap(({ given, wid }) => {
      const users = [given.split('@')[0] ?? '', phoneOf(wid), lidOf(wid)?.split('@')[0]];
      return users.map((user) => /** @type {const} */ ([user ?? '', wid.user]));
    }));
    return text.replace(/@(\d+)/g, (mark, /** @type {string} */ user) => (users.has(user) ? `@${users.get(user)}` : mark));
  }

  /**
   * @param {WA.Chat} chat
   * @param {string} text
   */
  async function previewOf(chat, text) {
    const link = has('preview') && attempt(() => need('links')(text));
    if (!link) return undefined;
    /** @type {Promise<null>} */
    const late = new Promise((resolve) => setTimeout(resolve, PREVIEW_MS, null));
    const made = await Promise.race([need('preview')(link, chat), late]).catch(() => null);
    return made?.data ?? undefined;
  }

  /**
   * @param {WA.Chat} chat
   * @param {Adapter.Content} wanted
   */
  async function text(chat, { text: words = '', mentions = [], preview = false, reply_to: reply }) {
    const people = [];
    for (const [index, given] of mentions.entries()) people.push({ given, wid: await mentioned(chat, given, index) });
    /** @type {WA.TextOptions} */
    const options = { quotedMsg: await quoted(reply) };
    if (people.length > 0) options.mentionedJidList = people.map(({ wid }) => wid);
    if (preview) options.linkPreview = await previewOf(chat, words);
    const data = await need('text')(chat, marked(words, people), options);
    return data ?? refuse('FAILED', 'the page takes the text for blank');
  }

  // ── The other kinds ─────────────────────────────────────────────────────────────────────────────────────────────

  /** @param {Adapter.Place} place */
  const location = ({ latitude, longitude, name, address }) => ({
    type: 'location',
    lat: latitude,
    lng: longitude,
    loc: [name, address].filter(Boolean).join('\n') || undefined,
  });

  /** @param {{ name: string, vcard: string }[]} cards */
  function contacts(cards) {
    const [first] = cards;
    if (cards.length === 1) return { type: 'vcard', body: first?.vcard, vcardFormattedName: first?.name };
    const vcardList = cards.map(({ name, vcard }) => ({ displayName: name, vcard, isMultiVcard: false }));
    return { type: 'multi_vcard', vcardList };
  }

  /** @param {Adapter.Poll} poll */
  const poll = ({ question, options, multiple }) => ({
    type: 'poll_creation',
    kind: 'pollCreation',
    pollName: question,
    pollOptions: options.map((name, localId) => ({ name, localId })),
    pollSelectableOptionsCount: multiple ? 0 : 1,
    messageSecret: crypto.getRandomValues(new Uint8Array(SECRET_SIZE)),
    pollContentType: 'TEXT',
    pollType: 'POLL',
  });

  /** The page looks for earlier invites by the group, and takes only the text of its id. @param {Adapter.GroupInvite} invite */
  const groupInvite = ({ group_id: group, subject, code, expires_s: expires }) => ({
    type: 'groups_v4_invite',
    inviteGrp: group,
    inviteGrpName: subject,
    inviteCode: code,
    inviteCodeExp: expires ?? undefined,
  });

  /**
   * What belongs to the chat and not to a text, from the data of a text. The page makes no data of a blank text.
   * @param {WA.Chat} chat
   * @param {Adapter.Content} wanted
   */
  async function base(chat, { reply_to: reply }) {
    const { body, subtype, ...rest } = await text(chat, { text: 'no text', reply_to: reply });
    return rest;
  }

  /** @type {Adapter.Page['dataOf']} */
  page.dataOf = async (chat, wanted) => {
    if (wanted.upload) return page.withFile(await text(chat, { text: 'no text', reply_to: wanted.reply_to }), wanted.upload, wanted.text ?? '');
    if (wanted.location) return { ...(await base(chat, wanted)), ...location(wanted.location) };
    if (wanted.contacts) return { ...(await base(chat, wanted)), ...contacts(wanted.contacts) };
    if (wanted.poll) return { ...(await base(chat, wanted)), ...poll(wanted.poll) };
    if (wanted.group_invite) return { ...(await base(chat, wanted)), ...groupInvite(wanted.group_invite) };
    if (wanted.forward) return { ...(await base(chat, wanted)), ...(await page.passedOn(wanted.forward)) };
    return text(chat, wanted);
  };

  return { forms: {}, deferred, calls: {} };
})
