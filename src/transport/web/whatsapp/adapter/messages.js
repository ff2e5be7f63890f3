// What happens to messages while the page is open: new ones, what changes in them, how far ours got.
/** @type {Adapter.File} */
(function messages(page) {
  'use strict';
  const { from, push, guarded, keyText, describe, originalKey } = page;

  /** @type {Adapter.Forms} */
  const forms = {
    messages: ['session', from('WAWebCollections', (m) => m.Msg), from('WAWebMsgCollection', (m) => m.MsgCollection)],
  };

  /** A deletion moves several fields at once, each with an event of its own: it is told once. */
  /** @type {WA.MessageChange[]} */
  const CHANGES = ['type', 'body', 'caption', 'latestEditMsgKey'];
  const told = new WeakMap();

  /** @param {WA.Msg} msg */
  function tellChange(msg) {
    const message = describe(msg);
    const text = JSON.stringify(message);
    if (told.get(msg) === text) return;
    told.set(msg, text);
    push('changed', { message });
  }

  /**
   * The server's no comes with its number a moment later, when the send itself has ended: both are told then.
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
    // After every load and link the page adds history to the collection; only what is new is news.
    collection.on('add', guarded('message', (msg) => msg.isNewMsg && push('message', { message: describe(msg) })));
    for (const field of CHANGES) collection.on(`change:${field}`, guarded('changed', tellChange));
    collection.on('change:ack', guarded('ack', tellAck));
    collection.on('remove', guarded('removed', (msg) => push('removed', { id: keyText(originalKey(msg)) })));
  }

  return { forms, listeners: { messages: watch }, calls: {} };
})
