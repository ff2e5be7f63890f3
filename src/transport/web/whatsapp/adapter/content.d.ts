// What `content.js` uses of WhatsApp's page, and what it gives. The interfaces add to those of the other files.

declare namespace WA {
  interface Msg {
    kind?: string;
    title?: string;
    description?: string;
    matchedText?: string;
    canonicalUrl?: string;
    thumbnail?: string;
    thumbnailDirectPath?: string;
    thumbnailSha256?: string;
    thumbnailEncSha256?: string;
    thumbnailWidth?: number;
    thumbnailHeight?: number;
    richPreviewType?: number;
    doNotPlayInline?: boolean;
    clientUrl?: string;
    /** The key of what is encrypted for this message: votes, edits. */
    messageSecret?: Uint8Array;
    inviteGrp?: string;
    inviteGrpName?: string;
    inviteCode?: string;
    inviteCodeExp?: number;
    pollContentType?: string;
    pollType?: string;
  }

  interface TextOptions {
    quotedMsg?: Msg;
    mentionedJidList?: Wid[];
    linkPreview?: object;
  }

  interface Modules {
    WALinkify: { findLink(text: string): object | null | undefined };
    /** Asks the phone, for 7 s; then the preview has little more than the address. Null if previews are switched off. */
    WAWebLinkPreviewChatAction: { getLinkPreview(link: object, chat: Chat): Promise<{ data?: object } | null | undefined> };
    WAWebMsgReply: { canReplyMsg(msg: Msg): boolean };
  }
}

declare namespace Adapter {
  interface Capabilities {
    reply: Modules['WAWebMsgReply']['canReplyMsg'];
    links: Modules['WALinkify']['findLink'];
    preview: Modules['WAWebLinkPreviewChatAction']['getLinkPreview'];
  }

  interface Place {
    latitude: number;
    longitude: number;
    name: Text;
    address: Text;
  }

  interface Poll {
    question: string;
    options: string[];
    multiple: boolean;
  }

  interface GroupInvite {
    group_id: string;
    subject: string;
    code: string;
    expires_s: Count;
  }

  /** What a message says (`payload.rs`): a text, or one of the other contents. */
  interface Content {
    /** With `upload` the caption of the file; empty: the one that was given with the upload. */
    text?: string;
    /** Chat ids of people. */
    mentions?: string[];
    preview?: boolean;
    upload?: Text;
    location?: Place;
    contacts?: { name: string; vcard: string }[];
    poll?: Poll;
    group_invite?: GroupInvite;
    forward?: Forward;
    /** The id of the message that is answered. */
    reply_to?: Text;
  }

  interface Page {
    /** A message in memory, or from the table. Refuses if the page has none of this id. */
    messageOf(id: string): Promise<WA.Msg>;
    /** The data from which the page sends a message with this content. */
    dataOf(chat: WA.Chat, content: Content): Promise<WA.MsgData>;
  }
}
