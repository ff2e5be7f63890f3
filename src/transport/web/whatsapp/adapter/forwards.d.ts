// What `forwards.js` uses of WhatsApp's page, and what it gives. The interfaces add to those of the other files.

declare namespace WA {
  interface Msg {
    /** The sender's position as it moves. */
    isLive?: boolean;
    isForwarded?: boolean;
    forwardingScore?: number;
  }

  interface Modules {
    WAWebMsgGetters: { getShouldDisplayAsForwarded(msg: Msg): boolean };
    WAWebMsgModelUtils: { getMsgForwardingScoreWhenForwarded(msg: Msg): number };
  }
}

declare namespace Adapter {
  interface Capabilities {
    forwarded: Modules['WAWebMsgGetters'];
    forwarding: Modules['WAWebMsgModelUtils']['getMsgForwardingScoreWhenForwarded'];
  }

  /** The id of the message that is passed on, and the name of its file, if it has one. */
  interface Forward {
    of: string;
    token: string;
  }

  interface ForwardArgument {
    message_id: string;
    token: string;
    /** The most bytes of a file that is passed on. */
    max_bytes: number;
    stall_ms: number;
    /** How long the phone is waited for, if it must upload the file again. */
    phone_ms: number;
  }

  interface Page {
    // Of `forwards.js`.
    /** The data of a forward. Its file has been brought to the host before. */
    passedOn(forward: Forward): Promise<Partial<WA.MsgData>>;
    // Of `media.js`.
    /** The bytes of the file of a message; refuses as `media_fetch` does. */
    fetchFile(
      id: string,
      token: string,
      how: { stallMs: number; maxBytes: number; newPath?: Text },
    ): Promise<{ bytes: ArrayBuffer; filehash: string; mimetype: string | undefined }>;
    endFetch(token: string): void;
    askPhone(id: string, waitMs: number): Promise<{ outcome: Reuploaded; direct_path: Text }>;
    // Of `upload.js`.
    /** Encrypts and uploads a file: what a message says of where it is. Without a key the page makes one. */
    brought(
      blob: Blob,
      media: string,
      signal: AbortSignal,
      onProgress: WA.Uploading['onProgress'],
      key: { mediaKey?: string; mediaKeyTimestamp?: number },
    ): Promise<Partial<WA.MsgData>>;
  }

  interface Calls {
    forward_check(argument: { message_id: string; max_bytes: number }): Promise<{ has_file: boolean }>;
    forward_file(argument: ForwardArgument): Promise<Unread>;
    forward_drop(argument: { token: string }): Promise<Unread>;
  }
}
