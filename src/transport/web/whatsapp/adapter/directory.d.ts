// What `directory.js` uses of WhatsApp's page, and what it gives. The interfaces add to those of the other files.

declare namespace WA {
  interface Contact {
    id: Wid;
    isBusiness?: boolean;
    /** Of the contact under the identity that the account has blocked: its LID. */
    isContactBlocked?: boolean;
  }

  interface Chat {
    name?: string;
    /** Seconds since the epoch: the time of the last message. */
    t?: number;
    archive?: boolean;
    /** When it was pinned, in milliseconds; nothing, 0 or false if it is not. */
    pin?: number | boolean;
    mute?: Mute;
    groupMetadata?: GroupMetadata;
  }

  interface Member {
    id: Wid;
    /** Also of the group's creator. */
    isAdmin?: boolean;
    isSuperAdmin?: boolean;
  }

  interface GroupMetadata {
    id: Wid;
    /** The page has not asked the server for the group's data yet. */
    stale?: boolean;
    subject?: string;
    desc?: string;
    owner?: Wid;
    /** Seconds since the epoch. */
    creation?: number;
    restrict?: boolean;
    membershipApprovalMode?: boolean;
    memberAddMode?: string;
    /** In seconds; 0 if messages stay. */
    ephemeralDuration?: number;
    isParentGroup?: boolean;
    parentGroup?: Wid;
    announce?: boolean;
    isLidAddressingMode?: boolean;
    participants: {
      getModelsArray(): Member[];
      iAmAdmin(): boolean;
      iAmMember(): boolean;
      iAmSuperAdmin?(): boolean;
    };
  }
}

declare namespace Adapter {
  type Kind = 'chats' | 'contacts' | 'groups';
  type Role = 'creator' | 'admin' | 'member';
  type Person = { phone: Text; lid: Text };

  interface ChatNow extends Person {
    id: string;
    name: Text;
    unread: number;
    marked_unread: boolean;
    archived: boolean;
    pinned: boolean;
    muted: boolean;
    muted_until_s: Count;
    read_only: boolean;
    last_s: Count;
  }

  interface GroupNow {
    id: string;
    known: boolean;
    subject: Text;
    description: Text;
    owner: Person | null;
    created_s: Count;
    members: number;
    role: Role | null;
    announce: boolean;
    restrict: boolean;
    approval: boolean;
    members_add: boolean;
    ephemeral_s: number;
    by_lid: boolean;
    community: boolean;
    parent: Text;
  }

  interface Calls {
    directory(argument: { kind: Kind; from: number }): Promise<{ items: unknown[]; next: Count }>;
    chat_now(argument: { chat: string }): Promise<ChatNow>;
    group_now(argument: { group: string; ask: boolean }): Promise<GroupNow & { people: (Person & { role: Role })[] }>;
  }

  interface Page {
    /** The chat with a person or of a group, as the page holds it. */
    heldChat(id: string): WA.Chat;
  }
}
