// Groups: made, changed, joined and left.
//
// The page's functions below its toasts tell the server's answer. A refused setting resolves all the same, a join throws
// although it went through, and the page's own data follows late: so each change ends by what the server then has.
/** @type {Adapter.File} */
(function groups(page) {
  'use strict';
  const { whole, calling, need, attempt, refuse, said, keyText, widText, asWid, phoneOf, lidOf } = page;

  /** @type {Adapter.Forms} */
  const deferred = {
    group_members: ['groups', whole('WAWebGroupModifyParticipantsJob', 'addGroupParticipants')],
    group_info: ['groups', whole('WAWebGroupModifyInfoJob', 'setGroupSubject')],
    group_property: ['groups', calling('WAWebMexUpdateGroupPropertyJob', 'mexUpdateGroupPropertyJob')],
    group_query: ['groups', whole('WAWebGroupQueryJob', 'queryAndUpdateGroupMetadataById')],
    group_exit: ['groups', calling('WAWebGroupExitJob', 'leaveGroup')],
  };

  /** @type {Adapter.Forms} */
  const onDemand = {
    group_create: ['groups', calling('WAWebGroupCreateJob', 'createGroup')],
    group_invites: ['groups', whole('WAWebGroupInviteJob', 'joinGroupViaInvite')],
    group_invite_code: ['groups', calling('WAWebGroupInviteAction', 'queryGroupInviteCode')],
  };

  /** @type {{ [name: string]: Adapter.Door }} */
  const DOORS = {
    create: { loadable: 'WAWebNewGroupFlowLoadable', screen: 'WAWebNewGroupFlow.react' },
    invites: { loadable: 'WAWebGroupInviteLinkModalLoadable.react', screen: 'WAWebGroupInviteLinkModal.react' },
  };

  /** How long the page's data may take to follow the server's. */
  const FOLLOWS_MS = 2000;
  const LOOK_MS = 50;
  const DONE = 200;

  // ── Answers of the server ───────────────────────────────────────────────────────────────────────────────────────

  /** The number of the server's refusal; null for every other error. @param {any} error */
  const statusOf = (error) => Number(error?.status ?? error?.statusCode) || null;

  /**
   * Refuses with what a refusal of the server means. Every other error is passed on: then it is not known what happened.
   * @param {unknown} error
   * @returns {never}
   */
  function refused(error) {
    const status = statusOf(error);
    if (status === null) throw error;
    if (status === 401 || status === 403) refuse('GROUP_NOT_ADMIN', `WhatsApp answered ${status}`);
    if (status === 404 || status === 410) refuse('GROUP_ABSENT', `WhatsApp answered ${status}`);
    return refuse('GROUP_REFUSED', String(status));
  }

  /**
   * @template T
   * @param {Promise<T>} answer
   */
  const told = (answer) => Promise.resolve(answer).catch(refused);

  // ── What the page has ───────────────────────────────────────────────────────────────────────────────────────────

  /** @param {WA.Wid} wid */
  const metadataOf = (wid) => need('groups').get(wid) ?? need('chats').get(wid)?.groupMetadata ?? null;

  /** Asks the server for a group: the page takes over what it says a moment later. @param {WA.Wid} wid */
  const ask = (wid) => need('group_query').queryAndUpdateGroupMetadataById({ id: wid });

  /**
   * A group that the account is in, as the server has it.
   * @param {string} id
   */
  async function known(id) {
    const wid = asWid(id);
    if (!wid || wid.server !== 'g.us') return refuse('GROUP_ABSENT', 'it is no group');
    const chat = need('chats').get(wid);
    if (!chat || chat.isReadOnly) return refuse('GROUP_ABSENT', 'this account is not in the group');
    await ask(wid).catch(() => need('groups').find(wid));
    const group = metadataOf(wid);
    if (!group || attempt(() => group.participants.iAmMember()) !== true) return refuse('GROUP_ABSENT', 'this account is not in the group');
    return { wid, group };
  }

  /** @param {WA.Group} group */
  const isAdmin = (group) => attempt(() => group.participants.iAmAdmin()) === true;

  /** @param {WA.Group} group */
  function needAdmin(group) {
    if (!isAdmin(group)) refuse('GROUP_NOT_ADMIN', 'this account is not an admin of the group');
  }

  /**
   * Waits until what the server has shows in the page.
   * @param {WA.Wid} wid
   * @param {() => unknown} isDone
   */
  async function follows(wid, isDone) {
    await ask(wid).catch(() => {});
    const end = performance.now() + FOLLOWS_MS;
    while (performance.now() < end) {
      if (attempt(isDone)) return true;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return false;
  }

  // ── People ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Both identities of people, each looked up where the page does not know it; null for who is not on WhatsApp.
   * @param {string[]} ids
   */
  async function identities(ids) {
    const people = [];
    for (const id of ids) {
      const given = asWid(id);
      const lid = given && lidOf(given);
      const wid = lid ? asWid(lid) : await page.lookUp(id);
      const phone = wid && (phoneOf(wid) ?? phoneOf(given));
      people.push(wid && { lid: lidOf(wid) ?? lidOf(given), phone, wid: widText(wid) });
    }
    return people;
  }

  /**
   * A person as the functions of the page take them.
   * @param {Adapter.Identity} person
   */
  function chosen({ lid, phone, wid }) {
    const phoneNumber = asWid(phone ? `${phone}@c.us` : wid) ?? undefined;
    const known = lid && asWid(lid);
    return known ? { lid: known, phoneNumber } : { phoneNumber };
  }

  /**
   * The server's answers about people. It names a person as it likes, also by a LID that the page learns only then; the order
   * is that of the question.
   * @param {WA.GroupPerson[]} told
   * @param {Adapter.Identity[]} people
   */
  function answersFor(told, people) {
    const widOf = (/** @type {WA.GroupPerson} */ one) => one.userWid ?? one.wid;
    const isMe = (/** @type {WA.GroupPerson} */ one) => attempt(() => need('me').isMeAccount(/** @type {WA.Wid} */ (widOf(one)))) === true;
    const answers = told.filter((one) => !isMe(one));
    return people.map(({ lid, phone, wid }, index) => {
      const names = [lid, wid, phone && `${phone}@c.us`];
      const named = answers.find((one) => [widText(widOf(one)), lidOf(widOf(one))].some((name) => name && names.includes(name)));
      const answer = named ?? (answers.length === people.length ? answers[index] : undefined);
      return answerOf(answer, { lid: lid ?? lidOf(answer && widOf(answer)), phone, wid });
    });
  }

  /**
   * @param {WA.GroupPerson | undefined} answer
   * @param {Adapter.Identity} person
   * @returns {Adapter.PersonAnswer}
   */
  function answerOf(answer, { lid, phone, wid }) {
    const code = answer ? Number(answer.code ?? answer.error ?? DONE) : null;
    const invite = answer?.invite_code ? { code: answer.invite_code, expires_s: Number(answer.invite_code_exp) || null } : null;
    return { chat_id: wid, lid, phone, code, invite };
  }

  // ── Changes ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param {WA.Wid} wid @param {WA.Group} group @param {string} subject */
  async function setSubject(wid, group, subject) {
    if (group.subject === subject) return true;
    await told(need('group_info').setGroupSubject(wid, subject));
    return follows(wid, () => metadataOf(wid)?.subject === subject);
  }

  /**
   * The page keeps a description that was taken away, so there the server's answer alone tells.
   * @param {WA.Wid} wid @param {WA.Group} group @param {string} description
   */
  async function setDescription(wid, group, description) {
    const desc = description === '' ? undefined : description;
    const newDescId = await need('keyClass').newId();
    const change = (/** @type {string | undefined} */ prevDescId) => need('group_info').setGroupDescription({ groupWid: wid, desc, newDescId, prevDescId });
    // After the page has lost sight of a removal, the server has no description to replace.
    await told(change(group.descId || undefined).catch((error) => (statusOf(error) === 409 ? change(undefined) : Promise.reject(error))));
    if (desc === undefined) return true;
    return follows(wid, () => metadataOf(wid)?.desc === description);
  }

  /**
   * @param {WA.Wid} wid
   * @param {'announcement' | 'restrict' | 'membership_approval_mode' | 'ephemeral'} name
   * @param {number} value
   * @param {() => unknown} isSo
   */
  async function setProperty(wid, name, value, isSo) {
    if (attempt(isSo)) return true;
    // A refusal resolves too.
    const answer = await told(need('group_info').setGroupProperty(wid, name, value));
    const errors = answer?.value?.errorSetPropertyClientErrors?.value ?? answer?.value?.errorServerErrors?.value;
    if (errors?.code) refused({ status: errors.code });
    return follows(wid, isSo);
  }

  /** @param {WA.Wid} wid @param {boolean} byAdmins */
  async function setAdding(wid, byAdmins) {
    const isSo = () => metadataOf(wid)?.memberAddMode === (byAdmins ? 'admin_add' : 'all_member_add');
    if (isSo()) return true;
    await told(need('group_property')(keyText(widText(wid) ?? ''), { member_add_mode: byAdmins ? 'ADMIN_ADD' : 'ALL_MEMBER_ADD' }));
    return follows(wid, isSo);
  }

  /** @param {boolean} is */
  const flag = (is) => (is ? 1 : 0);

  /** The people of a group as it names them. @param {WA.Group} group @param {(Adapter.Identity | null)[]} people */
  const named = (group, people) =>
    people.map((person) => {
      const phone = person?.phone && `${person.phone}@c.us`;
      return asWid((group.isLidAddressingMode ? (person?.lid ?? phone) : (phone ?? person?.lid)) || person?.wid);
    });

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    /** Who is meant; nothing leaves but look-ups. The modules of a new group are fetched too: without them nothing is made. */
    async group_people({ participants }) {
      await page.fetched('group_create', /** @type {Adapter.Door} */ (DOORS.create));
      return { people: await identities(participants) };
    },

    /** Makes a group. After a refusal of the server there is none; after every other error nobody knows. */
    async group_create({ subject, people, announce, restrict, approval, admins_add: adminsAdd, ephemeral_s: ephemeralDuration }) {
      const create = await page.fetched('group_create', /** @type {Adapter.Door} */ (DOORS.create));
      // The page turns these two around, and takes a missing flag for a yes.
      const settings = { title: subject, announce: !announce, restrict: !restrict, membershipApprovalMode: approval, memberAddMode: !adminsAdd, ephemeralDuration };
      const made = await create(settings, people.map(chosen), []).catch((/** @type {unknown} */ error) => {
        const status = statusOf(error);
        if (status !== null) refuse('GROUP_REFUSED', String(status));
        throw error;
      });
      // The group is there: what follows only lets the page know it.
      await need('open')(made.wid, 'createGroup').catch(() => {});
      await ask(made.wid).catch(() => {});
      return { group_id: widText(made.wid) ?? '', people: answersFor(made.participants, people) };
    },

    async group_change({ group_id: id, subject, description, announce, restrict, approval, admins_add: adminsAdd, ephemeral_s: ephemeral }) {
      const { wid, group } = await known(id);
      const settings = [announce, restrict, approval, adminsAdd, ephemeral];
      if (settings.some((value) => typeof value === 'boolean' || typeof value === 'number')) needAdmin(group);
      if (group.restrict) needAdmin(group);
      const now = () => metadataOf(wid);
      /** @type {[string, unknown, () => Promise<boolean>][]} */
      const changes = [
        ['subject', subject, () => setSubject(wid, group, subject ?? '')],
        ['description', description, () => setDescription(wid, group, description ?? '')],
        ['announce', announce, () => setProperty(wid, 'announcement', flag(Boolean(announce)), () => Boolean(now()?.announce) === announce)],
        ['restrict', restrict, () => setProperty(wid, 'restrict', flag(Boolean(restrict)), () => Boolean(now()?.restrict) === restrict)],
        ['membership_approval', approval, () => setProperty(wid, 'membership_approval_mode', flag(Boolean(approval)), () => Boolean(now()?.membershipApprovalMode) === approval)],
        ['member_add_mode', adminsAdd, () => setAdding(wid, Boolean(adminsAdd))],
        ['ephemeral', ephemeral, () => setProperty(wid, 'ephemeral', Number(ephemeral), () => (Number(now()?.ephemeralDuration) || 0) === ephemeral)],
      ];
      for (const [name, value, change] of changes) {
        if (value === null || value === undefined) continue;
        if (!(await change())) refuse('FAILED', `${name} is not changed`);
      }
    },

    async group_members({ group_id: id, act, participants }) {
      const { wid, group } = await known(id);
      if (act !== 'add' || group.memberAddMode === 'admin_add') needAdmin(group);
      const people = await identities(participants);
      const present = people.filter((person) => person !== null);
      const job = need('group_members');
      const byLid = group.isLidAddressingMode === true;
      const wids = named(group, present).filter((one) => one !== null);
      /** @type {() => Promise<{ participants: WA.GroupPerson[] }>} */
      const change = {
        add: () => job.addGroupParticipants(wid, present.map(chosen), []),
        remove: () => job.removeGroupParticipants(wid, wids),
        promote: () => job.promoteGroupParticipants(wid, wids, byLid),
        demote: () => job.demoteGroupParticipants(wid, wids, byLid),
      }[act];
      const answer = present.length > 0 ? await told(change()) : { participants: [] };
      await ask(wid).catch(() => {});
      const absent = { chat_id: null, lid: null, phone: null, code: 404, invite: null };
      const answers = answersFor(answer.participants, present);
      return { subject: group.subject ?? '', people: people.map((person) => (person ? (answers.shift() ?? absent) : absent)) };
    },

    /** The code of the group's invite; with `reset` a new one, after which the old one leads nowhere. */
    async group_invite({ group_id: id, reset }) {
      const { wid, group } = await known(id);
      const invites = await page.fetched('group_invites', /** @type {Adapter.Door} */ (DOORS.invites));
      if (reset) {
        needAdmin(group);
        return await told(invites.resetGroupInviteCode(wid));
      }
      const query = await page.fetched('group_invite_code', /** @type {Adapter.Door} */ (DOORS.invites));
      await told(query(group));
      return { code: group.inviteCode ?? refuse('GROUP_NOT_ADMIN', 'WhatsApp tells the invite to admins only') };
    },

    /** Joins a group, or asks its admins: the server alone decides which. */
    async group_join({ code }) {
      const invites = await page.fetched('group_invites', /** @type {Adapter.Door} */ (DOORS.invites));
      const about = await need('group_query').queryGroupInvite(code).catch((/** @type {unknown} */ error) => {
        if (statusOf(error) === null) throw error;
        return refuse('INVITE_UNKNOWN', `WhatsApp answered ${statusOf(error)}`);
      });
      let asks = Boolean(about.membershipApprovalMode);
      let gid = about.id;
      try {
        ({ gid } = await invites.joinGroupViaInvite(code, asks));
      } catch (thrown) {
        const error = /** @type {{ gid?: WA.Wid } | null} */ (thrown);
        const status = statusOf(thrown);
        // The page expected the other answer: the join went through all the same.
        if (error?.gid) {
          gid = error.gid;
          asks = !asks;
        } else if (status === 409) {
          asks = false;
        } else if (status === 404 || status === 406 || status === 410) {
          refuse('INVITE_UNKNOWN', `WhatsApp answered ${status}`);
        } else refused(thrown);
      }
      const wid = asWid(gid);
      if (!asks && wid) {
        await need('open')(wid, 'joinGroup').catch(() => {});
        await ask(wid).catch(() => {});
      }
      return { group_id: widText(wid) ?? '', asked: asks };
    },

    /** Leaves a group; one that the account is not in any more counts as left. */
    async group_leave({ group_id: id }) {
      const wid = asWid(id);
      const chat = wid?.server === 'g.us' ? need('chats').get(wid) : null;
      if (!wid || !chat) return refuse('GROUP_ABSENT', 'this account is not in the group');
      if (chat.isReadOnly) return undefined;
      const left = need('group_exit')(wid).catch((/** @type {unknown} */ error) => (statusOf(error) === 404 ? { code: 404 } : Promise.reject(error)));
      const { code } = await told(left);
      if (Number(code) !== DONE && Number(code) !== 404) refused({ status: code });
      await ask(wid).catch((error) => said(error));
      return undefined;
    },
  };

  return { forms: {}, deferred, onDemand, calls };
})
