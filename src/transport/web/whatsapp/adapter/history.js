// The page's own table of messages, in the order in which this device received them.
//
// The page numbers the rows: history that came with a link ends at exactly 1,000,000,000, messages received since then
// begin one above. A placeholder that opens, an edit and a deletion change a row and keep its number.
/** @type {Adapter.File} */
(function history(page) {
  'use strict';
  const { whole, calling, push, said, attempt, has, need, keyText, widText, describe } = page;

  /** @type {Adapter.Forms} */
  const forms = {
    rows: ['history', calling('WAWebSchemaMessage', 'getMessageTable')],
    rowReader: ['history', calling('WAWebDBMessageSerialization', 'messageFromDbRow')],
    resend_request: [
      'resend_request',
      whole('WAWebNonMessageDataRequestPlaceholderMessageResendUtils', 'handlePlaceholderMsgsSeen'),
    ],
  };

  const LAST_HISTORY_ROW = 1e9;
  const ROW_MAX = Number.MAX_SAFE_INTEGER;
  /** The largest answer, in characters of JSON: a single message may have 65,536. */
  const ANSWER_MAX = 1e6;
  /** Rows that one scan reads without decrypting them. */
  const SCAN = 1000;
  /** Rows that are scanned for deletions, whose rows have another id than the deleted message. */
  const DELETIONS_SCAN = 5000;

  /** The device that the table belongs to: a new link is another device and empties the table. */
  function device() {
    const me = need('me');
    return widText(attempt(() => me.getMaybeMeDevicePn()) ?? attempt(() => me.getMaybeMeDeviceLid()));
  }

  /**
   * One row in the form that the service reads. A row that cannot be read comes without its message.
   * @param {WA.Row} row
   */
  function told(row) {
    let message = null;
    try {
      message = { ...describe(need('rowReader')(row)), row: row.rowId };
    } catch (error) {
      push('fault', { where: 'row', message: said(error) });
    }
    return { row: row.rowId, id: keyText(row.id), message };
  }

  /**
   * The rows that fit into an answer, and whether these are all rows.
   * @param {WA.Row[]} rows
   */
  async function fitting(rows) {
    await page.lookAtEdits(rows);
    const answer = [];
    let size = 0;
    for (const row of rows) {
      const one = told(row);
      size += JSON.stringify(one).length;
      if (answer.length > 0 && size > ANSWER_MAX) return { rows: answer, whole: false };
      answer.push(one);
    }
    return { rows: answer, whole: true };
  }

  /**
   * `plain` leaves encrypted columns as they are, which is much cheaper.
   * @param {number} low
   * @param {number} high
   * @param {WA.Range} options
   */
  const between = (low, high, options, plain = false) =>
    need('rows')().between(['rowId'], low, high, options, ...(plain ? /** @type {const} */ ([false]) : []));

  async function head() {
    const [row] = await need('rows')().all({ index: ['rowId'], reverse: true, limit: 1 }, false);
    return { device: device(), row: row?.rowId ?? null, id: row ? keyText(row.id) : null };
  }

  /** @type {Adapter.Calls['rows']} */
  async function rowsAfter({ after, limit }) {
    const low = after ?? LAST_HISTORY_ROW;
    const found = await between(low, ROW_MAX, { lowerInclusive: true, limit: limit + 2 });
    const at = found.find((row) => row.rowId === low);
    const later = found.filter((row) => row.rowId > low);
    const { rows, whole: all } = await fitting(later.slice(0, limit));
    const first = at && after !== null && after !== undefined ? { row: at.rowId, id: keyText(at.id) } : null;
    return { device: device(), first, rows, more: !all || later.length > limit };
  }

  /**
   * Rows backwards from `before` that `wanted` accepts; `ends` tells that no row further back is wanted.
   * @param {number} low
   * @param {number | null} before
   * @param {number} limit
   * @param {(row: WA.Row) => boolean} wanted
   * @param {(rows: WA.Row[]) => boolean} ends
   */
  async function back(low, before, limit, wanted, ends) {
    const high = before ?? ROW_MAX;
    const scanned = await between(low, high, { reverse: true, limit: SCAN, lowerInclusive: true, upperInclusive: false }, true);
    const hits = scanned.filter(wanted).slice(0, limit);
    const read = await need('rows')().bulkGet(hits.map((row) => row.id));
    const { rows, whole: all } = await fitting(read.filter((row) => row !== undefined));
    const cut = !all || hits.length === limit;
    const next = (cut ? rows.at(-1)?.row : scanned.at(-1)?.rowId) ?? null;
    const more = next !== null && (cut || (scanned.length === SCAN && !ends(scanned)));
    return { rows, more, next: more ? next : null };
  }

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    head,
    rows: rowsAfter,

    /** Live rows not older than a time, newest first. Rows are in the order of arrival, and times nearly so. */
    recent: ({ since_s: since, before, limit }) => {
      /** @param {WA.Row} row */
      const isRecent = (row) => Number(row.t) >= since;
      return back(LAST_HISTORY_ROW + 1, before, limit, isRecent, (rows) => !rows.some(isRecent));
    },

    /** Rows of the history that are newer than a time. History is ordered by chat, so all its rows are scanned. */
    older: ({ newer_than_s: since, before, limit }) =>
      back(0, before ?? LAST_HISTORY_ROW + 1, limit, (row) => Number(row.t) > since, () => false),

    async by_id({ ids }) {
      const table = need('rows')();
      const direct = (await table.bulkGet(ids)).filter((row) => row !== undefined);
      const found = new Set(direct.map((row) => keyText(row.id)));
      const missing = new Set(ids.filter((id) => !found.has(id)));
      const deleted = [];
      if (missing.size > 0) {
        const range = { reverse: true, limit: DELETIONS_SCAN };
        const scanned = await between(LAST_HISTORY_ROW + 1, ROW_MAX, { ...range, lowerInclusive: true }, true);
        const hits = scanned.filter((row) => row.protocolMessageKey && missing.has(keyText(row.protocolMessageKey)));
        deleted.push(...(await table.bulkGet(hits.map((row) => row.id))).filter((row) => row !== undefined));
      }
      const rows = [...direct, ...deleted];
      await page.lookAtEdits(rows);
      const messages = rows.map((row) => told(row).message).filter((message) => message !== null);
      for (const message of messages) missing.delete(message.id);
      return { messages, missing: [...missing] };
    },

    /** Uses the page's function for placeholders on the screen. It asks once a document for each, not for old ones. */
    async ask_resend({ ids }) {
      const { messages } = await need('messages').getMessagesById(ids);
      const sealed = messages.filter((msg) => msg !== undefined).filter((msg) => msg.type === 'ciphertext');
      if (sealed.length > 0) need('resend_request').handlePlaceholderMsgsSeen(sealed, true);
      return { asked: sealed.length };
    },
  };

  /** The table opens some time after its module is defined. */
  page.tableIsOpen = () => has('rows') !== undefined && attempt(() => need('rows')()) !== null;

  return { forms, calls };
})
