// Who is online. Others' presence is told only to those who show their own: with PRESENCE=available this account is shown as
// online, else nothing here is used.
/** @type {Adapter.File} */
(function presence(page) {
  'use strict';
  const { whole, from, need, has, attempt, guarded, refuse, push, widText, phoneOf, asWid, options } = page;

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
  /** What the page says of a person when something has changed. It tells a change of a person in several events. */
  const CHANGES = ['isOnline', 'hasData', 'chatstate.type', 'chatstate.t', 'chatstate.deny'];
  /** Changes of a person within this time are told as one. */
  const TOLD_AFTER_MS = 100;

  /** The LIDs of those who are followed, in the order in which they were asked for. @type {Set<string>} */
  const followed = new Set();
  /** What was told last of each of them. @type {Map<string, string>} */
  const lastTold = new Map();
  /** The LIDs of those who have changed since. @type {Set<string>} */
  const changed = new Set();
  let isUp = false;
  let listens = false;

  /** @param {string} lid */
  const subscribe = async (lid) => {
    const wid = asWid(lid);
    if (wid) await need('presences').find(wid);
  };

  /** Tells what became of those who have changed; nothing of those who are again as they were. */
  function tellChanges() {
    const lids = [...changed];
    changed.clear();
    for (const lid of lids) {
      const now = told(lid);
      const text = JSON.stringify(now);
      if (!followed.has(lid) || lastTold.get(lid) === text) continue;
      lastTold.set(lid, text);
      push('presence', { lid, phone: phoneOf(lid), ...now });
    }
  }

  /** The page's own collection tells of each change, of a person by their LID. */
  function listen() {
    if (listens) return;
    listens = true;
    const note = guarded('presence', (/** @type {{ id?: WA.Wid | string } | undefined} */ of) => {
      const lid = widText(of?.id) ?? '';
      if (!followed.has(lid)) return;
      if (changed.size === 0) setTimeout(guarded('presence', tellChanges), TOLD_AFTER_MS);
      changed.add(lid);
    });
    for (const name of CHANGES) need('presences').on(`change:${name}`, note);
  }

  /** Follows a person. Who was asked for longest ago makes room. @param {string} lid */
  async function follow(lid) {
    listen();
    if (!lastTold.has(lid)) lastTold.set(lid, JSON.stringify(told(lid)));
    followed.delete(lid);
    followed.add(lid);
    for (const oldest of followed) {
      if (followed.size <= FOLLOWED_MAX) break;
      followed.delete(oldest);
      lastTold.delete(oldest);
    }
    await subscribe(lid).catch((error) => {
      followed.delete(lid);
      throw error;
    });
  }

  /** After each connect the page has forgotten what it knew, and the server whom it told. */
  async function renew() {
    if (!isUp || !has('availability')) return;
    need('availability').sendPresenceAvailable();
    // One of whom the server tells nothing keeps nobody else from being followed.
    for (const lid of followed) await subscribe(lid).catch(() => {});
  }

  function look() {
    const { stream } = need('socket');
    const was = isUp;
    isUp = stream === 'CONNECTED';
    if (isUp && !was) setTimeout(guarded('presence', renew), AFTER_MS);
  }

  /** The LID of a person, of whom there may be no chat: the page asks the server by nothing else. @param {string} id */
  async function lidFor(id) {
    const [person] = await page.identities([id]);
    if (!person) return refuse('NOT_ON_WHATSAPP', 'the number is not on WhatsApp');
    return person.lid ?? refuse('FAILED', 'WhatsApp tells no LID of this person');
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
      await follow(lid);
      const end = performance.now() + ANSWER_MS;
      while (told(lid).state === null && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      return { lid, phone: phoneOf(lid) ?? attempt(() => phoneOf(given)), ...told(lid) };
    },
    /** Follows those whom an earlier document of the page has followed. */
    async follow({ lids }) {
      let failure = null;
      for (const lid of lids) if (!followed.has(lid)) await follow(lid).catch((error) => void (failure = error));
      if (failure) throw failure;
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
