// Facts about the chats, people and groups that the page has in memory.

const FRIEND = '5491122334455';
const GROUP = '120363000000000071';
/** The first bytes of a JPEG. */
const PICTURE = '/9j/4AAQSkZJRg==';
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

  await asked.world.groupOf(GROUP, MEMBERS, 'said in a group');
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
  await asked.world.groupOf('120363000000000072', MEMBERS, 'said in another group');
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

export async function numbers(asked) {
  const [known, other, absent] = ['5491177770001', '5491177770002', '5491177770009'];
  await asked.world.whoIs([known, other], absent);
  const told = await asked.evaluate(async (all) => {
    const { USyncQuery, USYNC_ADDRESSING_MODE } = require('WAWebUsync');
    const { USyncUser } = require('WAWebUsyncUser');
    const wid = (id) => require('WAWebWidFactory').createWid(id);
    const lidOf = (number) => require('WAWebApiContact').getCurrentLid(wid(`${number}@c.us`));
    const query = new USyncQuery().withContactProtocol(USYNC_ADDRESSING_MODE.LID).withLidProtocol();
    for (const number of all) query.withUser(new USyncUser().withPhone(`+${number}`));
    const { list, error } = await query.execute();
    const before = all.map((number) => Boolean(lidOf(number)));
    const found = list.filter(({ contact }) => contact.type === 'in');
    const mappings = found.map(({ id, lid }) => ({ pn: id, lid: wid(String(lid)) }));
    await require('WAWebDBCreateLidPnMappings').createLidPnMappings({ mappings, flushImmediately: true, learningSource: 'usync' });
    return {
      errors: Object.keys(error),
      list: list.map(({ contact, id, lid }) => [contact.type, contact.content, String(id), Boolean(lid)]),
      before,
      after: all.map((number) => Boolean(lidOf(number))),
    };
  }, [known, other, absent]);
  asked.fact('three numbers in one question, and what is known before and after it is remembered', told);
}

export async function person(asked) {
  await asked.world.incoming('to be blocked');
  await asked.until('the message', () => require('WAWebCollections').Msg.getModelsArray().some((one) => one.body === 'to be blocked'));
  const acts = (work) =>
    asked.evaluate(
      async (number, text) => {
        const wid = (id) => require('WAWebWidFactory').createWid(id);
        const lid = require('WAWebApiContact').getCurrentLid(wid(`${number}@c.us`));
        const contact = await require('WAWebCollections').Contact.find(lid);
        const { blockContact, unblockContact } = require('WAWebBlockContactAction');
        const { BlocklistCollection } = require('WAWebBlocklistCollection');
        const tools = {
          block: () => blockContact({ contact, blockEntryPoint: 'block_screen' }),
          unblock: () => unblockContact(contact, 'block_screen'),
        };
        const end = await tools[text]().then(() => 'resolves', (error) => `rejects ${error.name}`);
        return [end, contact.isContactBlocked, Boolean(BlocklistCollection.get(lid))];
      },
      FRIEND,
      work,
    );
  for (const work of ['block', 'block', 'unblock', 'unblock']) {
    asked.fact(`${work} after ${Object.keys(asked.facts).length} steps`, [...(await acts(work)), (await asked.world.blockedNow()).includes(FRIEND)]);
  }
  const about = () =>
    asked.evaluate(async (number) => {
      const phone = require('WAWebWidFactory').createWid(`${number}@c.us`);
      const lid = require('WAWebApiContact').getCurrentLid(phone);
      const { status, stale } = await require('WAWebContactStatusBridge').getStatus({ wid: lid });
      return [status ?? null, Boolean(stale)];
    }, FRIEND);
  asked.fact('who says nothing of themselves', await about());
  await asked.world.about(FRIEND, 'at work');
  asked.fact('who says something', await about());

  const picture = () =>
    asked.evaluate(async (number) => {
      const lid = require('WAWebApiContact').getCurrentLid(require('WAWebWidFactory').createWid(`${number}@c.us`));
      try {
        const { eurl, tag, directPath } = await require('WAWebGetProfilePicJob').getProfilePic(lid, { preview: false });
        const answer = await fetch(eurl);
        return { status: answer.status, bytes: (await answer.arrayBuffer()).byteLength, tag: Boolean(tag), path: Boolean(directPath) };
      } catch (error) {
        return [error.name, error.status];
      }
    }, FRIEND);
  asked.fact('the picture of who has none', await picture());
  await asked.world.picture(FRIEND, PICTURE);
  asked.fact('the picture of who has one', await picture());
  await asked.world.picture(FRIEND, PICTURE, true);
  asked.fact('the picture of who hides it', await picture());
}
