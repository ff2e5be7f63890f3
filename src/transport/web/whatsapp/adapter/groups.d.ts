// What `lazy.js` and `groups.js` use of WhatsApp's page, and what they give. The interfaces add to those of the other files.

declare namespace WA {
  interface Loadable {
    /** Fetches a part of the page; some parts have no such function. */
    requireBundle?(): Promise<unknown>;
  }

  /** What the page has of a group. */
  interface GroupMetadata {
    descId?: string;
    /** After a question for it. */
    inviteCode?: string;
  }

  type Group = GroupMetadata;

  interface Groups {
    get(wid: Wid): Group | null | undefined;
  }

  interface GroupPersonGiven {
    lid?: Wid;
    phoneNumber?: Wid;
  }

  /** The server's answer about a person: `code` or `error`, the latter null for a person who was added. */
  interface GroupPerson {
    userWid?: Wid;
    wid?: Wid;
    code?: string | number;
    error?: number | null;
    /** In the answer about a new group. */
    type?: string;
    invite_code?: string | null;
    invite_code_exp?: string | null;
  }

  interface GroupSettings {
    title: string;
    /** True: everybody writes. */
    announce: boolean;
    /** True: everybody changes the group's data. */
    restrict: boolean;
    membershipApprovalMode: boolean;
    /** False: only admins add. */
    memberAddMode: boolean;
    ephemeralDuration: number;
  }

  interface ErrorOfServer {
    value?: { code?: number | string };
  }

  type PeopleAnswer = Promise<{ participants: GroupPerson[] }>;

  interface Modules {
    Bootloader: { loadModules(names: string[], done: () => void, label: string): void };
    WAWebNewGroupFlowLoadable: Loadable;
    'WAWebGroupInviteLinkModalLoadable.react': Loadable;
    WAWebGroupCreateJob: {
      createGroup(settings: GroupSettings, people: GroupPersonGiven[], out: Wid[]): Promise<{ wid: Wid; participants: GroupPerson[] }>;
    };
    WAWebGroupModifyParticipantsJob: {
      addGroupParticipants(group: Wid, people: GroupPersonGiven[], out: Wid[]): PeopleAnswer;
      removeGroupParticipants(group: Wid, people: Wid[]): PeopleAnswer;
      promoteGroupParticipants(group: Wid, people: Wid[], byLid: boolean): PeopleAnswer;
      demoteGroupParticipants(group: Wid, people: Wid[], byLid: boolean): PeopleAnswer;
    };
    WAWebGroupModifyInfoJob: {
      setGroupSubject(group: Wid, subject: string): Promise<unknown>;
      setGroupDescription(about: { groupWid: Wid; desc?: string; newDescId: string; prevDescId?: string }): Promise<unknown>;
      /** Resolves with the server's refusal too. */
      setGroupProperty(group: Wid, name: string, value: number): Promise<{
        value?: { errorSetPropertyClientErrors?: ErrorOfServer; errorServerErrors?: ErrorOfServer };
      } | undefined>;
    };
    WAWebMexUpdateGroupPropertyJob: { mexUpdateGroupPropertyJob(group: string, update: { member_add_mode: string }): Promise<unknown> };
    WAWebGroupQueryJob: {
      queryAndUpdateGroupMetadataById(about: { id: Wid }): Promise<unknown>;
      queryGroupInvite(code: string): Promise<{ id: Wid | string; membershipApprovalMode?: unknown }>;
    };
    WAWebGroupInviteJob: {
      resetGroupInviteCode(group: Wid): Promise<{ code: string }>;
      joinGroupViaInvite(code: string, asks: boolean): Promise<{ gid: Wid }>;
    };
    WAWebGroupInviteAction: { queryGroupInviteCode(group: Group): Promise<unknown> };
    WAWebGroupExitJob: { leaveGroup(group: Wid): Promise<{ code?: number | string }> };
  }
}

declare namespace Adapter {
  interface Capabilities {
    group_create: Modules['WAWebGroupCreateJob']['createGroup'];
    group_members: Modules['WAWebGroupModifyParticipantsJob'];
    group_info: Modules['WAWebGroupModifyInfoJob'];
    group_property: Modules['WAWebMexUpdateGroupPropertyJob']['mexUpdateGroupPropertyJob'];
    group_query: Modules['WAWebGroupQueryJob'];
    group_invites: Modules['WAWebGroupInviteJob'];
    group_invite_code: Modules['WAWebGroupInviteAction']['queryGroupInviteCode'];
    group_exit: Modules['WAWebGroupExitJob']['leaveGroup'];
  }

  /** A part of the page: the module that may have a function to fetch it, and the name of its screen. */
  interface Door {
    loadable?: 'WAWebNewGroupFlowLoadable' | 'WAWebGroupInviteLinkModalLoadable.react';
    screen: string;
  }

  interface Identity {
    lid: Text;
    phone: Text;
    wid: Text;
  }

  /** `code` is null if the server said nothing about the person. */
  interface PersonAnswer {
    chat_id: Text;
    lid: Text;
    phone: Text;
    code: Count;
    invite: { code: string; expires_s: Count } | null;
  }

  interface GroupChanges {
    subject?: Text;
    /** Empty: it goes. */
    description?: Text;
    announce?: boolean | null;
    restrict?: boolean | null;
    approval?: boolean | null;
    admins_add?: boolean | null;
    /** 0: messages stay. */
    ephemeral_s?: Count;
  }

  interface Page {
    /** A capability of a part that the page fetches only when it is needed; refuses if it does not come. */
    fetched<K extends Name>(name: K, door: Door): Promise<Capabilities[K]>;
    /** The modules in which a capability is looked for. */
    modulesOf(name: Name): string;
  }

  interface Calls {
    group_people(argument: { participants: string[] }): Promise<{ people: (Identity | null)[] }>;
    group_create(argument: {
      subject: string;
      people: Identity[];
      announce: boolean;
      restrict: boolean;
      approval: boolean;
      admins_add: boolean;
      ephemeral_s: number;
    }): Promise<{ group_id: string; people: PersonAnswer[] }>;
    /** `failed` is the field with which the changes ended; what comes after it is not tried. */
    group_change(argument: { group_id: string; within_ms: number } & GroupChanges): Promise<{
      changed: string[];
      failed: ({ field: string } & Failure) | null;
    }>;
    group_members(argument: {
      group_id: string;
      act: 'add' | 'remove' | 'promote' | 'demote';
      participants: string[];
    }): Promise<{ subject: string; people: PersonAnswer[] }>;
    group_invite(argument: { group_id: string; reset: boolean }): Promise<{ code: string }>;
    group_join(argument: { code: string }): Promise<{ group_id: string; asked: boolean }>;
    group_leave(argument: { group_id: string }): Promise<Unread>;
  }
}
