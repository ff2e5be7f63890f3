// The objects of WhatsApp Web's page that the adapter uses, with only the members that it uses. Members that some
// builds lack are optional.

declare namespace WA {
  /**
   * An object that fires events. Listeners run in the order in which they were added; one that throws stops the
   * others.
   */
  interface Emitter<Event extends string> {
    on(event: Event, listener: (...values: any[]) => void): void;
    off(event: Event, listener: (...values: any[]) => void): void;
  }

  interface Collection<M, Event extends string = 'add'> extends Emitter<Event> {
    get(id: unknown): M | undefined;
    getModelsArray(): M[];
  }

  // ── Who, where, which message ───────────────────────────────────────────────────────────────────────────────────

  /** A person, a group or a list: `user@server`. `device` is set for one device of a person. */
  interface Wid {
    user: string;
    /** `c.us` (a phone number), `lid`, `g.us` (a group), `broadcast`, `newsletter`. */
    server: string;
    device?: number;
    _serialized: string;
  }

  interface MsgKey {
    id: string;
    fromMe: boolean;
    remote: Wid | string;
    participant?: Wid | string;
    /** Builds before August 2026 have it; in current builds the text is `String(key)`. */
    _serialized?: string;
  }

  interface MsgKeyParts {
    from: Wid | string | undefined;
    to: Wid | string | undefined;
    id: string;
    participant?: Wid | string;
    selfDir: 'in' | 'out';
  }

  interface MsgKeyClass {
    new (parts: MsgKeyParts): MsgKey;
    newId(): Promise<string>;
    fromString(text: string): MsgKey;
  }

  /** A message in memory, or the data of a message that was read from its row. Each type has its own fields. */
  interface Msg {
    id: MsgKey;
    type?: string;
    subtype?: string | null;
    /** The text of some types; a thumbnail in others. */
    body?: string;
    caption?: string;
    from?: Wid | string;
    to?: Wid | string;
    author?: Wid | string;
    notifyName?: string;
    /** Seconds since the epoch. */
    t?: number;
    ack?: number;
    isNewMsg?: boolean;
    /** Nothing of the message has left, and the page does not try again by itself. */
    isSendFailure?: boolean;
    rowId?: number;
    mimetype?: string;
    size?: number;
    filename?: string;
    /** Base64 of 32 bytes: the SHA-256 of the file, and of what the host keeps of it. */
    filehash?: string;
    encFilehash?: string;
    /** Where the file is on the host, and its key in base64. A view-once file has neither on a linked device. */
    directPath?: string;
    mediaKey?: string;
    mediaKeyTimestamp?: number;
    /** Seconds; a text on current builds. */
    duration?: number | string;
    width?: number;
    height?: number;
    pageCount?: number;
    /** A video without sound that plays by itself. */
    isGif?: boolean;
    isViewOnce?: boolean;
    /** False if the page wrote a document's name into its caption. */
    isCaptionByUser?: boolean;
    quotedStanzaID?: string;
    mentionedJidList?: (Wid | string)[];
    latestEditSenderTimestampMs?: number;
    /** A deletion replaces `id` by its own key; the message's key is kept here. */
    protocolMessageKey?: MsgKey;
    revokeTimestamp?: number;
    loc?: string;
    comment?: string;
    lat?: number;
    lng?: number;
    vcardFormattedName?: string;
    vcardList?: { vcard?: string; displayName?: string }[];
    pollName?: string;
    pollOptions?: PollOption[];
    pollSelectableOptionsCount?: number;
    eventName?: string;
    eventDescription?: string;
    eventStartTime?: number;
    eventLocation?: { name?: string } | string;
    selectedButtonId?: string;
    selectedId?: string;
    listResponse?: { title?: string; description?: string; singleSelectReply?: { selectedRowId?: string } };
    quarantineExtractedText?: string;
  }

  interface PollOption {
    name: string;
    localId: number;
  }

  type MessageEvent = 'add' | 'remove' | `change:${'ack' | 'hasReaction' | MessageChange}`;
  /** The fields whose change is a change of the message's content. */
  type MessageChange = 'type' | 'body' | 'caption' | 'latestEditMsgKey' | 'callOutcome';

  interface Messages extends Collection<Msg, MessageEvent> {
    /** Reads messages that are not in memory from the table, and adds them to the collection. */
    getMessagesById(ids: string[]): Promise<{ messages: (Msg | undefined)[] }>;
  }

  // ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

  interface Download {
    /** The kind of the file, which is not always the type of its message. */
    type: string;
    directPath: string;
    mediaKey: string;
    mediaKeyTimestamp?: number;
    filehash: string;
    encFilehash?: string;
    mimetype?: string;
    signal: AbortSignal;
    /** The bytes of the encrypted file. */
    onProgress(event: { loaded?: number; total?: number }): void;
    onDecryptStart(): void;
    /** Required: its methods are called during the download. */
    downloadQpl: { addPoint(): void; addAnnotations(): void };
  }

  interface Downloads {
    /** The bytes of a file, from the page's store or from the host. Throws at once if an argument is missing. */
    downloadAndMaybeDecrypt(wanted: Download): Promise<ArrayBuffer>;
  }

  /** The files that the page has fetched, by their hash. */
  interface MediaStore {
    del(filehash: string): Promise<unknown>;
  }

  interface Reuploads {
    /** Asks the phone; pending until the phone answers. */
    requestMediaReupload(msg: Msg): Promise<{ result?: number; directPath?: string }>;
  }

  interface Contact {
    id: Wid;
    pushname?: string;
    name?: string;
    verifiedName?: string;
  }

  interface Chat {
    id: Wid;
    msgs: Collection<Msg>;
    contact?: Contact;
    /** The account has left the group, or was removed from it. */
    isReadOnly?: boolean;
    isAnnounceGrpRestrict?: boolean;
    accountLid?: Wid;
  }

  interface Groups {
    /** Asks the server if the page's data is stale. */
    find(wid: Wid): Promise<object | null | undefined>;
  }

  interface Chats extends Collection<Chat, 'add' | 'change:unreadCount'> {
    /** A person has a chat by phone number or by LID; this returns the newer one. */
    getLatestChatForWid(wid: Wid): Chat | undefined;
  }

  // ── The connection, the account, the code ───────────────────────────────────────────────────────────────────────

  interface Socket extends Emitter<'change:state' | 'change:stream' | 'change:hasSynced'> {
    /** `CONNECTED` even while the login is used elsewhere: only `stream` shows that. */
    state?: string;
    stream?: string;
    /** Stays true when the connection is lost. */
    hasSynced?: boolean;
    logout(): void;
  }

  interface Conn extends Emitter<'change:ref' | 'change:pushname'> {
    /** The part of the code that the server assigned. */
    ref?: string;
    /** How long the ref is valid, in milliseconds. */
    refTTL?: number;
    pushname?: string;
    platform?: string;
  }

  /** Whether the messages that the server held back have arrived. */
  interface Backlog {
    isOfflineDeliveryEnd?: boolean;
    onOfflineDeliveryEnd?(listener: () => void): void;
    onOfflineDeliveryStateReset?(listener: () => void): void;
  }

  interface NetworkStatus extends Emitter<'change:online'> {
    online?: boolean;
  }

  /** The events that the page's modules send each other. */
  type CommandEvent =
    | 'starting_logout_from_bridge'
    | 'logout_from_bridge'
    | 'unexpected_logout_modal_from_bridge'
    | 'account_temporarily_banned_from_bridge'
    | 'service_unavailable_503_from_bridge'
    | 'offline_progress_update_from_bridge'
    | 'new_history_sync_chunk_processed_from_bridge'
    | 'on_initial_chat_synced_from_bridge'
    | 'main_stream_mode_ready_from_bridge'
    | 'app_state_sync_completed_from_bridge'
    | 'on_critical_sync_done_from_bridge'
    | 'offline_delivery_end_from_bridge'
    | 'offline_delivery_state_reset_from_bridge'
    | 'reachout_timelock_state_change'
    | 'new_chat_message_capping_state_change';
  type Command = Emitter<CommandEvent>;

  /** A ban's number, and how many seconds are left until it ends. */
  interface Ban {
    banned?: boolean;
    code?: number | string | null;
    message?: string;
    expire?: number | string | null;
  }

  interface MePrefs {
    getMaybeMePnUser(): Wid | null | undefined;
    getMaybeMeLidUser?(): Wid | null | undefined;
    getMaybeMeDevicePn(): Wid | string | null | undefined;
    getMaybeMeDeviceLid(): Wid | string | null | undefined;
    getMaybeMeDisplayName?(): string | null | undefined;
    isMeAccount(wid: Wid): boolean;
  }

  interface Comms {
    /** Null once the page's connection loop has ended. */
    getComms(): object | null;
    isSocketConnected?(): boolean;
    forceAbortSocketConnection(): void;
    maybeResetSocketLoop?(): void;
    forceResetSocketLoop(): void;
  }

  interface Keys {
    pubKey: ArrayBuffer | Uint8Array;
  }

  type PairingEvent = 'primary_hello_received' | 'refresh_alt_linking_code' | 'force_manual_refresh' | 'error_alt_linking';

  interface Pairing {
    getPairingType(): string;
    setPairingType(type: string): void;
    /** After this call no code to scan of this connection works. */
    initializeAltDeviceLinking(): Promise<void>;
    initializeQRLinking(): Promise<void>;
    /** Throws if the linking was not initialized since the last call. */
    startAltLinkingFlow(phone: string, notify: boolean): Promise<string>;
  }

  type LimitTest = (about: { chat: Chat | null; contact: Contact }) => boolean;

  interface Capping {
    getCappingData(): { used_quota?: number; total_quota?: number; cycle_end_timestamp?: number } | null;
    getCappingStatus(): string;
    canSendMsgWhileCapped: LimitTest;
  }

  interface TimelockState {
    enforcement_type?: string;
    /** In milliseconds since the epoch. */
    time_enforcement_ends?: number | string;
  }

  interface Timelock {
    isUserReachoutTimelocked(): boolean;
    canSendMsgWhileTimelocked: LimitTest;
  }

  /** The result of a send: `OK`, `ERROR_NETWORK`, `ERROR_UNKNOWN`… and the number of a refusal. */
  type SendResult = { messageSendResult?: string; ackErrorCode?: number } | string | undefined;

  type MsgData = Msg & { id: MsgKey };
}
