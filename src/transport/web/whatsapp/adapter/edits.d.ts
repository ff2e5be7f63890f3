// What `edits.js` uses of WhatsApp's page, and what it gives. The interfaces add to those of the other files.

declare namespace WA {
  interface Msg {
    latestEditMsgKey?: MsgKey;
    errorCode?: string;
  }

  interface Row {
    errorCode?: string;
  }

  interface Modules {
    WAWebSendMessageEditAction: { sendMessageEdit(msg: Msg, text: string, options: object): Promise<unknown> };
  }
}

declare namespace Adapter {
  interface Capabilities {
    edit: Modules['WAWebSendMessageEditAction']['sendMessageEdit'];
  }

  interface Page {
    // Of `edits.js`.
    /** Edits a message of this account; ends when the page's function does. */
    sendEdit(msg: WA.Msg, text: string): Promise<void>;
    /** The end of the latest edit, once the page's function has ended; `unknown` where the server may have it or not. */
    editEnd(msg: WA.Msg): Promise<'taken' | 'late' | 'refused' | 'unknown'>;
    /** The key of the latest edit of a message; null if there is none. */
    editOf(msg: WA.Msg): Text;
    /** Finds out for messages of the table whether the server has their latest edits: before they are described. */
    lookAtEdits(rows: WA.Row[]): Promise<void>;
    /** The page is sending an edit of the message: what it shows is not the message yet. */
    isEditing(msg: WA.Msg): boolean;
    /** The server is not known to have the latest edit of the message. */
    hasOpenEdit(msg: WA.Msg): boolean;
  }
}
