// The messages that the page remembers, in each chat's own order: used only if the page's table cannot be read.
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

  // Most earlier messages come from the browser's own storage, within milliseconds. The page may ask the phone for the
  // others, and the phone may be off: this limits each load, and LOADS_MS all loads of one call together.
  const LOAD_MS = 3000;
  /** The largest answer, in characters of JSON: a single message may have 65,536. */
  const ANSWER_MAX = 1e6;
  const LOADS_MS = 30000;

  // The messages of each chat in order, by their keys. A collection may append loaded messages, and times are whole
  // seconds: the order can only be recorded while it forms.
  const orders = new WeakMap();

  /**
   * A chat's messages, oldest first: new messages follow the known ones, and loaded messages precede them.
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

  // When each unfinished load began. A load that was late is not waited for again, which would use up the time of
  // other chats, and is started again only after a minute.
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
   * False if the load takes too long.
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
   * Every message of all chats that is not older than `since` (unix seconds), loading back where memory does not
   * reach; at most `limit` messages after the first `skip`, and where the next part begins. A message that arrives
   * between two calls shifts the rest back, so a message may be told twice but none is missed. `partial` is set if a
   * chat does not load or a message cannot be described; the missing messages may be earlier than those told.
   * @type {Adapter.Calls['history']}
   */
  async function history({ since, skip, limit }) {
    // This also fails while the page is defining its modules: then nothing is known of the past.
    need('history');
    const socket = need('socket');
    // A document that is still catching up does not know which messages it lacks.
    if (socket.state !== 'CONNECTED' || !socket.hasSynced) throw new Error('the page is still catching up');
    const collected = [];
    let partial = false;
    // A faulty chat or message does not affect the others.
    /** @param {unknown} error */
    const failed = (error) => {
      partial = true;
      fault(error);
    };
    const until = performance.now() + LOADS_MS;
    // A copy: the page sorts its own array while a chat is waited for.
    for (const chat of [...need('chats').getModelsArray()]) {
      try {
        if (!(await reachBack(chat, since, until))) partial = true;
      } catch (error) {
        failed(error);
      }
      try {
        // Chats are merged by time; within a chat, a time that steps back does not change the order.
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
    /** One call after the other: during two loads of one chat nobody could tell which messages are earlier. */
    history: (argument) => {
      const turn = lastTurn.then(() => history(argument));
      lastTurn = turn.catch(() => {});
      return turn;
    },
  };

  return { forms, calls };
})
