// Edits of the account's own messages: which of them WhatsApp's server has taken.
//
// The page stores and shows an edit before it sends it, and keeps its text when the server refuses it. Each edit of this page
// has a row of its own, with the server's answer; edits on other devices have none, and are known to the server. What a message
// says since an edit that the server is not known to have taken is not told.
/** @type {Adapter.File} */
(function edits(page) {
  'use strict';
  const { calling, need, keyText } = page;

  /** @type {Adapter.Forms} */
  const deferred = { edit: ['edit', calling('WAWebSendMessageEditAction', 'sendMessageEdit')] };

  /** What the page notes if the server took an edit after the time for edits: the receivers drop it. */
  const TOO_LATE = 'EditWindowExpired';
  const OPEN_MAX = 10000;

  /** The messages that the page is editing, and how often. @type {Map<WA.Msg, number>} */
  const running = new Map();
  /** The keys of the edits that the server is not known to have taken. @type {Set<string>} */
  const open = new Set();

  /** @type {Adapter.Page['editOf']} */
  const editOf = (msg) => (msg.latestEditMsgKey ? keyText(msg.latestEditMsgKey) : null);

  /**
   * @param {string} key
   * @param {boolean} taken
   */
  function note(key, taken) {
    open.delete(key);
    if (!taken) open.add(key);
    for (const oldest of open) if (open.size > OPEN_MAX) open.delete(oldest);
  }

  /** @param {WA.Row} row */
  const isTaken = (row) => Number(row.ack) >= 1 && row.errorCode !== TOO_LATE;

  /** The row of an edit; null if there is none. @param {string} key */
  const rowOf = async (key) => (page.tableIsOpen() ? ((await need('rows')().get(key)) ?? null) : null);

  /** @type {Adapter.Page['lookAtEdits']} */
  async function lookAtEdits(rows) {
    const own = rows.filter((row) => keyText(row.id).startsWith('true_')).flatMap((row) => (row.latestEditMsgKey ? [keyText(row.latestEditMsgKey)] : []));
    if (own.length === 0) return;
    const found = await need('rows')().bulkGet(own);
    own.forEach((key, index) => {
      const row = found[index];
      note(key, !row || isTaken(row));
    });
  }

  /**
   * The page has ended an edit, or failed to. Tells what the message says now, if the server took it.
   * @param {WA.Msg} msg
   * @param {string | null} before the key of the edit before this one
   * @param {boolean} isWhole the page's function has not thrown
   */
  async function settle(msg, before, isWhole) {
    const left = (running.get(msg) ?? 1) - 1;
    const key = editOf(msg);
    const isNew = key !== null && key !== before;
    if (isNew) {
      const row = isWhole ? null : await rowOf(key).catch(() => null);
      note(key, isWhole ? !msg.isSendFailure : row !== null && isTaken(row));
    }
    if (left > 0) return void running.set(msg, left);
    running.delete(msg);
    if (isNew && !page.hasOpenEdit(msg)) page.tellChange(msg);
  }

  /** @type {Adapter.Page['sendEdit']} */
  async function sendEdit(msg, text) {
    const before = editOf(msg);
    let isWhole = false;
    running.set(msg, (running.get(msg) ?? 0) + 1);
    try {
      await need('edit')(msg, text, {});
      isWhole = true;
    } finally {
      await settle(msg, before, isWhole);
    }
  }

  /** @type {Adapter.Page['editEnd']} */
  async function editEnd(msg) {
    if (msg.errorCode === TOO_LATE) return 'late';
    if (!msg.isSendFailure) return 'taken';
    const row = await rowOf(editOf(msg) ?? '').catch(() => null);
    return Number(row?.ack) < 0 ? 'refused' : 'unknown';
  }

  /** @type {Adapter.Page['isEditing']} */
  const isEditing = (msg) => running.has(msg);
  /** @type {Adapter.Page['hasOpenEdit']} */
  const hasOpenEdit = (msg) => isEditing(msg) || open.has(editOf(msg) ?? '');

  Object.assign(page, { sendEdit, editEnd, editOf, lookAtEdits, isEditing, hasOpenEdit });

  return { forms: {}, deferred, calls: {} };
})
