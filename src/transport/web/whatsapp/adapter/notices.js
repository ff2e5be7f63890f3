// What the page tells besides messages: entries about calls, changes of groups, names that people take, chats that are
// read.
//
// The page writes notices about most changes of a group among the messages, but none about promotions and demotions of
// others, and none about members who leave. Its function that stores a change is wrapped: the page's own function always
// runs first, with its result and its errors.
/** @type {Adapter.File} */
(function notices(page) {
  'use strict';
  const { whole, push, guarded, keyText, widText, phoneOf, lidOf, asWid, wrapped } = page;

  /** @type {Adapter.Forms} */
  const forms = {
    group_actions: ['group_changes', whole('WAWebUpdateDbForGroupActionApi', 'updateDBForGroupAction')],
  };

  const VALUE_MAX = 4096;
  const PEOPLE_MAX = 1024;

  /** @param {Adapter.Anyone} wid */
  const identity = (wid) => ({ id: String(widText(asWid(wid))), phone: phoneOf(wid), lid: lidOf(wid) });

  /** @param {WA.Msg} msg */
  function callEntry(msg) {
    const { id, from } = msg;
    const chat = asWid(id.remote);
    const group = chat?.server === 'g.us' ? widText(chat) : null;
    const peer = group ? (msg.callCreator ?? msg.author ?? from) : chat;
    const { id: name, ...known } = identity(peer);
    return {
      what: /** @type {const} */ ('call'),
      id: id.id,
      peer: name,
      ...known,
      group,
      from_me: Boolean(id.fromMe),
      video: Boolean(msg.isVideoCall),
      outcome: String(msg.callOutcome ?? 'Unknown'),
      duration_s: Number(msg.callDuration) || null,
      t: Number(msg.t) || 0,
    };
  }

  /** @param {WA.Msg} msg */
  function groupNotice(msg) {
    return {
      what: /** @type {const} */ ('group'),
      id: keyText(msg.id),
      group: String(widText(msg.id.remote)),
      change: String(msg.subtype ?? 'unknown'),
      author: msg.author ? identity(msg.author) : null,
      people: (msg.recipients ?? []).slice(0, PEOPLE_MAX).map(identity),
      value: typeof msg.body === 'string' ? msg.body.slice(0, VALUE_MAX) : null,
      t: Number(msg.t) || 0,
    };
  }

  /** What a message tells that is no message; null if it is one. */
  page.noticeOf = (msg) => {
    if (msg.type === 'call_log') return callEntry(msg);
    return msg.type === 'gp2' ? groupNotice(msg) : null;
  };

  /** Who deleted a message for everybody. The page does not name a sender who deletes a message. */
  page.revokerOf = (msg) => {
    if (msg.type !== 'revoked') return null;
    const admin = msg.subtype === 'admin';
    const who = msg.revokeSender ?? (admin ? null : (msg.author ?? msg.from));
    return { admin, person: who ? identity(page.person(who)) : null };
  };

  /**
   * A change without a notice has the id that its notice would have.
   * @param {WA.GroupMeta} meta
   * @param {WA.GroupAction} action
   */
  function tellAction(meta, action) {
    const people = (action.participants ?? []).slice(0, PEOPLE_MAX).map((one) => identity(one.id));
    const author = meta.author ? identity(meta.author) : null;
    const [only, ...others] = people;
    const goes = action.actionType === 'remove' && others.length === 0 && only?.id === author?.id;
    if (!goes && action.actionType !== 'promote' && action.actionType !== 'demote') return;
    const group = String(widText(meta.chatId));
    push('notice', {
      what: 'group',
      id: `false_${group}_${meta.externalId}${meta.ts ?? ''}`,
      group,
      change: goes ? 'leave' : action.actionType,
      author,
      people,
      value: null,
      t: Number(meta.ts) || 0,
    });
  }

  /** @param {Adapter.Capabilities['group_actions']} api */
  function watchGroups(api) {
    const original = api.updateDBForGroupAction;
    const after = guarded('group', tellAction);
    api.updateDBForGroupAction = function updateDBForGroupAction(...values) {
      const result = original.apply(this, values);
      after(values[0], values[1]);
      return result;
    };
    wrapped.push('WAWebUpdateDbForGroupActionApi.updateDBForGroupAction');
  }

  const seconds = () => Math.floor(Date.now() / 1000);

  /**
   * A person has a contact for the number and one for the LID, and both change. A name that becomes known is no change.
   * @param {WA.Contact} contact
   * @param {string | undefined} name
   * @param {string | undefined} before
   */
  function tellName(contact, name, before) {
    if (!name || !before || contact.id.server === 'g.us') return;
    push('notice', { what: 'contact', ...identity(contact.id), pushname: String(name).slice(0, 255), t: seconds() });
  }

  /**
   * @param {WA.Chat} chat
   * @param {number | undefined} count
   * @param {number | undefined} before
   */
  function tellRead(chat, count, before) {
    const [now, then] = [Number(count), Number(before)];
    // Below zero a chat was marked as unread by hand.
    if (!(now >= 0 && now < then)) return;
    const { id, ...known } = identity(chat.id);
    push('notice', { what: 'read', chat: id, ...known, unread: now, t: seconds() });
  }

  /** @type {Adapter.Listeners} */
  const listeners = {
    group_actions: watchGroups,
    contacts: (contacts) => contacts.on('change:pushname', guarded('contact', tellName)),
    chats: (chats) => chats.on('change:unreadCount', guarded('read', tellRead)),
  };

  return { forms, listeners, calls: {} };
})
