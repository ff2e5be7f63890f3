// Facts about groups that the account makes, changes, joins and leaves.

const [ANA, BO, CLO, DAN] = ['5491166660001', '5491166660002', '5491166660003', '5491166660004'];
/** Another person than these is asked for by nobody. */
const NOT_YET = { [BO]: 403, [CLO]: 408, [DAN]: 419 };

/** Runs in the page: what the facts call there. */
function tools() {
  const wid = (text) => require('WAWebWidFactory').createWid(text);
  window.__groups = {
    wid,
    metadata(id) {
      const exports = require('WAWebGroupMetadataCollection');
      return (exports.default ?? exports).get(wid(id));
    },
    knows(name) {
      try {
        return Boolean(require(name));
      } catch {
        return false;
      }
    },
    load: (name) => new Promise((resolve) => require('Bootloader').loadModules([name], resolve, 'facts')),
    async person(number) {
      const { wid: lid } = await require('WAWebQueryExistsJob').queryWidExists(wid(`${number}@c.us`));
      return { lid, phoneNumber: wid(`${number}@c.us`) };
    },
    people: (numbers) => Promise.all(numbers.map((number) => window.__groups.person(number))),
    /** Asks the server for the group, and tells what the page then has. */
    async now(id) {
      await require('WAWebGroupQueryJob').queryAndUpdateGroupMetadataById({ id: wid(id) });
      await new Promise((resolve) => setTimeout(resolve, 300));
      const found = window.__groups.metadata(id);
      const { subject, desc, announce, restrict, membershipApprovalMode, memberAddMode, ephemeralDuration, participants } = found;
      const admins = participants.getModelsArray().filter(({ isAdmin }) => isAdmin).length;
      const settings = { announce, restrict, approval: membershipApprovalMode, add: memberAddMode, ephemeral: ephemeralDuration ?? 0 };
      return { subject, desc: desc ?? '', ...settings, members: participants.getModelsArray().length, admins, iAmAdmin: participants.iAmAdmin() };
    },
    each: (participants, number) => participants.map((one) => [String(one.userWid ?? one.wid).split('@')[1], one[number] ?? null, Boolean(one.invite_code)]),
    failure: (error) => ({ name: error?.name, status: error?.status ?? null, gid: Boolean(error?.gid) }),
  };
}

export async function groups(asked) {
  const { world } = asked;
  await asked.evaluate(tools);

  const tiers = await asked.evaluate(async () => {
    const { knows, load } = window.__groups;
    const told = [['WAWebGroupCreateJob', 'WAWebGroupInviteJob', 'WAWebGroupModifyParticipantsJob'].map(knows)];
    const door = require('WAWebNewGroupFlowLoadable');
    await door.requireBundle();
    told.push([knows('WAWebGroupCreateJob'), knows('WAWebGroupInviteJob')]);
    const other = require('WAWebGroupInviteLinkModalLoadable.react');
    told.push(typeof other.requireBundle);
    await load('WAWebGroupInviteLinkModal.react');
    told.push([knows('WAWebGroupInviteJob'), knows('WAWebGroupInviteAction')]);
    return told;
  });
  asked.fact('create, invite and participants are known; after requireBundle; the door of invites; after loadModules', tiers, [
    [false, false, true],
    [true, false],
    'undefined',
    [true, true],
  ]);

  await world.refusals(NOT_YET);
  const made = await asked.evaluate(async (numbers) => {
    const settings = { title: 'A new group', ephemeralDuration: 0, announce: false, restrict: true, membershipApprovalMode: false, memberAddMode: false };
    const people = await window.__groups.people(numbers);
    const result = await require('WAWebGroupCreateJob').createGroup(settings, people);
    const { chat } = await require('WAWebFindChatAction').findOrCreateLatestChat(result.wid, 'createGroup');
    const each = window.__groups.each(result.participants, 'error');
    return { id: String(result.wid), subject: result.subject, each, chat: chat.id.server, now: await window.__groups.now(result.wid) };
  }, [ANA, BO]);
  const { id, ...told } = made;
  asked.fact('a new group', told);
  asked.fact('and what the server has', await world.groupNow(id));

  const careless = await asked.evaluate(async (number) => {
    const people = await window.__groups.people([number]);
    return String((await require('WAWebGroupCreateJob').createGroup({ title: 'No settings', announce: true, restrict: true }, people)).wid);
  }, ANA);
  const { approval, adminAdd } = await world.groupNow(careless);
  asked.fact('without a word on them: approval, only admins add', [approval, adminAdd], [true, false]);

  const failures = [];
  for (const code of [500, 408, 406, 429]) {
    await world.groupErrors({ create: code, subject: code, announcement: code, add: code, people: code });
    failures.push(
      await asked.evaluate(
        async (group, number) => {
          const { wid, failure, people } = window.__groups;
          const who = await people([number]);
          const settings = { title: 'None', ephemeralDuration: 0, announce: false, restrict: false, membershipApprovalMode: false, memberAddMode: false };
          const { setGroupProperty, setGroupSubject } = require('WAWebGroupModifyInfoJob');
          const setting = await setGroupProperty(wid(group), 'announcement', 1).catch(failure);
          const { errorSetPropertyClientErrors: own, errorServerErrors: theirs } = setting.value ?? {};
          const told = [
            await require('WAWebGroupCreateJob').createGroup(settings, who).catch(failure),
            await setGroupSubject(wid(group), 'A new group').catch(failure),
            await require('WAWebGroupModifyParticipantsJob').addGroupParticipants(wid(group), who, []).catch(failure),
          ];
          return [...told.map(({ status }) => status), setting.name ?? null, Number((own ?? theirs)?.value?.code) || null];
        },
        id,
        ANA,
      ),
    );
  }
  await world.groupErrors({});
  asked.fact('errors of the server: of a new group, a subject, people; of a setting, which resolves', failures);

  const work = (name, numbers) =>
    asked.evaluate(
      async (call, group, who) => {
        const people = await window.__groups.people(who);
        const list = call === 'addGroupParticipants' ? people : people.map(({ lid }) => lid);
        const answer = await require('WAWebGroupModifyParticipantsJob')[call](window.__groups.wid(group), list, call.startsWith('add') ? [] : true);
        return { status: answer.status, each: window.__groups.each(answer.participants, 'code') };
      },
      name,
      id,
      numbers,
    );
  asked.fact('people are added', await work('addGroupParticipants', [ANA, BO, CLO, DAN]));
  await world.refusals({});
  asked.fact('people are added again', await work('addGroupParticipants', [BO]));
  asked.fact('members become admins', await work('promoteGroupParticipants', [ANA, CLO]));
  asked.fact('then the server has', await world.groupNow(id));
  asked.fact('admins become members', await work('demoteGroupParticipants', [ANA]));
  asked.fact('members are removed', await work('removeGroupParticipants', [ANA, CLO]));
  asked.fact('then the page has', await asked.evaluate((group) => window.__groups.now(group), id));

  const changed = await asked.evaluate(async (group) => {
    const { wid, now } = window.__groups;
    const { setGroupSubject, setGroupDescription, setGroupProperty } = require('WAWebGroupModifyInfoJob');
    const { mexUpdateGroupPropertyJob } = require('WAWebMexUpdateGroupPropertyJob');
    await setGroupSubject(wid(group), 'Another subject');
    await setGroupDescription({ groupWid: wid(group), desc: 'About it', newDescId: 'D100', prevDescId: undefined });
    const told = [];
    for (const [name, value] of [['announcement', 1], ['restrict', 0], ['ephemeral', 86400], ['membership_approval_mode', 1]]) {
      told.push((await setGroupProperty(wid(group), name, value)).name);
    }
    await mexUpdateGroupPropertyJob(group, { member_add_mode: 'ALL_MEMBER_ADD' });
    const unknown = await setGroupProperty(wid(group), 'member_add_mode', 1).then(() => 'done', () => 'refused');
    return { told, unknown, now: await now(group) };
  }, id);
  asked.fact('a group is changed', changed);
  const stale = await asked.evaluate(async (group) => {
    const { wid, failure, metadata } = window.__groups;
    const { setGroupDescription } = require('WAWebGroupModifyInfoJob');
    const known = metadata(group).descId;
    const late = await setGroupDescription({ groupWid: wid(group), desc: 'Late', newDescId: 'D101', prevDescId: undefined }).catch(failure);
    await setGroupDescription({ groupWid: wid(group), desc: undefined, newDescId: 'D102', prevDescId: known });
    return { known, late, desc: (await window.__groups.now(group)).desc };
  }, id);
  asked.fact('a description over one that is not known, and none', stale);

  const foreign = await world.foreignGroup({ isMember: true, members: [ANA] });
  const refused = await asked.evaluate(async (group) => {
    const { wid, failure, now } = window.__groups;
    await require('WAWebFindChatAction').findOrCreateLatestChat(wid(group), 'facts');
    const before = await now(group);
    const { setGroupProperty, setGroupSubject } = require('WAWebGroupModifyInfoJob');
    const setting = await setGroupProperty(wid(group), 'announcement', 1);
    const subject = await setGroupSubject(wid(group), 'By a member').catch(failure);
    const removed = await require('WAWebGroupModifyParticipantsJob').removeGroupParticipants(wid(group), [(await window.__groups.person('5491166660001')).lid]).catch(failure);
    const invite = await require('WAWebGroupInviteAction').queryGroupInviteCode(window.__groups.metadata(group)).catch(failure);
    const told = setting.value?.errorSetPropertyClientErrors?.value?.code ?? null;
    return { before, setting: setting.name, number: Number(told), subject, removed, invite };
  }, foreign.id);
  asked.fact('a member who is no admin', refused);

  const invited = await asked.evaluate(
    async (group, number) => {
      const { lid } = await window.__groups.person(number);
      const { chat } = await require('WAWebFindChatAction').findOrCreateLatestChat(lid, 'facts');
      const told = [];
      for (const inviteGrp of [window.__groups.wid(group), group]) {
        const { body: _, ...rest } = await require('WAWebSendTextMsgChatAction').createTextMsgData(chat, 'no text', {});
        const Key = require('WAWebMsgKey').default ?? require('WAWebMsgKey');
        const id = new Key({ from: rest.from, to: rest.to, participant: undefined, selfDir: 'out', id: await Key.newId() });
        const invite = { type: 'groups_v4_invite', inviteGrp, inviteGrpName: 'A group', inviteCode: 'INVITE', inviteCodeExp: 1900000000 };
        try {
          const [added, result] = require('WAWebSendMsgChatAction').addAndSendMsgToChat(chat, { ...rest, ...invite, id });
          result.catch(() => {});
          await added;
          told.push((await result).messageSendResult);
        } catch (error) {
          told.push(error.name);
        }
      }
      return told;
    },
    id,
    ANA,
  );
  asked.fact('an invite that names the group by its wid, and by its text', invited);

  const invites = await asked.evaluate(async (group) => {
    const { wid } = window.__groups;
    const metadata = window.__groups.metadata(group);
    await require('WAWebGroupInviteAction').queryGroupInviteCode(metadata);
    const first = metadata.inviteCode;
    const { code } = await require('WAWebGroupInviteJob').resetGroupInviteCode(wid(group));
    return [typeof first, first === code, code.length];
  }, id);
  asked.fact('the invite, whether a reset keeps it, its length', invites);

  const [open, asks] = [await world.foreignGroup({ isMember: false, members: [ANA] }), await world.foreignGroup({ isMember: false, members: [ANA], approval: true })];
  const joins = await asked.evaluate(
    async (codes) => {
      const { failure } = window.__groups;
      const { joinGroupViaInvite } = require('WAWebGroupInviteJob');
      const { queryGroupInvite } = require('WAWebGroupQueryJob');
      const told = [];
      for (const code of codes) {
        const about = await queryGroupInvite(code).then(({ subject, membershipApprovalMode }) => [subject, membershipApprovalMode], failure);
        const wrong = await joinGroupViaInvite(code, !about[1]).then(({ gid }) => Boolean(gid), failure);
        const right = await joinGroupViaInvite(code, Boolean(about[1])).then(({ gid }) => Boolean(gid), failure);
        told.push({ about, wrong, right });
      }
      return told;
    },
    [open.code, asks.code, 'NoGroupHasThisCode0000'],
  );
  asked.fact('groups are joined, with the wrong guess and the right one', joins);
  asked.fact('the account is a member', [(await world.groupNow(open.id)).isMember, (await world.groupNow(asks.id)).isMember], [true, false]);

  const left = await asked.evaluate(async (group) => {
    const { leaveGroup } = require('WAWebGroupExitJob');
    const told = [];
    for (let times = 0; times < 2; times += 1) told.push((await leaveGroup(window.__groups.wid(group))).code);
    return told;
  }, foreign.id);
  asked.fact('the account leaves, and leaves again', [left, (await world.groupNow(foreign.id)).isMember], [[200, 404], false]);
}
