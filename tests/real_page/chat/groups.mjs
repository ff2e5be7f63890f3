// Groups: their members, how the members are named, and messages of members.
import { J, attr, node, pb } from '../realnode.mjs';
import { failIq, result } from './iq.mjs';
import { deliver, mineAddress, newId, seal } from './messages.mjs';
import { OwnSenderKey } from './senderkeys.mjs';
import { E2E, contact, nextId, now, state } from './state.mjs';

const widOf = (person, byLid) => (byLid ? `${person.lid}@lid` : `${person.pn}@c.us`);
const jidOf = (person, byLid) => (byLid ? `${person.lid}@lid` : `${person.pn}@s.whatsapp.net`);

/** Creates a group of the account and some members, or changes it. */
export function group(id, { byLid = true, announce = false, members = [] } = {}) {
  state.groups.set(id, { id, byLid, announce, members, keys: new Map() });
  return { id };
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
 */
export function change(id, what, of) {
  const { byLid, members } = state.groups.get(id);
  const goesAlone = what === 'leave' || what === 'join';
  const actor = contact(goesAlone ? of : members[0]);
  const author = J(jidOf(actor, byLid));
  const other = byLid ? { participant_pn: J(jidOf(actor, false)) } : { participant_lid: J(jidOf(actor, true)) };
  const about = { type: 'w:gp2', from: J(`${id}@g.us`), id: String(nextId()), t: String(now()), participant: author, ...other };
  if (what === 'add' || what === 'join') members.push(of);
  const tag = { leave: 'remove', join: 'add' }[what] ?? what;
  const person = of && !(what in SETTINGS) ? [participant(contact(of), byLid)] : [];
  const changed = SETTINGS[what]?.(author, of) ?? node(tag, what === 'join' ? { reason: 'invite' } : {}, ...person);
  deliver(about.id, node('notification', { ...about, notify: 'Admin', addressing_mode: byLid ? 'lid' : 'pn' }, changed));
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

function groupNode({ id, byLid, announce, members }) {
  const [first, ...others] = members.map(contact);
  return node(
    'group',
    {
      id,
      creation: String(now() - 86400),
      creator: J(jidOf(first, byLid)),
      s_t: String(now() - 86400),
      s_o: J(jidOf(first, byLid)),
      subject: 'Grupo de prueba',
      addressing_mode: byLid ? 'lid' : 'pn',
      size: String(members.length + 1),
    },
    ...(announce ? [node('announcement', {})] : []),
    participant(first, byLid, 'superadmin'),
    ...others.map((person) => participant(person, byLid)),
    participant(state.me, byLid),
  );
}

/** Answers the page's question for one group, or for all groups of the account. */
export function answerGroups(n, tag) {
  if (tag === 'participating') return result(n, node('groups', {}, [...state.groups.values()].map(groupNode)));
  const found = state.groups.get(String(attr(n, 'to')).split('@')[0]);
  return found ? result(n, groupNode(found)) : failIq(n, 404, 'item-not-found');
}

/** The same data about one group, as an answer in GraphQL. */
export function groupInfo(id) {
  const found = state.groups.get(id.split('@')[0]);
  if (!found) return { xwa2_group_query_by_id: null };
  const { byLid, announce } = found;
  const members = [...found.members.map(contact), state.me];
  const creator = { id: widOf(members[0], byLid), ...(byLid && { pn: widOf(members[0], false) }) };
  const created = String(now() - 86400);
  const edges = members.map((person, index) => ({
    role: index === 0 ? 'SUPERADMIN_MEMBER' : 'MEMBER',
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
      subject: { value: 'Grupo de prueba', creation_time: created, creator },
      properties: { announcement: announce, lid_migration_state: { addressing_mode: byLid ? 'LID' : 'PN' } },
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
