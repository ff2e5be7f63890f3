// What the server tells of groups, names and chats: also of the account's own changes of a group. The page stores each change
// of a group, and writes notices about most of them: about promotions and demotions of others, and about members who leave, it
// writes none.
import { createWid } from '/static/wids.js';
import { storeNotice } from '/static/messages.js';
import { Contact, getAlternateUserWid, learn, me, meet } from '/static/people.js';
import { Chat, GroupMetadata, nameGroup, open, server, updateReadOnly } from '/static/chats.js';
import { take } from '/static/groups.js';

/** The page's function that stores a change of a group. Clients replace it. */
export const groupActions = {
  async updateDBForGroupAction(_meta, _action) {},
};

/** What the page calls a change, as it stores it, and in its notice. */
const WORDS = {
  join: ['add', 'invite'],
  leave: ['remove', null],
  promote: ['promote', null],
  demote: ['demote', null],
  description: ['desc_add', 'description'],
  announcement: ['announce', 'announce', 'on'],
  not_announcement: ['announce', 'announce', 'off'],
  locked: ['restrict', 'restrict', 'on'],
  unlocked: ['restrict', 'restrict', 'off'],
  invite: ['invite', 'revoke_invite'],
  settings: [null, null],
};

/** What a change makes of the group that the page has. */
const CHANGES = {
  subject: (group, _, value) => group.set({ subject: value }),
  description: (group, _, value) => group.set(value ? { desc: value } : {}),
  announcement: (group) => group.set({ announce: true }),
  not_announcement: (group) => group.set({ announce: false }),
  locked: (group) => group.set({ restrict: true }),
  unlocked: (group) => group.set({ restrict: false }),
  add: ({ participants }, people) => participants.add(people.map((id) => ({ id, isAdmin: false, isSuperAdmin: false }))),
  remove: ({ participants }, people) => people.forEach((id) => participants.remove(id)),
  promote: ({ participants }, people) => people.forEach((id) => participants.get(id)?.set({ isAdmin: true })),
  demote: ({ participants }, people) => people.forEach((id) => participants.get(id)?.set({ isAdmin: false, isSuperAdmin: false })),
};
Object.assign(CHANGES, { join: CHANGES.add, leave: CHANGES.remove, invite() {} });

const isMine = (id) => [me.lid, me.phone].some((mine) => mine && String(mine) === String(id));

/** Changes the group that the page has, or asks the server for it. Returns whether the page stores the change as such. */
async function changed(group, what, people, value) {
  const comes = what === 'add' && people.some(isMine);
  const isUnknown = what === 'add' && group.participants.length === 0;
  if (!(what in CHANGES) || comes || isUnknown) {
    await server.ask(group, { stale: group.stale }).catch(() => {});
    return comes;
  }
  CHANGES[what](group, people, value);
  if (what === 'subject') nameGroup(group.id, value);
  updateReadOnly(group.id);
  return true;
}

/** Writes a notice of a change into the chat of the group. */
function notice({ externalId, group, author, people, ts }, subtype, word, more = '') {
  const [only, ...others] = people;
  const participant = only && others.length === 0 ? only : author;
  const about = { fromMe: false, remote: group, participant, author, recipients: people, from: group, to: String(me.phone) };
  return storeNotice({ ...about, id: `${externalId}${ts}${more}`, type: 'gp2', body: word ?? undefined, t: ts, ack: 0, fields: { subtype } });
}

/** The page of a member stores that it was added, and writes two notices: of the new group, and of that. */
async function made(about, meta, group) {
  await take(group, { stale: true });
  open(meta.chatId);
  const own = about.people.filter(isMine);
  if (own.length > 0) await groupActions.updateDBForGroupAction(meta, { actionType: 'add', participants: own.map((id) => ({ id: createWid(id) })) });
  await notice({ ...about, people: [] }, 'create', group.subject);
  if (own.length > 0) await notice({ ...about, people: own }, 'add', undefined, '1');
}

export const groupEvents = {
  async 'group-changed'({ id: externalId, group, what, author, people, value, known, made: view, t: ts }) {
    for (const identity of known) await learn(identity);
    const [actionType, noticed, word = value] = WORDS[what] ?? [what, what];
    const about = { externalId, group, author, people, ts };
    const meta = { chatId: createWid(group), author: createWid(author), externalId, ts };
    if (view) return made(about, meta, view);
    open(meta.chatId);
    const participants = people.map((id) => ({ id: createWid(id) }));
    const isStored = await changed(GroupMetadata.get(group), what, participants.map(({ id }) => id), value);
    if (isStored) await groupActions.updateDBForGroupAction(meta, { actionType, participants });
    const isOwnRole = (what === 'promote' || what === 'demote') && people.some(isMine);
    const subtype = isOwnRole ? what : noticed;
    if (subtype) await notice(about, subtype, word);
    return undefined;
  },

  /** Both contacts of a person get the name. */
  named({ sender, name }) {
    const wid = createWid(sender);
    meet(wid, name);
    const other = getAlternateUserWid(wid);
    if (other) Contact.get(other)?.set({ pushname: name });
  },

  read({ chat }) {
    Chat.get(createWid(chat))?.set({ unreadCount: 0 });
  },
};

