// What `person.js` uses of WhatsApp's page, and what it gives. The interfaces add to those of the other files.

declare namespace WA {
  interface Collection<M, Event extends string = 'add'> {
    /** Of contacts: creates one of a person that the page has none of. */
    find?(id: Wid): Promise<M | undefined>;
  }

  interface Chat {
    /** What shows the server that this account knows the person: some show their picture to nobody else. */
    tcToken?: unknown;
  }

  /** Texts, websites, categories and places are absent where a business does not say them. */
  interface BusinessProfile {
    address?: string;
    description?: string;
    email?: string;
    website?: { url?: string }[];
    categories?: { id: string; localized_display_name?: string }[];
    latitude?: number;
    longitude?: number;
    /** Times are minutes of the day. A day with two openings comes twice. */
    business_hours?: { timezone?: string; config?: { day_of_week: string; mode: string; open_time?: number; close_time?: number }[] };
  }

  interface Modules {
    /** Asks the server; without those who are no businesses. Throws with its status. */
    WAWebQueryBusinessProfile: {
      queryBusinessProfile(about: { wid: Wid; tag: undefined }[]): Promise<{ wid: Wid; tag?: string; profile?: BusinessProfile }[]>;
    };
    /** Asks the server. Throws with its status: 404 if there is none, 401 if it is hidden. The link expires. */
    WAWebGetProfilePicJob: {
      getProfilePic(wid: Wid, options: { preview: boolean; tcToken?: unknown }): Promise<{ eurl?: string; directPath?: string; tag?: unknown }>;
    };
    /** Resolves without an effect where it is so already. */
    WAWebBlockContactAction: {
      blockContact(about: { contact: Contact; blockEntryPoint: string }): Promise<unknown>;
      unblockContact(contact: Contact, entryPoint: string): Promise<unknown>;
    };
    /** Asks the server; `stale` if it did not answer. */
    WAWebContactStatusBridge: { getStatus(about: { wid: Wid }): Promise<{ status?: string | null; stale?: boolean }> };
  }
}

declare namespace Adapter {
  interface Capabilities {
    block: Modules['WAWebBlockContactAction'];
    picture: Modules['WAWebGetProfilePicJob']['getProfilePic'];
    about: Modules['WAWebContactStatusBridge']['getStatus'];
    business_profile: Modules['WAWebQueryBusinessProfile']['queryBusinessProfile'];
  }

  interface Business {
    address: Text;
    description: Text;
    email: Text;
    websites: string[];
    categories: string[];
    place: { latitude: number; longitude: number } | null;
    timezone: Text;
    hours: { day: string; mode: string; opens: number; closes: number }[];
  }

  interface Calls {
    block(argument: { chat: string; on: boolean }): Promise<Unread>;
    /** `data` is base64; null if it is the picture with the known tag. */
    picture(argument: { chat: string; known_tag: Text; max_bytes: number; within_ms: number }): Promise<{ tag: Text; data: Text }>;
    about(argument: { chat: string }): Promise<{ about: Text }>;
    business(argument: { chat: string }): Promise<{ profile: Business | null }>;
  }
}
