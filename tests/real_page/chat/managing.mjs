// Groups that the account makes and changes: what the server does with the page's requests.
import { J, attr, kid, kids, node } from '../realnode.mjs';
import { group, jidOf } from './groups.mjs';
import { failIq, result } from './iq.mjs';
import { byUser, contact, nextId, now, state } from './state.mjs';

const idOf = (jid) => String(jid).split('@')[0];
const text = (n) => Buffer.from(n.content ?? []).toString();
const letters = 'ABCDEFGHIJKLMNOPQRSTUV';
let codes = 0;

/** Every code is another one of 22 characters. */
function newCode() {
  codes += 1;
  return `${letters.slice(0, 22 - String(codes).length)}${codes}`;
}

const isMe = (user) => user === state.me.lid || user === state.me.pn;

/** The person whom a participant node names. */
function personOf(n) {
  const user = idOf(attr(n, 'jid'));
  return isMe(user) ? state.me : (byUser(user) ?? contact(user));
}

/** A participant of an answer: with the refusal, if there is one, and the code of the invite that may be sent instead. */
function answered(person, byLid, error) {
  const about = { jid: J(jidOf(person, byLid)), ...(byLid && { phone_number: J(jidOf(person, false)) }), ...(error && { error: String(error) }) };
  const request = node('add_request', { code: `INVITE${person.pn.slice(-4)}`, expiration: String(now() + 259200) });
  return node('participant', about, ...(Number(error) === 403 ? [request] : []));
}

function create(n, first) {
  const id = `1203630000001${String(nextId()).padStart(5, '0')}`;
  const joins = kid(kid(first, 'membership_approval_mode') ?? { content: [] }, 'group_join');
  const people = kids(first).filter(({ tag }) => tag === 'participant').map(personOf);
  const refused = (person) => state.refusals.get(person.pn);
  group(id, {
    subject: attr(first, 'subject'),
    members: people.filter((person) => !refused(person)).map(({ pn }) => pn),
    isMine: true,
    admin: true,
    announce: Boolean(kid(first, 'announcement')),
    restrict: Boolean(kid(first, 'locked')),
    approval: joins !== undefined && attr(joins, 'state') === 'on',
    adminAdd: text(kid(first, 'member_add_mode') ?? {}) === 'admin_add',
    ephemeral: Number(attr(kid(first, 'ephemeral') ?? { attrs: {} }, 'expiration') ?? 0),
    code: newCode(),
  });
  const me = J(jidOf(state.me, true));
  const about = { id, creator: me, creation: String(now()), s_t: String(now()), s_o: me, subject: attr(first, 'subject'), addressing_mode: 'lid' };
  const own = node('participant', { jid: me, phone_number: J(jidOf(state.me, false)), type: 'superadmin' });
  return result(n, node('group', about, own, ...people.map((person) => answered(person, true, refused(person)))));
}

/** The server's answer about each person, after it has done what it can. */
function members(n, found, first) {
  const { tag } = first;
  const people = kids(first).map(personOf);
  const codes = people.map(({ pn }) => {
    const isMember = found.members.includes(pn);
    if (tag === 'add') return isMember ? 409 : state.refusals.get(pn);
    return isMember ? undefined : 404;
  });
  people.forEach(({ pn }, index) => {
    if (codes[index] !== undefined) return;
    if (tag === 'add') found.members.push(pn);
    if (tag === 'remove') found.members = found.members.filter((one) => one !== pn);
    if (tag === 'promote') found.admins.push(pn);
    if (tag === 'demote' || tag === 'remove') found.admins = found.admins.filter((one) => one !== pn);
  });
  return result(n, node(tag, {}, ...people.map((person, index) => answered(person, found.byLid, codes[index]))));
}

function describe(n, found, first) {
  if ((attr(first, 'prev') ?? undefined) !== found.description?.id) return failIq(n, 409, 'conflict');
  found.description = attr(first, 'delete') ? null : { id: attr(first, 'id'), text: text(kid(first, 'body')) };
  return result(n);
}

function join(n, code) {
  const found = [...state.groups.values()].find((one) => one.code === code);
  if (!found) return failIq(n, 406, 'not-acceptable');
  const jid = J(`${found.id}@g.us`);
  if (found.approval) {
    found.asked = true;
    return result(n, node('membership_approval_request', { jid }));
  }
  found.isMember = true;
  return result(n, node('group', { jid }));
}

function leave(n, first) {
  const left = kids(first).map((one) => {
    const found = state.groups.get(idOf(attr(one, 'id')));
    const isMember = found?.isMember === true;
    if (isMember) found.isMember = false;
    return node('group', { id: one.attrs.id, ...(!isMember && { error: '404' }) });
  });
  return result(n, node('leave', {}, ...left));
}

/** A request to make or change a group. */
export function changeGroup(n, first) {
  const { tag } = first;
  const error = state.groupErrors.get(tag);
  if (error) return failIq(n, error, 'error');
  if (tag === 'create') return create(n, first);
  if (tag === 'leave') return leave(n, first);
  if (tag === 'invite' && attr(first, 'code')) return join(n, attr(first, 'code'));
  const found = state.groups.get(idOf(attr(n, 'to')));
  if (!found?.isMember) return failIq(n, 404, 'item-not-found');
  if (!found.admin && (tag !== 'subject' && tag !== 'description' || found.restrict)) return failIq(n, 403, 'forbidden');
  switch (tag) {
    case 'subject':
      found.subject = text(first);
      return result(n);
    case 'description':
      return describe(n, found, first);
    case 'announcement':
    case 'not_announcement':
      found.announce = tag === 'announcement';
      return result(n, node(tag, {}));
    case 'locked':
    case 'unlocked':
      found.restrict = tag === 'locked';
      return result(n, node(tag, {}));
    case 'ephemeral':
    case 'not_ephemeral':
      found.ephemeral = tag === 'ephemeral' ? Number(attr(first, 'expiration')) : 0;
      return result(n);
    case 'membership_approval_mode':
      found.approval = attr(kid(first, 'group_join'), 'state') === 'on';
      return result(n);
    case 'invite':
      found.code = newCode();
      return result(n, node('invite', { code: found.code }));
    default:
      return members(n, found, first);
  }
}

/** What an invite's code leads to. */
export function inviteInfo(n, code) {
  const found = [...state.groups.values()].find((one) => one.code === code);
  if (!found) return failIq(n, 406, 'not-acceptable');
  const { id, subject, approval } = found;
  const creation = String(now() - 86400);
  const about = { id, creation, s_t: creation, subject, size: String(found.members.length), addressing_mode: 'lid' };
  const body = node('description', { id: 'D1', t: creation }, node('body', {}, ''));
  const asks = approval ? [node('membership_approval_mode', {}, node('group_join', { state: 'on' }))] : [];
  return result(n, node('group', about, body, ...asks));
}

/** The answer in GraphQL to a question for the invite of a group. */
export function inviteCode(id) {
  const found = state.groups.get(idOf(id));
  return { xwa2_group_query_by_id: found?.isMember && found.admin ? { id, invite_code: found.code } : null };
}

/** A change in GraphQL of a setting. */
export function changeProperty({ group_id: id, update }) {
  const found = state.groups.get(idOf(id));
  if (found?.isMember && found.admin && update.member_add_mode) found.adminAdd = update.member_add_mode === 'ADMIN_ADD';
  return { xwa2_group_update_property: { id, state: 'ACTIVE' } };
}

/** A group as the server has it. */
export function groupNow(id) {
  const { keys, description, admins, ...found } = state.groups.get(idOf(id));
  return { ...found, members: [...found.members].sort(), admins: [...admins].sort(), description: description?.text ?? null };
}
