// The calls of the service (`page.rs`), and the answers it reads (`answers.rs`). Arguments and answers are JSON.

declare namespace Adapter {
  /** An answer that the service does not read. */
  type Unread = unknown;
  /** Why the page refuses a call; every other failure is `FAILED`. */
  type Refusal =
    | 'MISSING'
    | 'UNCONFIRMED'
    | 'NOT_ON_WHATSAPP'
    | 'CHAT_READ_ONLY'
    | 'CONTACT_BLOCKED'
    | 'NOT_WAITING'
    | 'BUSY'
    | 'RATE_LIMITED'
    | 'PHONE_APP_TOO_OLD'
    | 'INVALID_NUMBER'
    | 'LOOP_ENDED'
    | 'MESSAGE_ABSENT'
    | 'CHAT_ABSENT'
    | 'PIN_LIMIT'
    | 'NO_PICTURE'
    /** WhatsApp does not allow this with this message. */
    | 'NOT_POSSIBLE'
    /** The page does not fetch the part that has the module, which the message names. */
    | 'NOT_AVAILABLE'
    /** It is no group, or the account is not in it. */
    | 'GROUP_ABSENT'
    | 'GROUP_NOT_ADMIN'
    /** The message is the number of the server's refusal. */
    | 'GROUP_REFUSED'
    | 'INVITE_UNKNOWN'
    /** Somebody whom the text mentions is not on WhatsApp. */
    | 'MENTION_UNKNOWN'
    /** The host no longer has the file. */
    | 'MEDIA_GONE'
    /** The message has no file, or nothing to fetch it with. */
    | 'MEDIA_NOT_HERE'
    /** What the host has is not the file that the message announces. */
    | 'MEDIA_BROKEN'
    /** A limit, the network, or a host that does not answer: a later call may succeed. */
    | 'MEDIA_LATER'
    | 'MEDIA_TOO_LARGE'
    | 'MEDIA_TYPE'
    | 'MEDIA_UPLOAD_FAILED';

  type Restricted = { kind: 'new_chats' | 'timelock'; until_s: Count } | null;

  interface Known {
    /** Null if the number must be looked up. */
    chat_id: Text;
    /** The chat holds earlier messages. */
    talked: boolean;
    phone: Text;
    restricted: Restricted;
  }

  interface Prepared extends Known {
    message_id: string;
    /** WhatsApp's own part of the id. */
    raw_id: string;
  }

  /** A row without a message is a notice, or cannot be read. */
  interface Row {
    row: number;
    id: string;
    message: Message | null;
  }

  /** `next` is where the next part begins. */
  interface RowsBack {
    rows: Row[];
    more: boolean;
    next: Count;
  }

  /** The end of a request to the phone to upload a file again. */
  type Reuploaded = 'uploaded' | 'not_on_phone' | 'failed' | 'no_answer';

  /** A call takes one argument; `null` if it needs none. */
  interface Calls {
    table(): Promise<{ version: Text; entries: Entry[]; wrapped: string[] }>;

    // Of `link.js`.
    reconnect(): Promise<Unread>;
    logout(): Promise<Unread>;
    clock(): Promise<{ server_s: Count }>;
    // Of `code.js`.
    pairing_code(argument: { phone: string }): Promise<{ code: string }>;
    qr_again(): Promise<Unread>;
    refresh_code(): Promise<Unread>;
    // Of `describe.js`.
    phone(argument: { chat: string }): Promise<{ phone: Text }>;
    contact(argument: { chat: string }): Promise<{
      phone: Text;
      lid: Text;
      name: Text;
      pushname: Text;
      verified_name: Text;
      business: boolean;
      blocked: boolean;
      me: boolean;
    }>;
    // Of `history.js`.
    head(): Promise<{ device: Text; row: Count; id: Text }>;
    rows(argument: { after: Count; limit: number }): Promise<{
      device: Text;
      first: { row: number; id: string } | null;
      rows: Row[];
      more: boolean;
    }>;
    recent(argument: { since_s: number; before: Count; limit: number }): Promise<RowsBack>;
    older(argument: { newer_than_s: number; before: Count; limit: number }): Promise<RowsBack>;
    by_id(argument: { ids: string[] }): Promise<{ messages: Message[]; missing: string[] }>;
    ask_resend(argument: { ids: string[] }): Promise<Unread>;
    // Of `chats.js`.
    history(argument: { since: number; skip: number; limit: number }): Promise<{
      messages: Message[];
      next: number;
      more: boolean;
      partial: boolean;
    }>;
    // Of `media.js`.
    media_fetch(argument: {
      message_id: string;
      token: string;
      stall_ms: number;
      max_bytes: number;
      direct_path?: Text;
    }): Promise<{
      size: number;
      sha256: string;
      mimetype: Text;
    }>;
    media_blob(argument: { token: string }): Promise<Blob>;
    media_drop(argument: { token: string }): Promise<Unread>;
    media_cancel(argument: { token: string }): Promise<Unread>;
    media_reupload(argument: { message_id: string; wait_ms: number }): Promise<{ outcome: Reuploaded; direct_path: Text }>;
    // Of `addons.js`.
    addons(argument: { since_s: number }): Promise<{ reactions: Reaction[]; votes: Vote[] }>;
    // Of `send.js`.
    known(argument: { chat: string }): Promise<Known>;
    prepare(argument: { chat: string }): Promise<Prepared>;
    dispatch(argument: { chat_id: string; raw_id: string; content: Content }): Promise<{ ack: number }>;
    resend(argument: { message_id: string }): Promise<{
      outcome: 'resent' | 'sent' | 'pending' | 'absent' | 'file_lost';
      ack: Count;
    }>;
    ack(argument: { message_id: string }): Promise<{ ack: Count }>;
    exists(argument: { chat: string }): Promise<{ chat_id: Text; lid: Text; phone: Text }>;
  }
}
