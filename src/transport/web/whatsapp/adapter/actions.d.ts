// What `actions.js` uses of WhatsApp's page, and what it gives. The interfaces add to those of the other files.

declare namespace WA {
  interface ReactionRow {
    /** Of a reaction of this account: whether the server has it. */
    ack?: number;
  }

  interface Chat {
    /** -1 if somebody marked the chat as unread. */
    unreadCount?: number;
  }

  interface Modules {
    WAWebChatSendMessages: {
      sendRevokeMsgs(chat: Chat, record: { type: 'message'; list: Msg[] }, clearMedia: boolean): Promise<unknown>;
      sendDeleteMsgs(about: { chat_: Chat; clearMedia: boolean; record: { readonly type: 'message'; readonly list: Msg[] } }): Promise<unknown>;
    };
    WAWebMsgActionCapability: {
      canEditText(msg: Msg): boolean;
      canEditCaption(msg: Msg): boolean;
      canSenderRevokeMsg(msg: Msg): boolean;
      canAdminRevokeMsg(msg: Msg): boolean;
    };
    WAWebSendReactionMsgAction: { sendReactionToMsg(msg: Msg, emoji: string): Promise<unknown> };
    WAWebUpdateUnreadChatAction: {
      sendSeen(about: { chat: Chat; threadId: undefined; afterAvailable: boolean }): Promise<unknown>;
      markUnread(chat: Chat, unread: boolean, toast: boolean): Promise<unknown>;
    };
  }
}

declare namespace Adapter {
  interface Capabilities {
    react: Modules['WAWebSendReactionMsgAction']['sendReactionToMsg'];
    allowed: Modules['WAWebMsgActionCapability'];
    delete_messages: Modules['WAWebChatSendMessages'];
    reading: Modules['WAWebUpdateUnreadChatAction'];
  }

  /** An edit that the page's function has not ended. */
  interface Editing {
    text: string;
    /** The key of the edit before it. */
    before: Text;
    work: Promise<void>;
  }

  interface Calls {
    react(argument: { message_id: string; emoji: string }): Promise<Unread>;
    edit(argument: { message_id: string; text: string }): Promise<Unread>;
    revoke(argument: { message_id: string }): Promise<Unread>;
    delete_for_me(argument: { message_id: string }): Promise<Unread>;
    seen(argument: { chat_id: string }): Promise<Unread>;
    unread(argument: { chat_id: string }): Promise<Unread>;
    typing(argument: { chat_id: string; kind?: 'text' | 'voice' | 'none' }): Promise<Unread>;
  }
}
