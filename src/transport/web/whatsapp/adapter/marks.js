// The marks of chats: archived, pinned, muted. Each call ends by the page's state, and sends nothing where the mark is there
// already: the page's own functions reject that, or do it again.
/** @type {Adapter.File} */
(function marks(page) {
  'use strict';
  const { whole, calling, need, has, refuse } = page;

  /** @type {Adapter.Forms} */
  const deferred = {
    archive: ['archive', calling('WAWebSetArchiveChatAction', 'setArchive')],
    pin: ['pin', calling('WAWebSetPinChatAction', 'setPin')],
    pins: ['pin', whole('WAWebChatPinBridge', 'getPinLimit')],
  };

  const FOR_EVER = -1;
  /** The turn of all pins; no chat has this id. */
  const PINS = 'pins';

  /** @param {WA.Chat} chat */
  const isPinned = ({ pin }) => pin === true || Number(pin) > 0;

  /** The page's own interface lets nobody pin more; the other devices would take the first pin away. @param {WA.Chat} chat */
  async function refuseMorePins(chat) {
    if (!has('pins')) return;
    const { getNumConversationsPinned, getPinLimit } = need('pins');
    const most = getPinLimit(chat.id);
    if ((await getNumConversationsPinned(chat.id)) >= most) refuse('PIN_LIMIT', `${most} chats are pinned already`);
  }

  /**
   * @param {string} id
   * @param {(chat: WA.Chat) => unknown} isDone
   * @param {(chat: WA.Chat) => unknown} act
   * @param {string} what
   */
  async function mark(id, isDone, act, what) {
    const chat = page.heldChat(id);
    await page.inTurn(String(chat.id), async () => {
      if (isDone(chat)) return;
      await page.until(() => act(chat), () => isDone(chat), what);
    });
    return page.chatNow(chat);
  }

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    archive: ({ chat, on }) =>
      mark(chat, ({ archive }) => Boolean(archive) === on, (one) => need('archive')(one, on, false), 'the page did not change the archive'),

    /** The pins are counted and changed in one turn: of two at once, the second counts the first. */
    pin: ({ chat, on }) =>
      page.inTurn(PINS, async () => {
        const held = page.heldChat(chat);
        if (on && !isPinned(held)) await refuseMorePins(held);
        return mark(chat, (one) => isPinned(one) === on, (one) => need('pin')(one, on), 'the page did not change the pin');
      }),

    /** `until_s` 0 ends it; null is for ever. */
    mute({ chat, until_s: until }) {
      const expiration = until ?? FOR_EVER;
      /** @param {WA.Chat} one */
      const act = ({ mute }) => {
        const model = mute ?? refuse('MISSING', 'the mute of a chat');
        const quiet = { sendDevice: true, showToast: false };
        return expiration === 0 ? model.unmute(quiet) : model.mute({ expiration, ...quiet });
      };
      return mark(chat, (one) => Number(one.mute?.expiration ?? 0) === expiration, act, 'the page did not change the mute');
    },
  };

  return { forms: {}, deferred, calls };
})
