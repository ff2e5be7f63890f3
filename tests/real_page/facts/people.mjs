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

/** Runs in the page: the marks of a chat, and how a change of them ends. */
function marking() {
  const chats = () => require('WAWebCollections').Chat;
  window.__marks = {
    of: ({ archive, pin, mute }) => [Boolean(archive), pin > 0, mute.expiration < 0 ? 'ever' : mute.expiration > 0],
    chat: (id) => chats().get(id),
    async ends(chat, work) {
      const end = await Promise.resolve()
        .then(work)
        .then(
          () => 'resolves',
          (error) => `rejects ${error.name} ${error.status ?? ''}`.trim(),
        );
      return [end, ...window.__marks.of(chat)];
    },
    archive: (chat, on) => require('WAWebSetArchiveChatAction').setArchive(chat, on, false),
    pin: (chat, on) => require('WAWebSetPinChatAction').setPin(chat, on),
    mute: (chat, expiration) => chat.mute.mute({ expiration, sendDevice: true, showToast: false }),
    unmute: (chat) => chat.mute.unmute({ sendDevice: true, showToast: false }),
  };
}

export async function marks(asked) {
  const [one, other] = [`${GROUP}@g.us`, '120363000000000072@g.us'];
  await asked.world.inGroup('120363000000000072', MEMBERS, 'said in another group');
  await asked.until('the group', (id) => Boolean(require('WAWebCollections').Chat.get(id)), other);
  await asked.evaluate(marking);
  const told = (name, work) =>
    asked.evaluate(
      (id, text) => {
        const chat = window.__marks.chat(id);
        return window.__marks.ends(chat, () => new Function('chat', `return window.__marks.${text}`)(chat));
      },
      one,
      work,
    ).then((answer) => asked.fact(name, answer));
  await told('archived', 'archive(chat, true)');
  await told('archived again', 'archive(chat, true)');
  await told('not archived', 'archive(chat, false)');
  await told('pinned', 'pin(chat, true)');
  await told('pinned again', 'pin(chat, true)');
  await told('archived, which ends the pin', 'archive(chat, true)');
  await told('pinned while it is archived', 'pin(chat, true)');
  await told('not pinned', 'pin(chat, false)');
  await told('not archived any more', 'archive(chat, false)');
  await told('muted for a day', 'mute(chat, Math.floor(Date.now() / 1000) + 86400)');
  await told('muted for ever', 'mute(chat, -1)');
  await told('muted until no number', 'mute(chat, "tomorrow")');
  await told('not muted', 'unmute(chat)');
  const limit = async () => {
    const chats = require('WAWebCollections').Chat.getModelsArray();
    const ends = [];
    for (const chat of chats.slice(0, 4)) ends.push((await window.__marks.ends(chat, () => window.__marks.pin(chat, true)))[0]);
    for (const chat of chats.filter(({ pin }) => pin > 0)) await window.__marks.pin(chat, false);
    return ends;
  };
  asked.fact('four pins', await asked.evaluate(limit));
  await asked.evaluate(async (id) => {
    const chat = window.__marks.chat(id);
    await window.__marks.archive(chat, true);
    await window.__marks.mute(chat, -1);
  }, one);
  await asked.reload();
  await asked.connected();
  await asked.until('the chat', (id) => Boolean(require('WAWebCollections').Chat.get(id)), one);
  await asked.evaluate(marking);
  asked.fact('marks after a load', await asked.evaluate((id) => window.__marks.of(window.__marks.chat(id)), one));
}
