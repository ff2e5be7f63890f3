// What `upload.js` uses of WhatsApp's page, and what it gives. The interfaces add to those of the other files.

declare namespace WA {
  interface Msg {
    filehash?: string;
    encFilehash?: string;
    directPath?: string;
    mediaKey?: string;
    mediaKeyTimestamp?: number;
    duration?: number | string;
    width?: number;
    height?: number;
    isGif?: boolean;
    isViewOnce?: boolean;
    isCaptionByUser?: boolean;
    deprecatedMms3Url?: string;
    /** 64 samples from 0 to 100. */
    waveform?: Uint8Array;
    /** Sums of the parts of a file, so that it can be played while it is fetched. */
    streamingSidecar?: ArrayBuffer | Uint8Array;
    firstFrameSidecar?: ArrayBuffer | Uint8Array;
    firstFrameLength?: number;
    isAnimated?: boolean;
    /** The message began in this page, not on the phone. */
    local?: boolean;
    /** What the page knows of the file; messages that wait on the phone have none. */
    mediaObject?: object;
  }

  interface Uploading {
    blob: Blob;
    /** The media type of the file. */
    type: string;
    signal: AbortSignal;
    /** `offset` is what had left before this request. */
    onProgress(event: { loaded: number }, offset: number): void;
    uploadQpl: object;
    /** Of a file that has been uploaded before: then the page uploads only what the host does not have. */
    mediaKey?: string;
    mediaKeyTimestamp?: number;
  }

  interface Uploaded {
    directPath: string;
    url: string;
    encFilehash: string;
    mediaKey: string;
    mediaKeyTimestamp: number;
    sidecar?: ArrayBuffer | Uint8Array;
    firstFrameSidecar?: ArrayBuffer | Uint8Array;
  }

  interface Uploads {
    /** Tries again three times, within 7 s; a host that does not answer is waited for without limit. */
    encryptAndUpload(file: Uploading): Promise<Uploaded>;
  }

  interface Modules {
    WAWebDBUpdateMessageTable: { updateMessageTable(key: MsgKey, change: object): Promise<unknown> };
    /** In bytes; throws for an unknown kind. */
    WAWebMediaGatingUtils: { getUploadLimit(kind: string): number };
    WAWebSendMsgRecordAction: { sendMsgRecord(msg: Msg): Promise<SendResult> };
    WAWebStartMediaUploadQpl: { startMediaUploadQpl(about: { entryPoint: string; mediaType: string; byteLength: number }): object };
    /** Current builds export the object itself. */
    WAWebUploadManager: Uploads & { default?: Uploads };
    /** `firstFrameLength` only of a picture that moves. */
    WAWebWebpParseWebp: { parseWebp(bytes: ArrayBuffer): { firstFrameLength?: number } };
  }
}

declare namespace Adapter {
  type FileKind = 'image' | 'video' | 'gif' | 'audio' | 'voice' | 'document' | 'sticker';
  type FileField = 'size' | 'duration' | 'thumbnail' | 'caption' | 'view_once' | 'waveform' | 'filename';

  interface Capabilities {
    uploads: WA.Uploads;
    upload_observer: Modules['WAWebStartMediaUploadQpl']['startMediaUploadQpl'];
    upload_limit: Modules['WAWebMediaGatingUtils']['getUploadLimit'];
    mimetypes: Modules['WAWebMmsMediaTypes']['getValidMimeTypes'];
    webp: Modules['WAWebWebpParseWebp']['parseWebp'];
    send_record: Modules['WAWebSendMsgRecordAction']['sendMsgRecord'];
    update_row: Modules['WAWebDBUpdateMessageTable']['updateMessageTable'];
  }

  /** A file of the service in the page. `fields` are those of a message with it, once it is uploaded. */
  interface Upload {
    input: HTMLInputElement;
    loaded: number;
    total: number;
    abort: AbortController | null;
    running: Promise<Partial<WA.MsgData>> | null;
    fields: Partial<WA.MsgData> | null;
  }

  interface UploadArgument {
    token: string;
    chat_id: string;
    kind: FileKind;
    mimetype: string;
    filename: Text;
    caption: Text;
    view_once: boolean;
    width: Count;
    height: Count;
    duration_s: Count;
    /** 64 bytes in base64. */
    waveform: Text;
    /** A small JPEG in base64. */
    thumbnail: Text;
  }

  interface Page {
    withFile(data: WA.MsgData, token: string, caption: string): WA.MsgData;
    hasFile(msg: WA.Msg): boolean;
    sendAgain(msg: WA.Msg): Promise<WA.SendResult> | null;
  }

  interface Calls {
    upload_limit(argument: { kind: FileKind }): Promise<{ bytes: number }>;
    file_input(argument: { token: string }): Promise<HTMLInputElement>;
    upload(argument: UploadArgument): Promise<{ size: number; filehash: string }>;
    upload_progress(argument: { token: string }): Promise<{ loaded: number; total: number }>;
    upload_cancel(argument: { token: string }): Promise<Unread>;
    upload_drop(argument: { token: string }): Promise<Unread>;
  }
}
