// What `marks.js` uses of WhatsApp's page, and what it gives. The interfaces add to those of the other files.

declare namespace WA {
  interface Mute {
    /** Until when, in seconds since the epoch: 0 is not at all, -1 for ever. */
    expiration?: number;
    mute(options: { expiration: number; sendDevice: boolean; showToast: boolean }): Promise<unknown>;
    unmute(options: { sendDevice: boolean; showToast: boolean }): Promise<unknown>;
  }

  interface Modules {
    /** Rejects where the chat is so already. Archiving ends a pin. */
    WAWebSetArchiveChatAction: { setArchive(chat: Chat, archive: boolean, toast: boolean): Promise<unknown> };
    WAWebSetPinChatAction: { setPin(chat: Chat, pin: boolean): Promise<unknown> };
    WAWebChatPinBridge: { getPinLimit(chat: Wid): number; getNumConversationsPinned(chat: Wid): Promise<number> };
  }
}

declare namespace Adapter {
  interface Capabilities {
    archive: Modules['WAWebSetArchiveChatAction']['setArchive'];
    pin: Modules['WAWebSetPinChatAction']['setPin'];
    pins: Modules['WAWebChatPinBridge'];
  }

  interface Calls {
    archive(argument: { chat: string; on: boolean }): Promise<ChatNow>;
    pin(argument: { chat: string; on: boolean }): Promise<ChatNow>;
    mute(argument: { chat: string; until_s: Count }): Promise<ChatNow>;
  }

  interface Page {
    /** Starts an action and waits until its end shows in the state. */
    until(act: () => unknown, isDone: () => unknown, what: string, isRefused?: () => unknown): Promise<void>;
    /** One action on a chat at a time. */
    inTurn<T>(chat: string, act: () => Promise<T>): Promise<T>;
    chatNow(chat: WA.Chat): ChatNow;
  }
}
