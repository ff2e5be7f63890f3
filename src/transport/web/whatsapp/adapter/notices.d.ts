// What `notices.js` and `phone_calls.js` use of WhatsApp's page, and what they give. The interfaces add to those of the
// other files.

declare namespace WA {
  interface Msg {
    /** WhatsApp's word for the end of a call: `Missed`, `Completed`, `Rejected`… */
    callOutcome?: string;
    /** Seconds. */
    callDuration?: number | null;
    callCreator?: Wid | string;
    isVideoCall?: boolean;
    /** Of a notice about a group: those whom it concerns. */
    recipients?: (Wid | string)[];
    /** Who deleted the message for everybody. */
    revokeSender?: Wid | string;
  }

  interface Call {
    id: string;
    peerJid?: Wid | string;
    groupJid?: Wid | string | null;
    outgoing?: boolean;
    isVideo?: boolean;
    /** The offer came with the backlog: nothing rings. */
    offerReceivedWhileOffline?: boolean;
    /** Seconds since the epoch. */
    offerTime?: number;
  }

  interface CallList {
    processIncomingCall(...values: unknown[]): unknown;
    add(...values: any[]): unknown;
    getModelsArray(): Call[];
  }

  /** Where a change of a group comes from. `externalId` and `ts` together are the id of its notice. */
  interface GroupMeta {
    chatId: Wid | string;
    author?: Wid | string | null;
    externalId?: string;
    ts?: number;
  }

  interface GroupAction {
    actionType: string;
    participants?: { id: Wid | string }[];
  }

  interface Modules {
    /** Current builds export the collection itself. */
    WAWebCallCollection: CallList & { default?: CallList };
    WAWebUpdateDbForGroupActionApi: { updateDBForGroupAction(...values: any[]): unknown };
    WAWap: {
      wap(tag: string, attributes: { [name: string]: unknown }, ...children: object[]): object;
      generateId(): unknown;
      CUSTOM_STRING(text: string): unknown;
    };
    WAWebCommsWapMd: { JID(wid: Wid): unknown };
    WADeprecatedSendIq: { deprecatedCastStanza(stanza: object): void };
  }
}

declare namespace Adapter {
  interface Capabilities {
    call_list: WA.CallList;
    group_actions: Modules['WAWebUpdateDbForGroupActionApi'];
    stanzas: Modules['WAWap'];
    jids: Modules['WAWebCommsWapMd'];
    cast: Modules['WADeprecatedSendIq']['deprecatedCastStanza'];
  }

  interface Somebody {
    id: string;
    phone: Text;
    lid: Text;
  }

  type CallNotice = {
    what: 'call';
    id: string;
    peer: string;
    phone: Text;
    lid: Text;
    group: Text;
    from_me: boolean;
    video: boolean;
    outcome: string;
    duration_s: Count;
    t: number;
  };
  type GroupNotice = {
    what: 'group';
    id: string;
    group: string;
    change: string;
    author: Somebody | null;
    people: Somebody[];
    value: Text;
    t: number;
  };
  type Notice =
    | CallNotice
    | GroupNotice
    | ({ what: 'contact'; pushname: string; t: number } & Somebody)
    | { what: 'read'; chat: string; phone: Text; lid: Text; unread: number; t: number };

  interface Page {
    noticeOf(msg: WA.Msg): CallNotice | GroupNotice | null;
    revokerOf(msg: WA.Msg): { admin: boolean; person: Somebody | null } | null;
    /** A person without the device. */
    person(given: Anyone): Anyone;
    /** The calls that were reported in this document, by their ids. */
    ringing: Set<string>;
    /** The functions of the page that the adapter has wrapped. */
    wrapped: string[];
  }

  interface Message {
    notice: CallNotice | GroupNotice | null;
    revoked_by: { admin: boolean; person: Somebody | null } | null;
  }

  interface Reports {
    notice: Notice;
  }

  interface Calls {
    reject_call(argument: { call_id: string; peer: string }): Promise<Unread>;
  }
}
