// The adapter's own interfaces: its options, what its files share, its reports (`report.rs`), answers (`answers.rs`).

declare namespace Adapter {
  interface Options {
    /** The property of `window` that answers calls. */
    api: string;
    /** The function that takes reports. */
    binding: string;
    origin: string;
    /** How long after the document is complete modules may still be defined. */
    settle_ms: number;
  }

  // ── Capabilities ────────────────────────────────────────────────────────────────────────────────────────────────

  type Modules = WA.Modules;
  type Source = keyof Modules;
  type Truthy<T> = Exclude<T, undefined | null | false | '' | 0>;

  /** A module, and a function that takes a part of its exports: nothing if this build lacks the part. */
  type Form<T> = readonly [source: Source, take: (exports: never) => T | undefined | null | false | '' | 0];

  type Functions<M> = { [N in keyof M]: M[N] extends (...values: any[]) => unknown ? N : never }[keyof M];

  /** The part of the page that each name of the adapter stands for. */
  interface Capabilities {
    build: Modules['WAWebBuildConstants'];
    socket: WA.Socket;
    me: WA.MePrefs;
    command: WA.Command;
    conn: WA.Conn;
    backlog: WA.Backlog;
    comms: WA.Comms;
    mutex: Modules['WAWebUserPrefsTabMutex'];
    network: WA.NetworkStatus;
    resume: Modules['WAWebOfflineHandler']['OfflineMessageHandler'];
    updater: Modules['WAWebUpdater']['Updater'];
    storage: Modules['WAWebStorageCmd']['StorageCmd'];
    clock: { unixTime(): number };
    noise: Modules['WAWebUserPrefsInfoStore']['waNoiseInfo'];
    signal: Modules['WAWebSignalStoreApi']['waSignalStore'];
    base64: Modules['WABase64']['encodeB64'];
    secret: () => string | Promise<string>;
    rotation: WA.Emitter<'change'>;
    platform: string;
    refresh: () => void;
    pairing: WA.Pairing;
    pairing_events: Modules['WAWebLinkDeviceEvents']['WAWebLinkDeviceEvents'];
    prefix: Modules['WAWebNativeCameraQRLinkedDeviceUtils'];
    contact: Modules['WAWebApiContact'];
    contacts: WA.Collection<WA.Contact, 'add' | 'change:pushname'>;
    wid: Modules['WAWebWidFactory'];
    messages: WA.Messages;
    downloads: WA.Downloads;
    media_type: Modules['WAWebMmsMediaTypes']['getMsgMediaType'];
    media_store: WA.MediaStore;
    reupload: WA.Reuploads;
    reaction_rows: () => WA.Table<WA.ReactionRow>;
    vote_rows: () => WA.Table<WA.Vote>;
    reactions: Modules['WAWebReactionsCollection']['ReactionsCollection'];
    votes: WA.Emitter<'add'>;
    keyClass: WA.MsgKeyClass;
    rows: () => ReturnType<Modules['WAWebSchemaMessage']['getMessageTable']>;
    rowReader: Modules['WAWebDBMessageSerialization']['messageFromDbRow'];
    resend_request: Modules['WAWebNonMessageDataRequestPlaceholderMessageResendUtils'];
    history: Modules['WAWebChatLoadMessages'];
    cap: WA.Capping;
    cap_in_force: Modules['WAWebIndividualNewChatMessageCappingLimitGatingUtils'];
    timelock: WA.Timelock;
    prefs: Modules['WAWebUserPrefsIndexedDBStorage']['userPrefsIdb'];
    chats: WA.Chats;
    groups: WA.Groups;
    exists: Modules['WAWebQueryExistsJob']['queryWidExists'];
    open: Modules['WAWebFindChatAction']['findOrCreateLatestChat'];
    text: Modules['WAWebSendTextMsgChatAction']['createTextMsgData'];
    outgoing: Modules['WAWebMsgDataUtils']['genOutgoingMsgData'];
    send: Modules['WAWebSendMsgChatAction']['addAndSendMsgToChat'];
    resend: Modules['WAWebResendMsgAction']['resendMsg'];
    blocked: WA.Collection<object>;
    typing: Modules['WAWebChatStateBridge'];
  }

  type Name = keyof Capabilities;
  /** The feature that fails without the capability, then the forms in which the adapter looks for it. */
  type Forms = { [K in Name]?: [breaks: string, ...forms: Form<Capabilities[K]>[]] };
  type Listeners = { [K in Name]?: (value: Capabilities[K]) => void };
  interface Entry {
    name: Name;
    breaks: string;
    found: Source | null;
    on_demand: boolean;
    modules: Source[];
  }

  // ── Reports ─────────────────────────────────────────────────────────────────────────────────────────────────────

  type Text = string | null;
  type Count = number | null;
  /** A running timer, or null. */
  type Timer = ReturnType<typeof setTimeout> | null;

  interface Account {
    phone: Text;
    lid: Text;
    pushname: Text;
    platform: Text;
  }

  interface Level {
    socket: string;
    stream: string;
    synced: boolean;
    caught_up: boolean;
    comms: boolean | null;
    mutex: boolean | null;
    online: boolean;
    network: boolean | null;
    subscribed: boolean;
    version: Text;
    account: Account | null;
  }

  type MediaKind = 'image' | 'video' | 'audio' | 'voice' | 'video_note' | 'document' | 'sticker' | 'gif';

  /** What a message says of its file. */
  interface Media {
    /** Null for messages that only have a MIME type, and for a view-once message whose type is not known. */
    kind: MediaKind | null;
    mimetype: string;
    size: Count;
    filename: Text;
    duration_s: Count;
    width: Count;
    height: Count;
    pages: Count;
    sha256: Text;
    /** A small JPEG in base64. */
    thumbnail: Text;
    view_once: boolean;
    /** The message has what is needed to fetch the file. */
    fetchable: boolean;
  }

  interface Message {
    id: string;
    revoke_id: Text;
    from_me: boolean;
    chat: Text;
    lid: Text;
    phone: Text;
    author: Text;
    author_phone: Text;
    author_lid: Text;
    from: Text;
    to: Text;
    kind: string;
    subtype: Text;
    body: string;
    name: Text;
    media: Media | null;
    quoted: Text;
    data: object | null;
    t: number;
    ack: number;
    is_new: boolean;
    edited_ms: Count;
    /** The text is that of an edit of which it is not known that the server has it. */
    edit_open: boolean;
    revoked_s: Count;
    row: Count;
  }

  interface Addon {
    id: string;
    message_id: string;
    chat: Text;
    sender: Text;
    sender_phone: Text;
    from_me: boolean;
    t_ms: number;
  }
  type Reaction = Addon & { emoji: string };
  type Vote = Addon & { options: string[] };

  interface NewChats {
    status: string;
    used: number;
    quota: number;
    until_s: Count;
  }

  interface Reports {
    hello: { post_logout: { reason: Count; header: Text; subtext: Text } | null; reloaded: boolean };
    document: { status: number };
    surface: {
      settled: boolean;
      loader: boolean;
      found: { [name: string]: string };
      missing: Omit<Entry, 'found' | 'on_demand'>[];
    };
    status: Level;
    code: { code: Text; source: string; ttl_ms: Count };
    pairing: { event: string };
    progress: { step: string; done: Count; total: Count };
    leaving: {};
    logout: { reason: Text; told: boolean | null };
    ban: { banned: boolean; code: Count; message: Text; expires_s: Count };
    unavailable: {};
    outdated: {};
    limits: { new_chats: NewChats | null; timelock: { kind: string; until_s: Count } | null };
    refused: {};
    message: { message: Message };
    changed: { message: Message };
    removed: { id: string };
    ack: { id: string; ack: number; code: Count };
    outcome: { id: string; result: string; code: Count; certain: boolean; message: string };
    reaction: Reaction;
    vote: Vote;
    fault: { where: string; message: string };
  }

  interface Failure {
    code: Refusal | 'FAILED';
    message: string;
  }

  // ── Shared by the files ─────────────────────────────────────────────────────────────────────────────────────────

  type Anyone = WA.Wid | string | null | undefined;
  /** A listener of the page's events, whose values have many types. */
  type Listener = (...values: any[]) => any;

  interface Page {
    options: Options;
    push<K extends keyof Reports>(type: K, data: Reports[K]): void;
    /** Any value can be thrown. */
    said(error: any): string;
    guarded(name: string, listener: Listener): (...values: any[]) => void;
    /** Null if `get` throws or returns nothing. */
    attempt<T>(get: () => T): NonNullable<T> | null;
    refuse(code: Refusal | 'FAILED', message: string): never;
    /** What a call that throws this answers. */
    failureOf(thrown: any): Failure;
    /** A part of a module. */
    from<K extends keyof Modules, T>(source: K, take: (exports: Modules[K]) => T): Form<Truthy<T>>;
    /** A whole module that has this member. */
    whole<K extends keyof Modules>(source: K, member: keyof Modules[K]): Form<Modules[K]>;
    /** A function of a module, called as a member of the module. */
    calling<K extends keyof Modules, N extends Functions<Modules[K]>>(source: K, member: N): Form<Modules[K][N]>;
    has<K extends Name>(name: K): Capabilities[K] | undefined;
    need<K extends Name>(name: K): Capabilities[K];
    keyText(key: WA.MsgKey | string): string;
    widText(wid: Anyone): Text;
    version(): Text;
    /** Whether the adapter receives messages, and all else that it will listen to in this page. */
    subscribed(): boolean;

    // Of `describe.js`.
    describe(msg: WA.Msg): Message;
    phoneOf(wid: Anyone): Text;
    lidOf(wid: Anyone): Text;
    asWid(wid: Anyone): WA.Wid | null;
    isPhone(wid: WA.Wid | null | undefined): boolean;
    originalKey(msg: WA.Msg): WA.MsgKey;
    /** The SHA-256 of a file in lower hex; null if the text is not one in base64. */
    hexOf(filehash: string | undefined): Text;
    // Of `messages.js`.
    tellChange(msg: WA.Msg): void;
    // Of `history.js`.
    tableIsOpen(): boolean;
    // Of `limits.js`.
    restricted(wid: WA.Wid, chat: WA.Chat | null): Restricted;
    // Of `send.js`.
    isSending(id: string): boolean;
    /** Asks the server for the wid of a number; null if it is not on WhatsApp. */
    lookUp(id: string): Promise<WA.Wid | null>;
  }

  interface Part {
    forms: Forms;
    /** The page loads these some time after its start: they are looked for when needed. */
    deferred?: Forms;
    /** The page fetches these only when somebody uses them, here by `fetched`: their absence before that is no fault. */
    onDemand?: Forms;
    listeners?: Listeners;
    calls: Partial<Calls>;
    looks?: { [name: string]: () => unknown };
  }

  type File = (page: Page) => Part;
  type Core = (options: Options, files: File[]) => void;
}
