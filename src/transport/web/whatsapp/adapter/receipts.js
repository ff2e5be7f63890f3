// Who has received, read and played a message of this account: the page keeps a row for each receiver, and tells of it in its
// own window about a message.
/** @type {Adapter.File} */
(function receipts(page) {
  'use strict';
  const { calling, need, attempt, keyText, widText, phoneOf, lidOf, asWid } = page;

  /** @type {Adapter.Forms} */
  const deferred = { message_info: ['receipts', calling('WAWebSchemaMessageInfo', 'getMessageInfoTable')] };

  /** A group has at most 1,024 members; each may have two rows. */
  const ROWS_MAX = 2048;

  /**
   * The keys under which receipts of a message are kept: a receipt names the chat, or in a group this account, by LID or by
   * number, and of an edited message it may name the edit.
   * @param {string} id
   */
  async function keysOf(id) {
    const [mine = '', chat = '', bare = '', own] = id.split('_');
    const row = await attempt(() => need('rows')().get(id, false));
    const edit = row?.latestEditMsgKey ? [keyText(row.latestEditMsgKey)] : [];
    const { getMaybeMeLidUser, getMaybeMePnUser } = need('me');
    const accounts = [attempt(() => widText(getMaybeMeLidUser?.())), attempt(() => widText(getMaybeMePnUser()))];
    const phone = phoneOf(chat);
    const chats = [lidOf(chat), phone && `${phone}@c.us`];
    const others = own === undefined ? chats.map((one) => one && `${mine}_${one}_${bare}`) : accounts.map((one) => one && `${mine}_${chat}_${bare}_${one}`);
    return [...new Set([id, ...edit, ...others.filter((key) => typeof key === 'string')])];
  }

  /** @param {number | undefined} one @param {number | null} other */
  const earlier = (one, other) => {
    const [first = null] = [Number(one) || null, other].filter((t) => t !== null).sort((a, b) => Number(a) - Number(b));
    return first;
  };

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    /** Each receiver once, by the LID where the page knows it. Null: the page keeps nothing of this message. */
    async receipts({ message_id: id }) {
      const rows = (await need('message_info')().anyOf(['msgKey'], await keysOf(id))).slice(0, ROWS_MAX);
      /** @type {Map<string, Adapter.Receipt>} */
      const people = new Map();
      for (const { receiverUserJid, delivery, read, played } of rows) {
        const wid = asWid(receiverUserJid);
        if (!wid || attempt(() => need('me').isMeAccount(wid))) continue;
        const [phone, lid] = [phoneOf(wid), lidOf(wid)];
        const name = lid ?? widText(wid) ?? '';
        const known = people.get(name) ?? { phone, lid, delivered_s: null, read_s: null, played_s: null };
        people.set(name, {
          ...known,
          delivered_s: earlier(delivery, known.delivered_s),
          read_s: earlier(read, known.read_s),
          played_s: earlier(played, known.played_s),
        });
      }
      return { people: people.size > 0 ? [...people.values()] : null };
    },
  };

  return { forms: {}, deferred, calls };
})
