// Changes of groups, names and chats that come from elsewhere. The page stores each change of a group, and writes notices
// about most of them: about promotions and demotions of others, and about members who leave, it writes none.
import { createWid } from '/static/wids.js';
import { storeNotice } from '/static/messages.js';
import { Contact, getAlternateUserWid, learn, me, meet } from '/static/people.js';
import { Chat } from '/static/chats.js';

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
};
/** The page learns who was added by asking the server for the group. */
const ASKED = ['add'];

const isMine = (id) => [me.lid, me.phone].some((mine) => mine && String(mine) === id);

export const groupEvents = {
  async 'group-changed'({ id: externalId, group, what, author, people, value, known, t: ts }) {
    for (const identity of known) await learn(identity);
    const [actionType, notice, word = value] = WORDS[what] ?? [what, what];
    const meta = { chatId: createWid(group), author: createWid(author), externalId, ts };
    const action = { actionType, participants: people.map((id) => ({ id: createWid(id) })) };
    if (!ASKED.includes(what)) await groupActions.updateDBForGroupAction(meta, action);
    const subtype = notice ?? (people.some(isMine) ? what : null);
    if (!subtype) return;
    const [only, ...others] = people;
    const participant = only && others.length === 0 ? only : author;
    const about = { fromMe: false, remote: group, participant, author, recipients: people, from: group, to: String(me.phone) };
    await storeNotice({ ...about, id: `${externalId}${ts}`, type: 'gp2', body: word ?? undefined, t: ts, ack: 0, fields: { subtype } });
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

