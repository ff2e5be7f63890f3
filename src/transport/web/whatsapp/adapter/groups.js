// Groups: made, changed, joined and left.
//
// The page's functions below its toasts tell the server's answer. A refused setting resolves all the same, a join throws
// although it went through, and the page's own data follows late: so each change ends by what the server then has.
/** @type {Adapter.File} */
(function groups(page) {
  'use strict';
  const { whole, calling, need, attempt, refuse, said, failureOf, keyText, widText, asWid, phoneOf, lidOf } = page;

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
  const TIMEOUT = 408;
  const OVERLIMIT = 429;
  /** What the server's answer about a new group says of who made it. */
  const CREATOR = 'superadmin';

  // ── Answers of the server ───────────────────────────────────────────────────────────────────────────────────────

  /** The server's number in an error; null for every other error. @param {any} error */
  const statusOf = (error) => Number(error?.status ?? error?.statusCode) || null;

  /**
   * The number of a certain refusal; null if the request may have been done. A timeout and the server's own troubles say
   * nothing about the request, and neither do errors without a number.
   * @param {unknown} error
   */
  function refusalOf(error) {
    const status = statusOf(error);
    return status !== null && status >= 400 && status < 500 && status !== TIMEOUT ? status : null;
  }

  /** @param {unknown} error @returns {never} */
  const unconfirmed = (error) => refuse('UNCONFIRMED', statusOf(error) === null ? said(error) : `WhatsApp answered ${statusOf(error)}`);

  /**
   * Refuses with what an error of the server means.
   * @param {unknown} error
   * @returns {never}
   */
  function refused(error) {
    const status = refusalOf(error);
    if (status === null) return unconfirmed(error);
    if (status === 401 || status === 403) refuse('GROUP_NOT_ADMIN', `WhatsApp answered ${status}`);
    if (status === 404 || status === 410) refuse('GROUP_ABSENT', `WhatsApp answered ${status}`);
    return refuse('GROUP_REFUSED', String(status));
  }

  /**
   * The server's answer. A module that is missing is no answer: the function is looked for before.
   * @template T
   * @param {() => Promise<T>} asking
   * @returns {Promise<T>}
   */
  const told = (asking) => Promise.resolve().then(asking).catch(refused);

  /**
   * Does what only lets the page know more: it may fail, and it is not waited for longer than the page's data are.
   * @param {() => Promise<unknown>} work
   */
  const briefly = (work) => Promise.race([Promise.resolve().then(work).catch(() => {}), new Promise((resolve) => setTimeout(resolve, FOLLOWS_MS))]);

  // ── What the page has ───────────────────────────────────────────────────────────────────────────────────────────

  /** @param {WA.Wid} wid */
  const metadataOf = (wid) => need('groups').get(wid) ?? need('chats').get(wid)?.groupMetadata ?? null;

  /** Asks the server for a group: the page takes over what it says a moment later. @param {WA.Wid} wid */
  const ask = async (wid) => need('group_query').queryAndUpdateGroupMetadataById({ id: wid });

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
    await briefly(() => ask(wid));
    const end = performance.now() + FOLLOWS_MS;
    while (performance.now() < end) {
      if (attempt(isDone)) return true;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return false;
  }

  // ── People ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * A person as the functions of the page take them.
   * @param {Adapter.Identity} person
   */
  function chosen({ lid, phone, wid }) {
    const phoneNumber = asWid(phone ? `${phone}@c.us` : wid) ?? undefined;
    const known = lid && asWid(lid);
    return known ? { lid: known, phoneNumber } : { phoneNumber };
  }

  /** @param {WA.GroupPerson} one */
  const widOf = (one) => one.userWid ?? one.wid;

  /**
   * The server's answers about people, in the order of the people. It names a person as it likes, also by a LID that the page
   * does not know; the order of its answers proves nothing. An answer under a strange name belongs to somebody only if one
   * person and one answer are left over.
   * @param {WA.GroupPerson[]} answers
   * @param {Adapter.Identity[]} people
   */
  function answersFor(answers, people) {
    const namesOf = people.map(({ lid, phone, wid }) => [lid, wid, phone && `${phone}@c.us`].filter((name) => Boolean(name)));
    const isOf = (/** @type {WA.GroupPerson} */ one, /** @type {(string | null)[]} */ names) =>
      [widText(widOf(one)), lidOf(widOf(one)), phoneOf(widOf(one)) && `${phoneOf(widOf(one))}@c.us`].some((name) => name && names.includes(name));
    const found = namesOf.map((names) => answers.find((one) => isOf(one, names)));
    const strange = answers.filter((one) => !namesOf.some((names) => isOf(one, names)));
    const isOnly = strange.length === 1 && found.filter((one) => one === undefined).length === 1;
    return people.map(({ lid, phone, wid }, index) => {
      const answer = found[index] ?? (isOnly ? strange[0] : undefined);
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
    const { setGroupSubject } = need('group_info');
    await told(() => setGroupSubject(wid, subject));
    return follows(wid, () => metadataOf(wid)?.subject === subject);
  }

  /**
   * The page keeps a description that was taken away, so there the server's answer alone tells.
   * @param {WA.Wid} wid @param {WA.Group} group @param {string} description
   */
  async function setDescription(wid, group, description) {
    const desc = description === '' ? undefined : description;
    const newDescId = await need('keyClass').newId();
    const { setGroupDescription } = need('group_info');
    const change = (/** @type {string | undefined} */ prevDescId) => setGroupDescription({ groupWid: wid, desc, newDescId, prevDescId });
    // After the page has lost sight of a removal, the server has no description to replace.
    await told(() => change(group.descId || undefined).catch((error) => (statusOf(error) === 409 ? change(undefined) : Promise.reject(error))));
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
    const { setGroupProperty } = need('group_info');
    // A refusal resolves too.
    const answer = await told(() => setGroupProperty(wid, name, value));
    const errors = answer?.value?.errorSetPropertyClientErrors?.value ?? answer?.value?.errorServerErrors?.value;
    if (errors?.code) refused({ status: errors.code });
    return follows(wid, isSo);
  }

  /** @param {WA.Wid} wid @param {boolean} byAdmins */
  async function setAdding(wid, byAdmins) {
    const isSo = () => metadataOf(wid)?.memberAddMode === (byAdmins ? 'admin_add' : 'all_member_add');
    if (isSo()) return true;
    const change = need('group_property');
    await told(() => change(keyText(widText(wid) ?? ''), { member_add_mode: byAdmins ? 'ADMIN_ADD' : 'ALL_MEMBER_ADD' }));
    return follows(wid, isSo);
  }

  /** @param {boolean} is */
  const flag = (is) => (is ? 1 : 0);

  /** People as a group names them. @param {WA.Group} group @param {(Adapter.Identity | null)[]} people */
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
      return { people: await page.identities(participants) };
    },

    /** Makes a group. Only a certain refusal of the server, and a module that is missing, say that there is none. */
    async group_create({ subject, people, announce, restrict, approval, admins_add: adminsAdd, ephemeral_s: ephemeralDuration }) {
      const create = await page.fetched('group_create', /** @type {Adapter.Door} */ (DOORS.create));
      // What is needed after the group is made is looked for before: once there is a group, nothing may say that there is none.
      const open = need('open');
      need('group_query');
      const given = people.map(chosen);
      // The page turns these two around, and takes a missing flag for a yes.
      const settings = { title: subject, announce: !announce, restrict: !restrict, membershipApprovalMode: approval, memberAddMode: !adminsAdd, ephemeralDuration };
      const made = await Promise.resolve().then(() => create(settings, given, [])).catch((/** @type {unknown} */ error) => {
        const status = refusalOf(error);
        return status === null ? unconfirmed(error) : refuse('GROUP_REFUSED', String(status));
      });
      const id = attempt(() => widText(made.wid)) ?? refuse('UNCONFIRMED', 'the page does not name the new group');
      // The group is there: what follows only lets the page know it.
      await briefly(() => open(made.wid, 'createGroup'));
      await briefly(() => ask(made.wid));
      // The server answers about the account itself too.
      const isOther = (/** @type {WA.GroupPerson} */ one) => one.type !== CREATOR && !need('me').isMeAccount(/** @type {WA.Wid} */ (widOf(one)));
      const answers = attempt(() => answersFor(made.participants.filter(isOther), people));
      return { group_id: id, people: answers ?? people.map((person) => answerOf(undefined, person)) };
    },

    /** Changes one field after the other, up to the first that fails. After `within_ms` nothing more is begun or waited for. */
    async group_change({ group_id: id, within_ms: within, subject, description, announce, restrict, approval, admins_add: adminsAdd, ephemeral_s: ephemeral }) {
      const end = performance.now() + within;
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
      const changed = [];
      for (const [field, value, change] of changes) {
        if (value === null || value === undefined) continue;
        try {
          const isOver = new Promise((resolve) => setTimeout(resolve, end - performance.now())).then(() => refuse('UNCONFIRMED', 'there was no time left'));
          isOver.catch(() => {});
          if (performance.now() >= end) await isOver;
          if (!(await Promise.race([change(), isOver]))) refuse('UNCONFIRMED', 'WhatsApp took it, and the group does not show it');
        } catch (error) {
          return { changed, failed: { field, ...failureOf(error) } };
        }
        changed.push(field);
      }
      return { changed, failed: null };
    },

    async group_members({ group_id: id, act, participants }) {
      const { wid, group } = await known(id);
      if (act !== 'add' || group.memberAddMode === 'admin_add') needAdmin(group);
      const people = await page.identities(participants);
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
      const answer = present.length > 0 ? await told(change) : { participants: [] };
      await briefly(() => ask(wid));
      const absent = { chat_id: null, lid: null, phone: null, code: 404, invite: null };
      // The server has done it: what it says of each is not known where the page does not tell it.
      const answers = attempt(() => answersFor(answer.participants, present)) ?? present.map((person) => answerOf(undefined, person));
      return { subject: group.subject ?? '', people: people.map((person) => (person ? (answers.shift() ?? absent) : absent)) };
    },

    /** The code of the group's invite; with `reset` a new one, after which the old one leads nowhere. */
    async group_invite({ group_id: id, reset }) {
      const { wid, group } = await known(id);
      const invites = await page.fetched('group_invites', /** @type {Adapter.Door} */ (DOORS.invites));
      if (reset) {
        needAdmin(group);
        return await told(() => invites.resetGroupInviteCode(wid));
      }
      const query = await page.fetched('group_invite_code', /** @type {Adapter.Door} */ (DOORS.invites));
      await told(() => query(group));
      return { code: group.inviteCode ?? refuse('GROUP_NOT_ADMIN', 'WhatsApp tells the invite to admins only') };
    },

    /** Joins a group, or asks its admins: the server alone decides which. */
    async group_join({ code }) {
      const invites = await page.fetched('group_invites', /** @type {Adapter.Door} */ (DOORS.invites));
      const about = await need('group_query').queryGroupInvite(code).catch((/** @type {unknown} */ error) => {
        const status = refusalOf(error);
        // Nothing was asked for yet but what the invite is.
        if (status === null) throw error;
        return status === OVERLIMIT ? refused(error) : refuse('INVITE_UNKNOWN', `WhatsApp answered ${status}`);
      });
      const open = need('open');
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
        await briefly(() => open(wid, 'joinGroup'));
        await briefly(() => ask(wid));
      }
      return { group_id: widText(wid) ?? '', asked: asks };
    },

    /** Leaves a group; one that the account is not in any more counts as left. */
    async group_leave({ group_id: id }) {
      const wid = asWid(id);
      const chat = wid?.server === 'g.us' ? need('chats').get(wid) : null;
      if (!wid || !chat) return refuse('GROUP_ABSENT', 'this account is not in the group');
      if (chat.isReadOnly) return undefined;
      const leave = need('group_exit');
      const left = () => leave(wid).catch((/** @type {unknown} */ error) => (statusOf(error) === 404 ? { code: 404 } : Promise.reject(error)));
      const { code } = await told(left);
      if (Number(code) !== DONE && Number(code) !== 404) refused({ status: code });
      await briefly(() => ask(wid));
      return undefined;
    },
  };

  return { forms: {}, deferred, onDemand, calls };
})
