// Groups that the account makes and changes: the page's requests, and what it then has of a group.
//
// As on the real page: flags of a new group are compared loosely, a refused setting resolves, and a description that was
// taken away stays in memory.
import { createWid } from '/static/wids.js';
import { createWaits } from '/static/clock.js';
import { connection, request } from '/static/connection.js';
import { GroupMetadata, Participants, nameGroup, open, server, updateReadOnly } from '/static/chats.js';
import { getCurrentLid, learn, me } from '/static/people.js';

/** When every group was made. */
const CREATION_S = 1_700_000_000;

class ServerStatusCodeError extends Error {
  constructor(status) {
    super(`the server answered ${status}`);
    this.name = 'ServerStatusCodeError';
    this.status = status;
  }
}

class UnexpectedJoinGroupViaInviteResponse extends Error {
  constructor(gid, asks) {
    super('another answer was expected');
    this.name = 'UnexpectedJoinGroupViaInviteResponse';
    this.gid = gid;
    this.membershipApprovalMode = asks;
  }
}

/** The server's answer; throws its number if it refuses. */
async function ask(question) {
  const answer = await request({ t: 'group', ask: question });
  if (answer.code !== 200) throw new ServerStatusCodeError(answer.code);
  return answer;
}

/** Makes the members of a group those that the server names. */
function enlist(members, wanted) {
  const named = new Set(wanted.map(({ id }) => id));
  for (const { id } of [...members.getModelsArray()]) if (!named.has(String(id))) members.remove(id);
  for (const { id, admin: isAdmin, creator: isSuperAdmin } of wanted) members.add({ id: createWid(id) })[0].set({ isAdmin, isSuperAdmin });
}

/** Takes what the server tells of a group. Some fields that the server leaves out stay as they were. */
export async function take(group, { stale = false } = {}) {
  const { subject, description, announce, restrict, approval, admin_add: adminAdd, ephemeral, by_lid: byLid, participants, known } = group;
  for (const identity of known) await learn(identity);
  const wid = createWid(group.id);
  nameGroup(wid, subject);
  const metadata =
    GroupMetadata.get(wid) ?? GroupMetadata.add({ id: wid, desc: undefined, descId: undefined, participants: new Participants() })[0];
  enlist(metadata.participants, participants);
  const creator = participants.find((one) => one.creator);
  metadata.set({
    subject,
    ...(description && { desc: description.text, descId: description.id }),
    announce,
    restrict,
    membershipApprovalMode: approval,
    memberAddMode: adminAdd ? 'admin_add' : 'all_member_add',
    ephemeralDuration: ephemeral || undefined,
    isLidAddressingMode: byLid,
    isParentGroup: false,
    owner: creator && createWid(creator.id),
    creation: CREATION_S,
    stale,
  });
  updateReadOnly(wid);
}

async function queryAndUpdateGroupMetadataById({ id }, options) {
  const { group } = await ask({ what: 'info', group: String(id) });
  await take(group, options);
}
server.ask = queryAndUpdateGroupMetadataById;

/** The page knows the account's groups before anything was said in them. */
connection.on('connected', async () => {
  const { groups } = await ask({ what: 'participating' });
  for (const group of groups) {
    await take(group);
    open(createWid(group.id));
  }
});

const chosen = ({ lid, phoneNumber }) => String(lid ?? phoneNumber);

async function createGroup(settings, people) {
  const { title, announce, restrict, membershipApprovalMode, memberAddMode, ephemeralDuration = 0 } = settings;
  // For a new group alone the page does not wait for ever.
  const late = createWaits().then(() => {
    throw new Error('no answer came in time');
  });
  const asked = ask({
    what: 'create',
    subject: title,
    people: people.map(chosen),
    announce: !announce,
    restrict: !restrict,
    approval: membershipApprovalMode !== false,
    admin_add: memberAddMode === false,
    ephemeral: ephemeralDuration,
  });
  const { group, people: answers } = await Promise.race([asked, late]);
  const own = { wid: me.lid, error: null, type: 'superadmin' };
  const others = answers.map(({ id, code, invite, expires }) => ({
    wid: createWid(id),
    error: code === 200 ? null : code,
    type: 'participant',
    ...(invite && { invite_code: invite, invite_code_exp: String(expires) }),
  }));
  return { wid: createWid(group.id), subject: title, creator: me.lid, ts: 0, participants: [own, ...others] };
}

async function change(group, act, people) {
  const { people: answers } = await ask({ what: 'people', group: String(group), act, people });
  const participants = answers.map(({ id, code, invite, expires }) => ({
    userWid: createWid(id),
    code: String(code),
    invite_code: invite ?? null,
    invite_code_exp: expires ? String(expires) : null,
  }));
  return { status: 207, participants };
}

/** The names of people as the group names its members. */
const named = (byLid, people) => people.map((wid) => String(byLid && wid.isRegularUserPn() ? (getCurrentLid(wid) ?? wid) : wid));

const SERVER_ERROR = 500;
const SETTINGS = ['announcement', 'restrict', 'ephemeral', 'membership_approval_mode'];

export const participantsJob = {
  addGroupParticipants: (group, people) => change(group, 'add', people.map(chosen)),
  removeGroupParticipants: (group, people) => change(group, 'remove', people.map(String)),
  promoteGroupParticipants: (group, people, byLid) => change(group, 'promote', named(byLid, people)),
  demoteGroupParticipants: (group, people, byLid) => change(group, 'demote', named(byLid, people)),
};

export const infoJob = {
  setGroupSubject: async (group, subject) => void (await ask({ what: 'subject', group: String(group), subject })),
  async setGroupDescription({ groupWid, desc, newDescId, prevDescId }) {
    if (!groupWid) throw new TypeError('one object is taken, with the group in it');
    await ask({ what: 'description', group: String(groupWid), text: desc ?? null, id: newDescId, prev: prevDescId ?? null });
  },
  async setGroupProperty(group, name, value) {
    if (!SETTINGS.includes(name)) throw new Error(`invalid group property ${name}`);
    const refused = await ask({ what: 'setting', group: String(group), name, value }).catch((error) => error);
    if (!(refused instanceof Error)) return { name: 'SetPropertyResponseSuccess', value: {} };
    const error = { value: { code: String(refused.status) } };
    if (refused.status >= SERVER_ERROR) return { name: 'SetPropertyResponseServerError', value: { errorServerErrors: error } };
    return { name: 'SetPropertyResponseClientError', value: { errorSetPropertyClientErrors: error } };
  },
};

export const mexUpdateGroupPropertyJob = async (group, { member_add_mode: mode }) =>
  void (await ask({ what: 'setting', group, name: 'member_add_mode', value: mode === 'ADMIN_ADD' ? 0 : 1 }));

export const queryJob = {
  queryAndUpdateGroupMetadataById,
  async queryAllGroups() {
    const { groups } = await ask({ what: 'participating' });
    return groups.map(({ id, subject }) => ({ id: createWid(id), subject }));
  },
  async queryGroupInvite(code) {
    const { group } = await ask({ what: 'about', invite: code });
    const participants = group.participants.map(({ id, admin: isAdmin }) => ({ id: createWid(id), isAdmin }));
    return { id: createWid(group.id), subject: group.subject, membershipApprovalMode: group.approval, participants };
  },
};

export const leaveGroup = async (group) => {
  const refused = await ask({ what: 'leave', group: String(group) }).catch((error) => error);
  return { id: group, code: refused.status ?? 200 };
};

async function joinGroupViaInvite(invite, asks) {
  const { group, asked } = await ask({ what: 'join', invite });
  const gid = createWid(group.id);
  if (asked !== asks) throw new UnexpectedJoinGroupViaInviteResponse(gid, !asks);
  return { gid };
}

const inviteJob = {
  async resetGroupInviteCode(group) {
    const { invite: code } = await ask({ what: 'reset-invite', group: String(group) });
    return { code };
  },
  joinGroupViaInvite,
};

const inviteAction = {
  async queryGroupInviteCode(metadata) {
    if (!metadata.participants.iAmAdmin()) throw new ServerStatusCodeError(401);
    const { invite } = await ask({ what: 'invite', group: String(metadata.id) });
    metadata.set({ inviteCode: invite });
  },
};

// ── The parts that are fetched only when somebody opens them ──────────────────────────────────────────────────────

/** Door → the modules behind it. */
export const PARTS = {
  'WAWebNewGroupFlow.react': { WAWebGroupCreateJob: { createGroup } },
  'WAWebGroupInviteLinkModal.react': { WAWebGroupInviteJob: inviteJob, WAWebGroupInviteAction: inviteAction },
};
