// The page adapter: the only code that knows WhatsApp's modules, with history.js. One function expression; the service
// calls it with its options and with history.js in every document, before any script of the page.
//
// It reports through one binding, as numbered JSON: {epoch, n, type, …}. The epoch names the document, n counts up
// without a gap. It answers calls through window[options.api](name, argument) with {ok, value} or {ok, code, message}.
// It never throws into the page, and polls only while modules are still being defined.
(function adapter(options, reading) {
  'use strict';
  if (window.top !== window || location.origin !== options.origin || window[options.api]) return;
  const report = window[options.binding];
  if (typeof report !== 'function') return;
  // The page has no business with the binding, nor any way to notice it.
  delete window[options.binding];

  const POLL_MS = 250;
  const epoch = `${Math.round(performance.timeOrigin)}-${Math.random().toString(36).slice(2, 10)}`;
  let n = 0;

  /** Half a surrogate pair, of an emoji cut in two, is no text for anybody else. */
  const readable = (_, value) => (typeof value === 'string' ? value.toWellFormed() : value);

  function push(type, data) {
    n += 1;
    report(JSON.stringify({ epoch, n, type, ...data }, readable));
  }

  /** What went wrong, short and without the phone numbers that WhatsApp's errors carry. */
  const said = (error) => String(error?.message ?? error).replace(/\d{6,}/g, '…').slice(0, 200);

  /** Wraps a listener: what goes wrong in it is reported, and never reaches the page's own event loop. */
  function guarded(name, listener) {
    const fail = (error) => push('fault', { where: name, message: said(error) });
    return (...args) => {
      try {
        const result = listener(...args);
        if (result && typeof result.catch === 'function') result.catch(fail);
      } catch (error) {
        fail(error);
      }
    };
  }

  // ── Capabilities: what the service needs of the page, and the forms it is found in, first that works ──────────────

  function attempt(get) {
    try {
      return get() || null;
    } catch {
      return null;
    }
  }

  const module = (name) => attempt(() => window.require(name));

  /** name → [what breaks without it, [module, what to take of it]…] */
  const FORMS = {
    socket: ['session', ['WAWebSocketModel', (m) => m.Socket]],
    me: ['session', ['WAWebUserPrefsMeUser', (m) => m.getMaybeMePnUser && m]],
    command: ['session', ['WAWebCmd', (m) => m.Cmd]],
    conn: ['session', ['WAWebConnModel', (m) => m.Conn]],
    noise: ['code', ['WAWebUserPrefsInfoStore', (m) => m.waNoiseInfo]],
    signal: ['code', ['WAWebSignalStoreApi', (m) => m.waSignalStore]],
    base64: ['code', ['WABase64', (m) => m.encodeB64]],
    secret: [
      'code',
      ['WAWebUserPrefsMultiDevice', (m) => m.getADVSecretKey && (() => m.getADVSecretKey())],
      ['WAWebAdvSignatureApi', (m) => m.getADVSecretKey && (() => m.getADVSecretKey())],
    ],
    platform: ['code', ['WAWebCompanionRegClientUtils', (m) => m.DEVICE_PLATFORM]],
    pairing: ['pairing', ['WAWebAltDeviceLinkingApi', (m) => m.startAltLinkingFlow && m]],
    messages: ['session', ['WAWebCollections', (m) => m.Msg], ['WAWebMsgCollection', (m) => m.MsgCollection]],
    chats: ['send', ['WAWebCollections', (m) => m.Chat], ['WAWebChatCollection', (m) => m.ChatCollection]],
    contact: ['identity', ['WAWebApiContact', (m) => m.getPhoneNumber && m]],
    typing: ['typing', ['WAWebChatStateBridge', (m) => m.sendChatStateComposing && m]],
    history: ['history', ['WAWebChatLoadMessages', (m) => m.loadEarlierMsgs && m]],
    wid: ['send', ['WAWebWidFactory', (m) => m.createWid && m]],
    exists: ['send', ['WAWebQueryExistsJob', (m) => m.queryWidExists && ((wid) => m.queryWidExists(wid))]],
    open: ['send', ['WAWebFindChatAction', (m) => m.findOrCreateLatestChat && ((wid) => m.findOrCreateLatestChat(wid))]],
    key: ['send', ['WAWebMsgKey', (m) => m.newId && m], ['WAWebMsgKey', (m) => m.default?.newId && m.default]],
    send: ['send', ['WAWebSendMsgChatAction', (m) => m.addAndSendMsgToChat && ((chat, msg) => m.addAndSendMsgToChat(chat, msg))]],
    ephemeral: ['send', ['WAWebGetEphemeralFieldsMsgActionsUtils', (m) => m.getEphemeralFields && ((chat) => m.getEphemeralFields(chat))]],
  };
  const found = {};
  const forms = {};

  /** Looks for what is still missing. True when nothing is. */
  function resolve() {
    for (const [name, [, ...candidates]] of Object.entries(FORMS)) {
      if (found[name] !== undefined) continue;
      for (const [source, take] of candidates) {
        const exports = module(source);
        const value = exports && attempt(() => take(exports));
        if (value) {
          found[name] = value;
          forms[name] = source;
          break;
        }
      }
    }
    return Object.keys(FORMS).every((name) => found[name] !== undefined);
  }

  function need(name) {
    if (found[name] === undefined) resolve();
    if (found[name] !== undefined) return found[name];
    const [, ...candidates] = FORMS[name];
    throw Object.assign(new Error(candidates.map(([source]) => source).join(' or ')), { code: 'MISSING' });
  }

  /** The capability table: found by which form, or missing and what that breaks. */
  function surface(settled) {
    const missing = Object.entries(FORMS).filter(([name]) => found[name] === undefined);
    push('surface', {
      settled,
      loader: typeof window.require === 'function',
      found: forms,
      missing: missing.map(([name, [breaks, ...candidates]]) => ({ name, breaks, modules: candidates.map(([m]) => m) })),
    });
  }

  // ── Ids ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  const widText = (wid) => (wid == null ? null : typeof wid === 'string' ? wid : (wid._serialized ?? `${wid.user}@${wid.server}`));

  function keyText(key) {
    if (key._serialized) return key._serialized;
    const parts = [Boolean(key.fromMe), widText(key.remote), key.id];
    if (key.participant) parts.push(widText(key.participant));
    return parts.join('_');
  }

  /** The phone digits behind a wid, where the page knows them. Never the digits of a LID. */
  function phoneOf(wid) {
    if (!wid || typeof wid === 'string') return null;
    if (wid.server === 'c.us') return wid.user;
    if (wid.server !== 'lid' || !found.contact) return null;
    return attempt(() => found.contact.getPhoneNumber(wid).user);
  }

  // ── What the service is told ────────────────────────────────────────────────────────────────────────────────────

  let lastStatus = '';

  /** The whole level every time something may have moved: no edge is missed, whenever we began to listen. */
  function status() {
    const { socket, me, conn } = found;
    if (!socket || !me || !conn) return;
    const phone = me.getMaybeMePnUser();
    const lid = me.getMaybeMeLidUser?.();
    const paired = Boolean(phone || lid);
    const level = {
      socket: socket.state || 'UNLAUNCHED',
      synced: Boolean(socket.hasSynced),
      online: navigator.onLine,
      subscribed: watched.has('messages'),
      version: window.Debug?.VERSION ?? null,
      account: paired
        ? {
            phone: phone?.user ?? null,
            lid: widText(lid),
            pushname: me.getMaybeMeDisplayName?.() ?? conn.pushname ?? null,
            platform: conn.platform ?? null,
          }
        : null,
    };
    const text = JSON.stringify(level);
    if (text === lastStatus) return;
    lastStatus = text;
    push('status', level);
  }

  const waitsForPhone = () => ['UNPAIRED', 'UNPAIRED_IDLE'].includes(found.socket?.state);
  let lastCode = null;
  let codeTurn = null;
  let observer = null;

  async function composeCode(ref) {
    const [noise, registration, secret] = await Promise.all([
      need('noise').get(),
      need('signal').getRegistrationInfo(),
      need('secret')(),
    ]);
    const encode = need('base64');
    const keys = [encode(noise.staticKeyPair.pubKey), encode(registration.identityKeyPair.pubKey)];
    const parts = [ref, ...keys, secret, need('platform')];
    return parts.every(Boolean) ? parts.join(',') : null;
  }

  /** The picture's own text. It is drawn after the ref changes, so it counts only if it is of this ref. */
  function shownCode(ref) {
    const element = document.querySelector('[data-testid="link-device-qr-code"][data-ref], div[data-ref]');
    const text = element?.getAttribute('data-ref') ?? null;
    return text?.split(',')[0] === ref ? text : null;
  }

  /** Only where the code cannot be composed is the DOM watched: the picture's attribute changes with it. */
  function watchDom() {
    if (observer) return;
    observer = new MutationObserver(guarded('code', code));
    observer.observe(document.documentElement, { subtree: true, childList: true, attributeFilter: ['data-ref'] });
  }

  async function presentCode() {
    // UNPAIRED comes seconds before the ref: no ref, no code.
    const ref = found.socket?.state === 'UNPAIRED' ? found.conn?.ref : null;
    if (!ref) return { code: null, source: 'modules' };
    const composed = await composeCode(ref).catch(() => null);
    if (composed) return { code: composed, source: 'modules' };
    watchDom();
    return { code: shownCode(ref), source: 'dom' };
  }

  /** One at a time, and once more if something moved meanwhile: the last word is always about the present. */
  async function code() {
    if (codeTurn) {
      codeTurn.again = true;
      return;
    }
    codeTurn = { again: true };
    try {
      while (codeTurn.again) {
        codeTurn.again = false;
        const present = await presentCode();
        if (!codeTurn.again && present.code !== lastCode) {
          lastCode = present.code;
          push('code', present);
        }
      }
    } finally {
      codeTurn = null;
    }
  }

  function describe(msg) {
    const key = msg.id;
    return {
      id: keyText(key),
      from_me: Boolean(key.fromMe),
      chat: widText(key.remote),
      author: widText(msg.author ?? key.participant),
      from: widText(msg.from),
      to: widText(msg.to),
      phone: phoneOf(key.remote),
      kind: msg.type ?? 'unknown',
      // The body of a picture is a picture.
      body: String((msg.type === 'chat' ? msg.body : msg.caption) ?? ''),
      name: msg.notifyName || null,
      media: msg.mimetype ? { mimetype: msg.mimetype, size: Number(msg.size) || null, filename: msg.filename || null } : null,
      quoted: msg.quotedStanzaID || null,
      t: Number(msg.t) || 0,
      ack: Number(msg.ack) || 0,
      is_new: Boolean(msg.isNewMsg),
    };
  }

  function watchMessages(messages) {
    const changed = guarded('changed', (msg) => push('changed', { message: describe(msg) }));
    // After every load and link the page replays history as `add`; only what is new is news.
    messages.on('add', guarded('message', (msg) => msg.isNewMsg && push('message', { message: describe(msg) })));
    messages.on('change:ack', guarded('ack', (msg) => push('ack', { id: keyText(msg.id), ack: Number(msg.ack) || 0 })));
    for (const name of ['change:type', 'change:body', 'change:latestEditMsgKey']) messages.on(name, changed);
  }

  const WATCH = {
    socket: (socket) => {
      const moved = guarded('socket', () => {
        status();
        return code();
      });
      socket.on('change:state', moved);
      socket.on('change:hasSynced', moved);
    },
    conn: (conn) => {
      conn.on('change:ref', guarded('code', code));
      conn.on('change:pushname', guarded('status', status));
    },
    command: (command) => {
      const logout = guarded('logout', () => push('logout', {}));
      command.on('logout', logout);
      command.on('logout_from_bridge', logout);
      command.on('offline_progress_update_from_bridge', guarded('progress', () => push('progress', {})));
    },
    messages: watchMessages,
  };
  const watched = new Set();

  /** Listens to what has been found, then reads the present: an event that fired before is not missed. */
  function watch() {
    for (const [name, listen] of Object.entries(WATCH)) {
      if (found[name] === undefined || watched.has(name)) continue;
      guarded(name, () => {
        listen(found[name]);
        watched.add(name);
      })();
    }
    guarded('status', status)();
    guarded('code', code)();
  }

  // ── What the service asks ───────────────────────────────────────────────────────────────────────────────────────

  const refuse = (code, message) => {
    throw Object.assign(new Error(message), { code });
  };

  async function openChat(id) {
    const wid = need('wid').createWid(id);
    const known = need('chats').get(wid);
    if (known) return known;
    const opened = await need('open')(wid);
    return opened?.chat ?? opened ?? refuse('FAILED', 'the page could not open the chat');
  }

  /** The key a message of ours has in a chat: from my LID where the chat lives under one, groups too. */
  function keyFor(chat, id) {
    const isGroup = chat.id.server === 'g.us';
    const me = need('me');
    const byLid = isGroup || chat.id.server === 'lid';
    const from = (byLid && me.getMaybeMeLidUser?.()) || me.getMaybeMePnUser();
    if (!from) refuse('FAILED', 'the page does not know who I am');
    const participant = isGroup ? need('wid').asUserWidOrThrow(from) : undefined;
    const Key = need('key');
    return { from, key: new Key({ from, to: chat.id, id, participant, selfDir: 'out' }) };
  }

  async function exists(id) {
    const answer = await need('exists')(need('wid').createWid(id));
    return answer ? widText(answer.wid) : null;
  }

  const CALLS = {
    /** Resolves the recipient and reserves an id; nothing leaves. */
    async prepare({ chat: id }) {
      // Opening a chat by a phone number the page has not resolved fails with "No LID for user".
      const target = id.endsWith('@c.us') ? await exists(id) : id;
      if (!target) refuse('NOT_ON_WHATSAPP', 'the number is not on WhatsApp');
      const chat = await openChat(target);
      const raw = await need('key').newId();
      const talked = chat.msgs.getModelsArray().some((msg) => msg.type === 'chat' || msg.mimetype);
      return { message_id: keyText(keyFor(chat, raw).key), raw_id: raw, chat_id: widText(chat.id), talked };
    },

    /** Shows the other side that somebody writes; what is sent ends it. */
    async typing({ chat_id: chatId }) {
      const chat = await openChat(chatId);
      await need('typing').sendChatStateComposing(chat.id);
    },

    /** Sends under the reserved id; at most once, however often it is called. Whether it got there, acks tell. */
    async dispatch({ chat_id: chatId, raw_id: raw, text }) {
      const chat = await openChat(chatId);
      const { from, key } = keyFor(chat, raw);
      const messages = need('messages');
      if (messages.get(keyText(key))) return { ack: Number(messages.get(keyText(key)).ack) || 0 };
      const message = {
        id: key,
        ack: 0,
        body: text,
        from,
        to: chat.id,
        local: true,
        self: 'out',
        t: Math.floor(Date.now() / 1000),
        isNewMsg: true,
        type: 'chat',
        ...need('ephemeral')(chat),
      };
      try {
        const [added, sent] = await need('send')(chat, message);
        Promise.resolve(sent).catch(guarded('send', (error) => Promise.reject(error)));
        await added;
      } catch (error) {
        // A message that the page holds will leave, now or after a reconnect: that is no refusal.
        if (!messages.get(keyText(key))) throw error;
      }
      return { ack: Number(messages.get(keyText(key))?.ack) || 0 };
    },

    /** Phone numbers become known some time after the first message of somebody new. */
    async phone({ chat }) {
      return { phone: phoneOf(need('wid').createWid(chat)) };
    },

    async exists({ chat }) {
      return { chat_id: await exists(chat) };
    },

    /** How far a message of ours has got, also one that is not in memory; null where the page does not know it. */
    async ack({ message_id: id }) {
      const messages = need('messages');
      const message = messages.get(id) ?? (await messages.getMessagesById([id])).messages[0];
      return { ack: message ? Number(message.ack) || 0 : null };
    },

    history: reading({ need, describe, keyText, fault: (error) => push('fault', { where: 'history', message: said(error) }) }),

    async pairing_code({ phone }) {
      if (!waitsForPhone()) refuse('NOT_WAITING', 'the page is not waiting for a phone');
      const pairing = need('pairing');
      pairing.setPairingType('ALT_DEVICE_LINKING');
      await pairing.initializeAltDeviceLinking();
      return { code: await pairing.startAltLinkingFlow(phone, true) };
    },

    // What these give back is the page's own, and mostly no JSON.
    refresh_code: () => void need('command').refreshQR(),
    reconnect: () => void need('socket').reconnect(),
    takeover: () => void need('socket').takeover(),
    /** Not awaited: the page navigates away under it. */
    logout: () => guarded('logout', () => need('socket').logout())(),
  };

  async function answer(name, argument) {
    try {
      const value = await CALLS[name](argument);
      return { ok: true, value: value ?? null };
    } catch (error) {
      return { ok: false, code: error?.code ?? 'FAILED', message: said(error) };
    }
  }

  Object.defineProperty(window, options.api, { value: answer });

  // ── Start ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** WhatsApp shows a browser it does not want a page without its loader, that links to a newer Chrome. */
  const asksForAnotherBrowser = () =>
    document.readyState === 'complete' &&
    typeof window.require !== 'function' &&
    Boolean(document.querySelector('a[href*="google.com/chrome"]'));

  let completeAt = null;
  let toldRefused = false;

  /** True when there is nothing more to look for. */
  function look() {
    if (document.readyState === 'complete' && completeAt === null) completeAt = performance.now();
    const hasLoader = typeof window.require === 'function';
    const all = hasLoader && resolve();
    if (hasLoader) watch();
    if (asksForAnotherBrowser() && !toldRefused) {
      toldRefused = true;
      push('refused', {});
    }
    const settled = completeAt !== null && performance.now() - completeAt >= options.settle_ms;
    if (all || settled) surface(settled);
    return all || settled;
  }

  function keepLooking() {
    let done = false;
    try {
      done = look();
    } finally {
      if (!done) setTimeout(guarded('look', keepLooking), POLL_MS);
    }
  }

  for (const name of ['online', 'offline']) window.addEventListener(name, guarded('status', status));
  window.addEventListener(
    'load',
    guarded('load', () => {
      push('document', { status: performance.getEntriesByType('navigation')[0]?.responseStatus ?? 0 });
    }),
  );
  push('hello', {});
  guarded('look', keepLooking)();
})
