// What the page remembers, told in each chat's own order: asked for only where the page's table of messages cannot be read.
/** @type {Adapter.File} */
(function chats(page) {
  'use strict';
  const { whole, need, describe, keyText, push, said } = page;
  /** @param {unknown} error */
  const fault = (error) => push('fault', { where: 'history', message: said(error) });

  /** @type {Adapter.Forms} */
  const forms = {
    history: ['older_history', whole('WAWebChatLoadMessages', 'loadEarlierMsgs')],
  };

  // Mostly earlier messages come from the browser's own storage, within milliseconds. What is not there the page may ask
  // the phone for, and that may be off: each load is waited for so long, and all of one call together.
  const LOAD_MS = 3000;
  /** Of one answer, in characters of JSON: a message may have 65,536 of its own. */
  const ANSWER_MAX = 1e6;
  const LOADS_MS = 30000;

  // The messages of each chat in order, by their keys. A collection may append what was loaded, and times are whole
  // seconds: the order is seen only while it comes about.
  const orders = new WeakMap();

  /**
   * A chat's messages, oldest first: news is later than what was there, and what a load adds is earlier.
   * @param {WA.Chat} chat
   */
  function inOrder(chat) {
    const present = new Map(chat.msgs.getModelsArray().map((msg) => [keyText(msg.id), msg]));
    const known = orders.get(chat) ?? [];
    const seen = new Set(known);
    const unseen = [...present.keys()].filter((key) => !seen.has(key));
    /** @param {string} key */
    const isNews = (key) => present.get(key)?.isNewMsg;
    const order = [...unseen.filter((key) => !isNews(key)), ...known, ...unseen.filter(isNews)];
    orders.set(chat, order);
    return order.map((key) => present.get(key)).filter((msg) => msg !== undefined);
  }

  // When the loads began that are not done. One that did not come in time is not waited for twice, which would take the
  // others' time, and is begun again only after a minute.
  const LOAD_AGAIN_MS = 60000;
  const loading = new WeakMap();

  /**
   * Builds since April 2026 take `{chat}`, older ones the chat.
   * @param {WA.Chat} chat
   */
  async function load(chat) {
    const { loadEarlierMsgs } = need('history');
    try {
      return await loadEarlierMsgs({ chat });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return await loadEarlierMsgs(chat);
    }
  }

  /**
   * False if it is not done in time.
   * @param {WA.Chat} chat
   * @param {number} until
   */
  async function loadEarlier(chat, until) {
    if (performance.now() - loading.get(chat) < LOAD_AGAIN_MS) return false;
    loading.set(chat, performance.now());
    const done = load(chat).finally(() => loading.delete(chat));
    let timer;
    const late = new Promise((resolve) => {
      const patience = Math.max(0, Math.min(LOAD_MS, until - performance.now()));
      timer = setTimeout(() => resolve('late'), patience);
    });
    try {
      return (await Promise.race([done, late])) !== 'late';
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Loads a chat back to a time, or to its beginning. False if that takes too long.
   * @param {WA.Chat} chat
   * @param {number} since
   * @param {number} until
   */
  async function reachBack(chat, since, until) {
    let messages = inOrder(chat);
    let oldest;
    do {
      if (messages.some((msg) => Number(msg.t) < since)) return true;
      [oldest] = messages;
      if (!(await loadEarlier(chat, until))) return false;
      messages = inOrder(chat);
    } while (messages[0] !== oldest);
    return true;
  }

  /**
   * Everything not older than `since` (unix seconds) of all chats, loading back where memory does not reach; of that at
   * most `limit` after the first `skip`, and where the next part begins. What arrives between two calls shifts the rest
   * back: told twice, not missed. `partial` where a chat does not load, or a message cannot be told: that may come before
   * what has been told.
   * @type {Adapter.Calls['history']}
   */
  async function history({ since, skip, limit }) {
    // Also missing while the page is still defining its modules: then nothing is known of the past.
    need('history');
    const socket = need('socket');
    // A document that is still catching up does not know what it is missing.
    if (socket.state !== 'CONNECTED' || !socket.hasSynced) throw new Error('the page is still catching up');
    const collected = [];
    let partial = false;
    // One chat or message that is odd does not cost the others.
    /** @param {unknown} error */
    const failed = (error) => {
      partial = true;
      fault(error);
    };
    const until = performance.now() + LOADS_MS;
    for (const chat of need('chats').getModelsArray()) {
      try {
        if (!(await reachBack(chat, since, until))) partial = true;
      } catch (error) {
        failed(error);
      }
      try {
        // Between chats it goes by time; within one, a time that steps back changes no order.
        let at = 0;
        for (const msg of inOrder(chat)) {
          at = Math.max(at, Number(msg.t) || 0);
          if (at >= since) collected.push({ at, msg });
        }
      } catch (error) {
        failed(error);
      }
    }
    collected.sort((a, b) => a.at - b.at);
    const messages = [];
    let next = skip;
    let size = 0;
    while (next < Math.min(skip + limit, collected.length)) {
      try {
        const message = describe(collected[next].msg);
        size += JSON.stringify(message).length;
        if (messages.length > 0 && size > ANSWER_MAX) break;
        messages.push(message);
      } catch (error) {
        failed(error);
      }
      next += 1;
    }
    return { messages, next, more: next < collected.length, partial };
  }

  /** @type {Promise<unknown>} */
  let lastTurn = Promise.resolve();

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    /** One after the other: of two loads of a chat at once nobody could tell which messages are the earlier. */
    history: (argument) => {
      const turn = lastTurn.then(() => history(argument));
      lastTurn = turn.catch(() => {});
      return turn;
    },
  };

  return { forms, calls };
})
