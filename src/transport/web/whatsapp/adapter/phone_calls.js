// Calls to the account: who calls, and the refusal of a call. `notices.js` tells how calls end.
//
// The page keeps calls in a collection that tells nobody of a new one, so its function for that is wrapped: the page's own
// function always runs first, with its result and its errors.
/** @type {Adapter.File} */
(function phoneCalls(page) {
  'use strict';
  const { from, whole, calling, push, guarded, need, widText, phoneOf, lidOf, asWid, wrapped } = page;

  /** @type {Adapter.Forms} */
  const forms = {
    call_list: ['calls', from('WAWebCallCollection', (m) => [m.default, m].find((one) => one?.processIncomingCall && one.add))],
  };
  /** @type {Adapter.Forms} */
  const deferred = {
    stanzas: ['reject_call', whole('WAWap', 'wap')],
    jids: ['reject_call', whole('WAWebCommsWapMd', 'JID')],
    cast: ['reject_call', calling('WADeprecatedSendIq', 'deprecatedCastStanza')],
  };

  const TOLD_MAX = 1000;
  /** How long a call rings that was offered while the line was down. */
  const RINGS_S = 45;
  /** The page adds a call again at each of its messages. */
  const told = (page.ringing = new Set());

  /** @param {WA.Call} call */
  function tell(call) {
    if (call.outgoing || !call.peerJid || told.has(call.id)) return;
    const t = Number(call.offerTime) || 0;
    told.add(call.id);
    if (told.size > TOLD_MAX) told.delete(/** @type {string} */ (told.values().next().value));
    if (call.offerReceivedWhileOffline && Date.now() / 1000 - t > RINGS_S) return;
    push('notice', {
      what: 'call',
      id: String(call.id),
      peer: String(widText(asWid(call.peerJid))),
      phone: phoneOf(call.peerJid),
      lid: lidOf(call.peerJid),
      group: widText(call.groupJid),
      from_me: false,
      video: Boolean(call.isVideo),
      outcome: 'Offered',
      duration_s: null,
      t,
    });
  }

  /** @param {WA.CallList} list */
  function watch(list) {
    const original = list.add;
    const after = guarded('call', (added) => (Array.isArray(added) ? added : [added]).forEach((call) => call && tell(call)));
    list.add = function add(...values) {
      const result = original.apply(this, values);
      after(values[0]);
      return result;
    };
    wrapped.push('WAWebCallCollection.add');
    for (const call of list.getModelsArray()) tell(call);
  }

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    /** Refuses a call that rings. The caller's device tells nobody that it got the refusal. */
    async reject_call({ call_id: id, peer }) {
      const me = need('me').getMaybeMePnUser() ?? page.refuse('FAILED', 'no account is linked');
      const caller = asWid(peer) ?? page.refuse('FAILED', 'the caller has no such name');
      const { wap, generateId, CUSTOM_STRING } = need('stanzas');
      const { JID } = need('jids');
      const about = { 'call-id': CUSTOM_STRING(id), 'call-creator': JID(caller), count: '0' };
      need('cast')(wap('call', { from: JID(me), to: JID(caller), id: generateId() }, wap('reject', about)));
    },
  };

  return { forms, deferred, listeners: { call_list: watch }, calls };
})
