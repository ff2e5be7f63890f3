// The modules of WhatsApp Web's page that the adapter uses, by name, with the members that it uses.

declare namespace WA {
  interface Modules {
    WABase64: { encodeB64(bytes: ArrayBuffer | Uint8Array): string };
    WAComms: Comms;
    WATimeUtils: { unixTime(): number; default?: { unixTime(): number } };
    WAWebAdvSignatureApi: { getADVSecretKey(): Promise<string> };
    WAWebAltDeviceLinkingApi: Pairing;
    WAWebApiContact: { getPhoneNumber(lid: Wid): Wid | null | undefined; getCurrentLid(phone: Wid): Wid | null | undefined };
    WAWebBackendEventBus: { BackendEventBus: Backlog & { triggerRefreshQR?(): void } };
    WAWebBlocklistCollection: { BlocklistCollection: Collection<object> };
    WAWebBuildConstants: { VERSION_STR: string };
    WAWebChatCollection: { ChatCollection: Chats };
    WAWebChatLoadMessages: { loadEarlierMsgs(target: { chat: Chat } | Chat): Promise<unknown> };
    WAWebChatStateBridge: {
      sendChatStateComposing(chat: Wid): Promise<void>;
      sendChatStateRecording(chat: Wid): Promise<void>;
      sendChatStatePaused(chat: Wid): Promise<void>;
    };
    WAWebCmd: { Cmd: Command & Backlog & { refreshQR?(): void } };
    WAWebCollections: { Chat: Chats; Contact: Collection<Contact>; GroupMetadata?: Groups; Msg: Messages };
    WAWebCompanionRegClientUtils: { DEVICE_PLATFORM: string };
    WAWebConnModel: { Conn: Conn };
    WAWebContactCollection: { ContactCollection: Collection<Contact> };
    WAWebDBMessageSerialization: { messageFromDbRow(row: Row): Msg };
    WAWebDownloadManager: { downloadManager: Downloads };
    /** Older builds return the chat itself. */
    WAWebFindChatAction: { findOrCreateLatestChat(wid: Wid, why: string): Promise<{ chat: Chat } | Chat | undefined> };
    /** Current builds export the collection itself. */
    WAWebGroupMetadataCollection: Groups & { default?: Groups };
    WAWebIndividualNewChatMessageCappingLimitGatingUtils: { isIndividualNewChatMessageCappingEnabled(): boolean };
    WAWebIndividualNewChatMessageCappingLimitUtils: Capping;
    WAWebLaunchSocketUtils: { refreshQR(): void };
    WAWebLinkDeviceEvents: { WAWebLinkDeviceEvents: Emitter<`link_device_events:${PairingEvent}`> };
    WAWebMediaStore: { LruMediaStore: MediaStore };
    /** Throws for a message without a file. */
    WAWebMmsMediaTypes: {
      getMsgMediaType(msg: Msg): string;
      /** Nothing for a type of messages without restriction. */
      getValidMimeTypes(type: string): Set<string> | null | undefined;
    };
    WAWebMsgCollection: { MsgCollection: Messages };
    WAWebMsgDataUtils: { genOutgoingMsgData(chat: Chat, type: string): Promise<MsgData> };
    /** Current builds export the class itself. */
    WAWebMsgKey: MsgKeyClass & { default?: MsgKeyClass };
    WAWebNativeCameraQRLinkedDeviceUtils: { isNativeCameraQRLinkedDeviceTest(): boolean };
    WAWebNetworkStatus: NetworkStatus & { default?: NetworkStatus };
    WAWebNonMessageDataRequestPlaceholderMessageResendUtils: { handlePlaceholderMsgsSeen(messages: Msg[], onScreen: boolean): void };
    WAWebOfflineHandler: {
      OfflineMessageHandler: { getOfflineMessageCount(): number; getOfflineDeliveryProgress(): number };
    };
    WAWebPollsPollVoteCollection: { PollVoteCollection: Emitter<'add'> };
    WAWebPollsVotesSchema: { getTable(): Table<Vote> };
    /** Asks the server. */
    WAWebQueryExistsJob: { queryWidExists(wid: Wid): Promise<{ wid: Wid } | null> };
    WAWebReachoutTimelockUtils: Timelock;
    WAWebReactionsCollection: { ReactionsCollection: Collection<Reactions> };
    WAWebRequestMediaReuploadManager: { RequestMediaReuploadManager: Reuploads };
    WAWebResendMsgAction: { resendMsg(msg: Msg): Promise<SendResult> };
    WAWebSchemaMessage: { getMessageTable(): Table<Row, 'rowId' | 'internalId'> };
    WAWebSchemaReactions: { getReactionsTable(): Table<ReactionRow> };
    /** Two promises: the message is stored and shown; the server has answered. */
    WAWebSendMsgChatAction: { addAndSendMsgToChat(chat: Chat, data: MsgData): [Promise<unknown>, Promise<SendResult>] };
    WAWebSendTextMsgChatAction: { createTextMsgData(chat: Chat, text: string, options: TextOptions): Promise<MsgData | null> };
    WAWebSignalStoreApi: { waSignalStore: { getRegistrationInfo(): Promise<{ identityKeyPair: Keys }> } };
    WAWebSocketModel: { Socket: Socket };
    WAWebStorageCmd: { StorageCmd: Emitter<'storage_not_enough_space' | 'cache_storage_open_failed'> };
    /** Not null while a newer version of the page is about to replace this one. */
    WAWebUpdater: { Updater: { hardExpirationTimer: unknown } };
    WAWebUserPrefsIndexedDBStorage: { userPrefsIdb: { get(key: 'WAReachoutTimelockState'): TimelockState | undefined } };
    WAWebUserPrefsInfoStore: { waNoiseInfo: { get(): Promise<{ staticKeyPair: Keys }> } };
    WAWebUserPrefsMeUser: MePrefs;
    WAWebUserPrefsMultiDevice: { getADVSecretKey(): string | Promise<string>; advSecretEventEmitter: Emitter<'change'> };
    WAWebUserPrefsTabMutex: { currentTabHasMutex(): boolean; getMutex?(): string | null | undefined };
    WAWebWidFactory: { createWid(text: string): Wid; asUserWidOrThrow(wid: Wid): Wid };
  }
}

interface Window {
  /** Throws for an unknown name; older builds give null. */
  require<K extends keyof WA.Modules>(name: K): WA.Modules[K] | null;
  Debug?: { VERSION?: string };
}
