// The chats, people and groups that the page has in memory, in parts: a part takes the page's main thread for a few
// milliseconds, however many there are. WhatsApp's server is asked for nothing here.
//
// The page has one contact for a person's LID and one for the number: the service makes one person of them.
/** @type {Adapter.File} */
(function directory(page) {
  'use strict';
  const { attempt, need, refuse, widText, phoneOf, lidOf, asWid } = page;

  /** How long the main thread is taken for one part, and how many entries one answer has: it is written as JSON too. */
  const PART_MS = 15;
  const PART_MAX = 400;
  const NAME_MAX = 256;
  const DESCRIPTION_MAX = 2048;
  const FOR_EVER = -1;

  /**
   * @param {unknown} value
   * @param {number} [max]
   */
  const words = (value, max = NAME_MAX) => (typeof value === 'string' && value !== '' ? value.slice(0, max).toWellFormed() : null);
  /** @param {unknown} value */
  const count = (value) => (Number.isFinite(Number(value)) ? Math.max(0, Math.floor(Number(value))) : 0);
  /** @param {unknown} value */
  const seconds = (value) => count(value) || null;
  /** @param {Adapter.Anyone} wid */
  const isPerson = (wid) => /@(c\.us|lid)$/.test(widText(wid) ?? '');
  /** @param {Adapter.Anyone} wid */
  const both = (wid) => (isPerson(wid) ? { phone: phoneOf(wid), lid: lidOf(wid) } : { phone: null, lid: null });

  /** @param {WA.Chat} chat */
  function nameOf(chat) {
    const { contact, groupMetadata: group } = chat;
    return words(group?.subject) ?? words(contact?.name) ?? words(contact?.pushname) ?? words(contact?.verifiedName) ?? words(chat.name);
  }

  /** @param {WA.Chat} chat */
  function ofChat(chat) {
    const until = Number(chat.mute?.expiration ?? 0);
    return {
      id: widText(chat.id) ?? '',
      ...both(chat.id),
      name: nameOf(chat),
      unread: count(chat.unreadCount),
      marked_unread: Number(chat.unreadCount) < 0,
      archived: Boolean(chat.archive),
      pinned: Number(chat.pin) > 0 || chat.pin === true,
      muted: until === FOR_EVER || until > Date.now() / 1000,
      muted_until_s: until === FOR_EVER ? null : seconds(until),
      read_only: Boolean(chat.isReadOnly),
      last_s: seconds(chat.t),
    };
  }

  /** @param {WA.Contact} contact */
  function ofContact(contact) {
    return {
      ...both(contact.id),
      name: words(contact.name),
      pushname: words(contact.pushname),
      verified_name: words(contact.verifiedName),
      business: Boolean(contact.isBusiness),
      blocked: Boolean(contact.isContactBlocked),
      me: Boolean(attempt(() => need('me').isMeAccount(/** @type {WA.Wid} */ (contact.id)))),
    };
  }

  /** @param {{ isAdmin?: boolean; isSuperAdmin?: boolean }} member @returns {Adapter.Role} */
  const roleOf = ({ isAdmin, isSuperAdmin }) => (isSuperAdmin ? 'creator' : isAdmin ? 'admin' : 'member');

  /** @param {WA.GroupMetadata} group @returns {Adapter.Role | null} */
  function ownRole({ participants }) {
    if (!attempt(() => participants.iAmMember?.())) return null;
    const isSuperAdmin = Boolean(attempt(() => participants.iAmSuperAdmin?.()));
    return roleOf({ isSuperAdmin, isAdmin: Boolean(attempt(() => participants.iAmAdmin())) });
  }

  /**
   * A group that the page knows only from a message is stale: the page asks the server for the rest when it needs it.
   * @param {WA.GroupMetadata} group
   */
  function ofGroup(group) {
    return {
      id: widText(group.id) ?? '',
      known: !group.stale,
      subject: words(group.subject),
      description: words(group.desc, DESCRIPTION_MAX),
      owner: group.owner ? both(group.owner) : null,
      created_s: seconds(group.creation),
      members: group.participants.getModelsArray().length,
      role: ownRole(group),
      announce: Boolean(group.announce),
      restrict: Boolean(group.restrict),
      approval: Boolean(group.membershipApprovalMode),
      members_add: group.memberAddMode === 'all_member_add',
      ephemeral_s: count(group.ephemeralDuration),
      by_lid: Boolean(group.isLidAddressingMode),
      community: Boolean(group.isParentGroup),
      parent: group.parentGroup ? widText(group.parentGroup) : null,
    };
  }

  /**
   * The models of a list as they were when its first part was read: the page sorts its own array in between.
   * @type {{ [kind in Adapter.Kind]?: any[] }}
   */
  const held = {};
  /** Where the entries of a list come from; null for a model that is none, which is found out part by part too. */
  const lists = {
    chats: { all: () => need('chats').getModelsArray(), describe: ofChat },
    contacts: { all: () => need('contacts').getModelsArray(), describe: (/** @type {WA.Contact} */ contact) => (isPerson(contact.id) ? ofContact(contact) : null) },
    groups: { all: () => need('chats').getModelsArray(), describe: (/** @type {WA.Chat} */ { groupMetadata }) => (groupMetadata ? ofGroup(groupMetadata) : null) },
  };

  /** @param {string} id */
  function chatOf(id) {
    const wid = asWid(id);
    const chat = wid && (attempt(() => need('chats').getLatestChatForWid(wid)) ?? need('chats').get(wid) ?? need('chats').get(asWid(lidOf(wid))));
    return chat ?? refuse('CHAT_ABSENT', 'the page has no such chat');
  }
  Object.assign(page, { heldChat: chatOf, chatNow: ofChat });

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    /** A part of a list, from the `from`th model. A model that is no entry, or cannot be described, is left out. */
    async directory({ kind, from }) {
      const until = performance.now() + PART_MS;
      const { all, describe } = lists[kind];
      if (from === 0) held[kind] = [...all()];
      const models = held[kind] ?? refuse('FAILED', 'the list was read to its end already');
      const items = [];
      let at = from;
      while (at < models.length && items.length < PART_MAX && performance.now() < until) {
        const item = attempt(() => describe(models[at]));
        if (item) items.push(item);
        at += 1;
      }
      const next = at < models.length ? at : null;
      if (next === null) delete held[kind];
      return { items, next };
    },

    chat_now: async ({ chat }) => ofChat(chatOf(chat)),

    /** A group with its members. With `ask` the page asks the server where it does not know them. */
    async group_now({ group: id, ask }) {
      const wid = asWid(id);
      if (!wid || !need('chats').get(wid)) refuse('CHAT_ABSENT', 'the page has no such group');
      const metadata = () => need('chats').get(wid)?.groupMetadata;
      if (ask && metadata()?.stale !== false) await need('groups').find(/** @type {WA.Wid} */ (wid));
      const group = metadata() ?? refuse('CHAT_ABSENT', 'the page has no such group');
      const people = group.participants.getModelsArray().map((member) => ({ ...both(member.id), role: roleOf(member) }));
      return { ...ofGroup(group), people };
    },
  };

  return { forms: {}, calls };
})
