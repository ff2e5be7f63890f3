// Events of messages while the page is open: new messages, changes, and acks of sent messages.
/** @type {Adapter.File} */
(function messages(page) {
  'use strict';
  const { from, push, guarded, keyText, describe, originalKey } = page;

  /** @type {Adapter.Forms} */
  const forms = {
    messages: ['session', from('WAWebCollections', (m) => m.Msg), from('WAWebMsgCollection', (m) => m.MsgCollection)],
  };

  /** A deletion changes several fields at once, each with its own event: it is reported once. */
  /** @type {WA.MessageChange[]} */
  const CHANGES = ['type', 'body', 'caption', 'latestEditMsgKey', 'callOutcome'];
  const told = new WeakMap();

  /** @type {Adapter.Page['tellChange']} */
  function tellChange(msg) {
    // What becomes of the edit is told when it has ended. A deletion by another device does not wait for that.
    if (page.isEditing(msg) && msg.type !== 'revoked') return;
    const message = describe(msg);
    const text = JSON.stringify(message);
    if (told.get(msg) === text) return;
    told.set(msg, text);
    push('changed', { message });
  }

  page.tellChange = tellChange;

  /**
   * The number of the server's refusal comes a moment after the ack, when the send ends: both are reported then.
   * @param {WA.Msg} msg
   */
  function tellAck(msg) {
    const id = keyText(originalKey(msg));
    const ack = Number(msg.ack) || 0;
    if (ack < 0 && page.isSending(id)) return;
    push('ack', { id, ack, code: null });
  }

  /** @param {WA.Messages} collection */
  function watch(collection) {
    // After every load and link the page adds history to the collection; only messages with `isNewMsg` are new. The entry
    // of a call may lack it.
    /** @param {WA.Msg} msg */
    const isNews = (msg) => msg.isNewMsg || (msg.type === 'call_log' && page.ringing.has(msg.id.id));
    collection.on('add', guarded('message', (msg) => isNews(msg) && push('message', { message: describe(msg) })));
    for (const field of CHANGES) collection.on(`change:${field}`, guarded('changed', tellChange));
    collection.on('change:ack', guarded('ack', tellAck));
    collection.on('remove', guarded('removed', (msg) => push('removed', { id: keyText(originalKey(msg)) })));
  }

  return { forms, listeners: { messages: watch }, calls: {} };
})
