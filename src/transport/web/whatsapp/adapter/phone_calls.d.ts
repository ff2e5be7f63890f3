// What `phone_calls.js` uses of WhatsApp's page, and what it gives. The interfaces add to those of the other files.

declare namespace WA {
  interface Msg {
    /** WhatsApp's word for the end of a call: `Missed`, `Completed`, `Rejected`… */
    callOutcome?: string;
    /** Seconds. */
    callDuration?: number;
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
  }

  interface Modules {
    /** Current builds export the collection itself. */
    WAWebCallCollection: CallList & { default?: CallList };
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
    stanzas: Modules['WAWap'];
    jids: Modules['WAWebCommsWapMd'];
    cast: Modules['WADeprecatedSendIq']['deprecatedCastStanza'];
  }

  interface Reports {
    call: { id: string; peer: string; phone: Text; group: Text; video: boolean; offline: boolean; t: number };
    call_ended: { id: string; outcome: string; duration_s: Count };
  }

  interface Calls {
    reject_call(argument: { call_id: string; peer: string }): Promise<Unread>;
  }
}
