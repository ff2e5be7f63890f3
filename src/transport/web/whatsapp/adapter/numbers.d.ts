// What `numbers.js` uses of WhatsApp's page, and what it gives. The interfaces add to those of the other files.

declare namespace WA {
  /** An answer about one number: its id is the number or the LID. */
  interface Found {
    id: Wid;
    lid?: Wid | string;
    pn?: Wid | string;
    /** `in`: on WhatsApp. `content` is the number as it was asked for. */
    contact?: { type?: string; content?: string };
  }

  interface UsyncQuery {
    withContactProtocol(addressing: string): UsyncQuery;
    withLidProtocol(): UsyncQuery;
    withUser(user: UsyncUser): UsyncQuery;
    execute(): Promise<{ list: Found[]; error?: { [what: string]: { errorCode?: number } | undefined } }>;
  }

  interface UsyncUser {
    withPhone(phone: string): UsyncUser;
  }

  interface Modules {
    WAWebUsync: { USyncQuery: new () => UsyncQuery; USYNC_ADDRESSING_MODE?: { LID: string } };
    WAWebUsyncUser: { USyncUser: new () => UsyncUser };
    WAWebDBCreateLidPnMappings: {
      createLidPnMappings(known: { mappings: { pn: Wid; lid: Wid }[]; flushImmediately: boolean; learningSource: string }): Promise<unknown>;
    };
  }
}

declare namespace Adapter {
  interface Capabilities {
    usync: Modules['WAWebUsync'];
    usync_user: Modules['WAWebUsyncUser'];
    mappings: Modules['WAWebDBCreateLidPnMappings']['createLidPnMappings'];
  }

  interface NumberFound {
    chat_id: Text;
    lid: Text;
    /** The server said nothing about the number, which may be on WhatsApp. */
    no_answer: boolean;
  }

  interface Calls {
    unknown(argument: { people: string[] }): Promise<{ people: string[] }>;
    identities(argument: { people: string[] }): Promise<{ people: (Identity | null)[] }>;
    exists_many(argument: { numbers: string[] }): Promise<{ found: NumberFound[] }>;
  }

  interface Page {
    /** Both identities of people; null for who is not on WhatsApp. */
    identities(ids: string[]): Promise<(Identity | null)[]>;
    /** The server's answer about a number: its chat, or null if it is not on WhatsApp. */
    learned(id: string, chat: Text): void;
  }
}
