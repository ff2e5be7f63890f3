// Groups: their members, how the members are named, and messages of members.
import { J, attr, node, pb } from '../realnode.mjs';
import { failIq, result } from './iq.mjs';
import { deliver, mineAddress, newId, seal } from './messages.mjs';
import { OwnSenderKey } from './senderkeys.mjs';
import { E2E, contact, nextId, now, state } from './state.mjs';

export const widOf = (person, byLid) => (byLid ? `${person.lid}@lid` : `${person.pn}@c.us`);
export const jidOf = (person, byLid) => (byLid ? `${person.lid}@lid` : `${person.pn}@s.whatsapp.net`);

/**
 * `admin`: the account is one. `isMember`: the account is in it. The first other member is its creator, unless the account
 * is: then `creator` is null.
 */
const PLAIN = {
  byLid: true, announce: false, restrict: false, approval: false, adminAdd: true, ephemeral: 0, subject: 'Grupo de prueba',
  description: null, admin: false, isMember: true, isMine: false, admins: [], code: 'AbCdEfGhIjKlMnOpQrStUv',
};

/** Creates a group of the account and some members, or changes it. */
export function group(id, options = {}) {
  state.groups.set(id, { id, ...PLAIN, members: [], ...options, keys: new Map() });
  return { id, code: state.groups.get(id).code };
}

/** Removes the account from a group, and notifies it. */
export function remove(id) {
  const { byLid, members } = state.groups.get(id);
  const admin = J(jidOf(contact(members[0]), byLid));
  const about = { type: 'w:gp2', from: J(`${id}@g.us`), id: String(nextId()), t: String(now()), participant: admin };
  const me = node('participant', { jid: J(jidOf(state.me, byLid)) });
  state.current.send(node('notification', { ...about, notify: 'Admin', addressing_mode: byLid ? 'lid' : 'pn' }, node('remove', {}, me)));
  state.groups.delete(id);
  return { id };
}

/** The stanzas of changes that name nobody. */
const SETTINGS = {
  subject: (admin, text) => node('subject', { subject: text, s_t: String(now()), s_o: admin }),
  description: (admin, text) => node('description', { id: 'D1', participant: admin }, node('body', {}, text)),
  invite: () => node('invite', { code: 'NEWCODE' }),
};

/**
 * An admin changes a group: `subject` or `description` with its text; `add`, `remove`, `promote` or `demote` with the
 * number of a member; a switch such as `announcement`. With `leave` a member goes, with `join` somebody comes by the link.
 * `by` is the number of who does it, where it is not the first member; the account has a number too.
 */
export function change(id, what, of, by) {
  const { byLid, members } = state.groups.get(id);
  const goesAlone = what === 'leave' || what === 'join';
  const personOf = (number) => (number === state.me.pn ? state.me : contact(number));
  const actor = personOf(by ?? (goesAlone ? of : members[0]));
  const author = J(jidOf(actor, byLid));
  const other = byLid ? { participant_pn: J(jidOf(actor, false)) } : { participant_lid: J(jidOf(actor, true)) };
  const about = { type: 'w:gp2', from: J(`${id}@g.us`), id: String(nextId()), t: String(now()), participant: author, ...other };
  const found = state.groups.get(id);
  const isMine = of === state.me.pn;
  if (isMine && ['add', 'remove', 'leave', 'promote', 'demote'].includes(what)) {
    if (['add', 'remove', 'leave'].includes(what)) found.isMember = what === 'add';
    else found.admin = what === 'promote';
  } else if (what === 'add' || what === 'join') members.push(of);
  const settings = { subject: { subject: of }, announcement: { announce: true }, not_announcement: { announce: false }, locked: { restrict: true } };
  Object.assign(found, what === 'unlocked' ? { restrict: false } : (settings[what] ?? {}));
  if (what === 'description') found.description = { id: 'D1', text: of };
  if (what === 'remove' || what === 'leave') found.members = members.filter((one) => one !== of);
  const tag = { leave: 'remove', join: 'add' }[what] ?? what;
  const person = of && !(what in SETTINGS) ? [participant(personOf(of), byLid)] : [];
  const changed = SETTINGS[what]?.(author, of) ?? node(tag, what === 'join' ? { reason: 'invite' } : {}, ...person);
  deliver(about.id, node('notification', { ...about, notify: 'Admin', addressing_mode: byLid ? 'lid' : 'pn' }, changed));
  return { id };
}

/** The first of the other members has made the group, and the account hears of it. */
export function made(id) {
  const found = state.groups.get(id);
  const actor = contact(found.members[0]);
  const other = found.byLid ? { participant_pn: J(jidOf(actor, false)) } : { participant_lid: J(jidOf(actor, true)) };
  const author = J(jidOf(actor, found.byLid));
  const about = { type: 'w:gp2', from: J(`${id}@g.us`), id: String(nextId()), t: String(now()), participant: author, ...other };
  const created = node('create', { type: 'new', key: `KEY${about.id}` }, groupNode(found));
  deliver(about.id, node('notification', { ...about, notify: 'Admin', addressing_mode: found.byLid ? 'lid' : 'pn' }, created));
  return { id };
}

/** An admin sets the picture of a group. */
export function picture(id) {
  const { byLid, members } = state.groups.get(id);
  const author = J(jidOf(contact(members[0]), byLid));
  const about = { type: 'picture', from: J(`${id}@g.us`), id: String(nextId()), t: String(now()) };
  deliver(about.id, node('notification', about, node('set', { jid: J(`${id}@g.us`), id: '1', author })));
  return { id };
}

function participant(person, byLid, type) {
  const other = byLid ? { phone_number: J(jidOf(person, false)) } : { lid: J(jidOf(person, true)) };
  return node('participant', { jid: J(jidOf(person, byLid)), ...other, ...(type && { type }) });
}

export function groupNode({ id, byLid, announce, subject, members, admin, isMine }) {
  const people = members.map(contact);
  const [first, ...others] = isMine ? [state.me, ...people] : [...people, state.me];
  const role = (person) => (person === state.me && admin ? 'admin' : undefined);
  return node(
    'group',
    {
      id,
      creation: String(now() - 86400),
      creator: J(jidOf(first, byLid)),
      s_t: String(now() - 86400),
      s_o: J(jidOf(first, byLid)),
      subject,
      addressing_mode: byLid ? 'lid' : 'pn',
      size: String(members.length + 1),
    },
    ...(announce ? [node('announcement', {})] : []),
    participant(first, byLid, 'superadmin'),
    ...others.map((person) => participant(person, byLid, role(person))),
  );
}

/** Answers the page's question for one group, or for all groups of the account. */
export function answerGroups(n, tag) {
  if (tag === 'participating') return result(n, node('groups', {}, [...state.groups.values()].filter(({ isMember }) => isMember).map(groupNode)));
  const found = state.groups.get(String(attr(n, 'to')).split('@')[0]);
  return found?.isMember ? result(n, groupNode(found)) : failIq(n, 404, 'item-not-found');
}

/** The same data about one group, as an answer in GraphQL. */
export function groupInfo(id) {
  const found = state.groups.get(id.split('@')[0]);
  if (!found?.isMember) return { xwa2_group_query_by_id: null };
  const { byLid, announce, restrict, approval, adminAdd, ephemeral, description, subject } = found;
  const others = found.members.map(contact);
  const members = found.isMine ? [state.me, ...others] : [...others, state.me];
  const roleOf = (person, index) => {
    if (index === 0) return 'SUPERADMIN_MEMBER';
    return (person === state.me ? found.admin : found.admins.includes(person.pn)) ? 'ADMIN_MEMBER' : 'MEMBER';
  };
  const creator = { id: widOf(members[0], byLid), ...(byLid && { pn: widOf(members[0], false) }) };
  const created = String(now() - 86400);
  const edges = members.map((person, index) => ({
    role: roleOf(person, index),
    // A member is named by one identity, and the other identity stands beside it.
    node: { id: widOf(person, byLid), ...(byLid ? { pn: widOf(person, false) } : { lid: widOf(person, true) }) },
  }));
  return {
    xwa2_group_query_by_id: {
      __typename: 'XWA2Group',
      id: `${found.id}@g.us`,
      state: 'ACTIVE',
      creation_time: created,
      creator,
      ...(description && { description: { id: description.id, value: description.text, creation_time: created, creator } }),
      subject: { value: subject, creation_time: created, creator },
      properties: {
        announcement: announce,
        locked: restrict,
        membership_approval_mode_enabled: approval,
        member_add_mode: adminAdd ? 'ADMIN_ADD' : 'ALL_MEMBER_ADD',
        ...(ephemeral > 0 && { ephemeral: { expiration_time_in_sec: ephemeral } }),
        lid_migration_state: { addressing_mode: byLid ? 'LID' : 'PN' },
      },
      total_participants_count: members.length,
      participants: { edges, participants_phash_match: false },
    },
  };
}

/** A member writes: the message is encrypted once for all members, and the first one is sent together with the key. */
export function inGroup(id, pn, text) {
  const { byLid, keys } = state.groups.get(id);
  const person = contact(pn);
  const group = `${id}@g.us`;
  const encs = [];
  if (!keys.has(pn)) {
    keys.set(pn, new OwnSenderKey());
    const told = { groupId: group, axolotlSenderKeyDistributionMessage: keys.get(pn).told() };
    encs.push(seal(person, mineAddress(), { senderKeyDistributionMessage: told }));
  }
  const sealed = keys.get(pn).encrypt(pb.encode(E2E('Message'), { conversation: text }));
  encs.push(node('enc', { v: '2', type: 'skmsg' }, sealed));
  const other = byLid ? { participant_pn: J(jidOf(person, false)) } : { participant_lid: J(jidOf(person, true)) };
  const about = { id: newId(), from: J(group), t: String(now()), type: 'text', notify: person.name };
  const whose = { participant: J(jidOf(person, byLid)), ...other, addressing_mode: byLid ? 'lid' : 'pn' };
  return deliver(about.id, node('message', { ...about, ...whose }, encs));
}
