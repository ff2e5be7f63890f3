// Facts about the chats, people and groups that the page has in memory.

const FRIEND = '5491122334455';
const GROUP = '120363000000000071';
const MEMBERS = ['5491133330001', '5491133330003'];

export async function people(asked) {
  await asked.world.incoming('from somebody known');
  await asked.until('the message', () => require('WAWebCollections').Msg.getModelsArray().some((one) => one.body === 'from somebody known'));
  const person = (number) => {
    const { Contact, Chat } = require('WAWebCollections');
    const phone = require('WAWebWidFactory').createWid(`${number}@c.us`);
    const lid = require('WAWebApiContact').getCurrentLid(phone);
    const [byPhone, byLid, chat] = [Contact.get(phone), Contact.get(lid), Chat.get(lid)];
    return {
      both: [Boolean(byPhone), String(byLid?.phoneNumber) === String(phone)],
      sameName: byPhone?.pushname === byLid?.pushname,
      chat: [chat.id.server, String(chat.accountLid) === String(lid), chat.unreadCount > 0, chat.t > 1.6e9],
      plain: [Boolean(chat.archive), Boolean(chat.pin), chat.mute.expiration, Boolean(chat.isReadOnly)],
      contact: chat.contact === byLid,
      byNumber: Chat.getLatestChatForWid(phone) === chat,
    };
  };
  asked.fact('a person has two contacts, and a chat under the LID', await asked.evaluate(person, FRIEND));

  await asked.world.inGroup(GROUP, MEMBERS, 'said in a group');
  await asked.until('the group', (id) => Boolean(require('WAWebCollections').Chat.get(id)), `${GROUP}@g.us`);
  const group = (id) => {
    const chat = require('WAWebCollections').Chat.get(id);
    const { groupMetadata: data, contact } = chat;
    const members = data.participants.getModelsArray();
    return {
      stale: data.stale,
      subject: data.subject ?? null,
      named: contact?.name === data.subject,
      roles: members.map(({ isAdmin, isSuperAdmin }) => [Boolean(isAdmin), Boolean(isSuperAdmin)].join()).sort(),
      by: [...new Set(members.map((member) => member.id.server))],
      mine: [data.participants.iAmAdmin(), data.participants.iAmMember(), data.participants.iAmSuperAdmin()],
      flags: [Boolean(data.announce), Boolean(data.restrict), Boolean(data.membershipApprovalMode), Number(data.ephemeralDuration ?? 0)],
      owner: data.owner?.server ?? null,
      created: data.creation > 1.6e9,
    };
  };
  asked.fact('a group that is known from a message only', await asked.evaluate(group, `${GROUP}@g.us`));
  await asked.evaluate(async (id) => {
    const groups = require('WAWebGroupMetadataCollection');
    await (groups.default ?? groups).find(require('WAWebWidFactory').createWid(id));
  }, `${GROUP}@g.us`);
  asked.fact('and after it was asked for', await asked.evaluate(group, `${GROUP}@g.us`));
}
