// Who is online. Others' presence is told only to those who show their own: with PRESENCE=available this account is shown as
// online, else nothing here is used.
/** @type {Adapter.File} */
(function presence(page) {
  'use strict';
  const { whole, from, need, has, attempt, guarded, refuse, widText, phoneOf, asWid, options } = page;

  /** @type {Adapter.Forms} */
  const deferred = {
    presences: ['presence', from('WAWebPresenceCollection', (m) => m.PresenceCollection)],
    availability: ['presence', whole('WAWebPresenceChatAction', 'sendPresenceAvailable')],
  };

  /** How many people are followed; who was asked for longest ago makes room. */
  const FOLLOWED_MAX = 256;
  /** How long a first answer of the server is waited for. */
  const ANSWER_MS = 2000;
  const LOOK_MS = 50;
  /** The page itself tells at each connect that nobody looks at it: what is told here follows that. */
  const AFTER_MS = 500;

  /** The LIDs of those who are followed, in the order in which they were asked for. @type {Set<string>} */
  const followed = new Set();
  let isUp = false;

  /** @param {string} lid */
  const subscribe = async (lid) => {
    const wid = asWid(lid);
    if (wid) await need('presences').find(wid);
  };

  /** After each connect the page has forgotten what it knew, and the server whom it told. */
  async function renew() {
    if (!isUp || !has('availability')) return;
    need('availability').sendPresenceAvailable();
    for (const lid of followed) await subscribe(lid);
  }

  function look() {
    const { stream } = need('socket');
    const was = isUp;
    isUp = stream === 'CONNECTED';
    if (isUp && !was) setTimeout(guarded('presence', renew), AFTER_MS);
  }

  /** The account's own LID of a person: the page asks the server by nothing else. @param {string} id */
  async function lidFor(id) {
    const wid = await page.lookUp(id);
    if (!wid) return refuse('NOT_ON_WHATSAPP', 'the number is not on WhatsApp');
    const chat = await page.openChat(widText(wid) ?? id);
    const lid = chat.accountLid ?? chat.id;
    if (lid.server !== 'lid') refuse('FAILED', 'WhatsApp tells no LID of this person');
    return widText(lid) ?? '';
  }

  /** @param {string} lid */
  function told(lid) {
    const model = need('presences').get(asWid(lid));
    if (!model?.hasData) return { state: null, last_seen_s: null, hidden: false };
    const { type, t, deny } = model.chatstate ?? {};
    const known = ['typing', 'recording_audio'].includes(type ?? '') ? type : model.isOnline ? 'available' : 'unavailable';
    return { state: known === 'recording_audio' ? 'recording' : (known ?? null), last_seen_s: Number(t) || null, hidden: deny === true };
  }

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    /** Follows a person from now on, and tells what is known. */
    async presence({ chat: id }) {
      const given = asWid(id);
      const lid = given?.server === 'lid' ? id : (page.lidOf(given) ?? (await lidFor(id)));
      followed.delete(lid);
      followed.add(lid);
      for (const oldest of followed) {
        if (followed.size <= FOLLOWED_MAX) break;
        followed.delete(oldest);
      }
      await subscribe(lid);
      const end = performance.now() + ANSWER_MS;
      while (told(lid).state === null && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      return { lid, phone: phoneOf(lid) ?? attempt(() => phoneOf(given)), ...told(lid) };
    },
  };

  /** @type {Adapter.Part} */
  const part = { forms: {}, deferred, calls };
  if (options.available) {
    part.listeners = { socket: (socket) => socket.on('change:stream', guarded('presence', look)) };
    part.looks = { presence: look };
  }
  return part;
})
