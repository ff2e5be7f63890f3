// What `presence.js` uses of WhatsApp's page, and what it gives. The interfaces add to those of the other files.

declare namespace WA {
  interface Presence {
    isOnline?: boolean;
    /** The server has told something since the last connect. */
    hasData?: boolean;
    /** `t`: since when somebody is not online, in seconds; `deny`: they do not tell it. */
    chatstate?: { type?: string; t?: number; deny?: boolean };
  }

  interface Presences {
    get(wid: Wid | null): Presence | undefined;
    /** Asks the server, for a LID only. */
    find(wid: Wid): Promise<unknown>;
    /** Events of the people, and of their `chatstate` as `change:chatstate.…`; both have the person's id. */
    on(event: string, listener: (of?: { id?: Wid | string }) => void): void;
  }

  interface Modules {
    WAWebPresenceCollection: { PresenceCollection: Presences };
    WAWebPresenceChatAction: { sendPresenceAvailable(): void };
  }
}

declare namespace Adapter {
  interface Options {
    /** This account is shown as online. */
    available: boolean;
  }

  interface Capabilities {
    presences: WA.Presences;
    availability: Modules['WAWebPresenceChatAction'];
  }

  /** `state` is null while the server has told nothing. */
  interface Presence {
    lid: string;
    phone: Text;
    state: Text;
    last_seen_s: Count;
    hidden: boolean;
  }

  interface Reports {
    presence: Presence;
  }

  interface Calls {
    presence(argument: { chat: string }): Promise<Presence>;
    follow(argument: { lids: string[] }): Promise<void>;
  }
}
