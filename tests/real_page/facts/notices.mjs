// Facts about what the page says of groups, names and chats: notices among the messages, and events of its models.

const FRIEND = '5491122334455';
const GROUP = '120363000000000077';
const [ADMIN, MEMBER, GUEST] = ['5491133330001', '5491133330003', '5491133330004'];

/** Runs in the page: notes notices of groups, and each change of a group as the page stores it. */
function watch() {
  const isWatched = window.__notices !== undefined;
  window.__notices = [];
  if (isWatched) return;
  const { isMeAccount } = require('WAWebUserPrefsMeUser');
  const numberOf = (wid) => String(require('WAWebApiContact').getPhoneNumber(wid)?.user).slice(-4);
  const last = (wid) => wid && (isMeAccount(wid) ? 'me' : numberOf(wid));
  require('WAWebCollections').Msg.on('add', (msg) => {
    if (msg.type !== 'gp2') return;
    const { id, subtype, author, recipients, body, isNewMsg } = msg;
    window.__notices.push(['notice', subtype, last(author), (recipients ?? []).map(last), body ?? null, isNewMsg === true, id.fromMe, id.id]);
  });
  const api = require('WAWebUpdateDbForGroupActionApi');
  const { updateDBForGroupAction } = api;
  api.updateDBForGroupAction = function (...values) {
    const [meta, action] = values;
    const people = (action.participants ?? []).map(({ id }) => last(id));
    window.__notices.push(['change', action.actionType, last(meta.author), people, `${meta.externalId}${meta.ts}`]);
    return updateDBForGroupAction.apply(this, values);
  };
}

/** Runs in the page: what it has of a group, without asking the server. */
function look(id) {
  const { Chat } = require('WAWebCollections');
  const exports = require('WAWebGroupMetadataCollection');
  const wid = require('WAWebWidFactory').createWid(id);
  window.__group = () => {
    const [chat, found] = [Chat.get(wid), (exports.default ?? exports).get(wid)];
    const about = { chat: Boolean(chat), known: Boolean(found) };
    if (!found) return about;
    const { subject, desc, announce, restrict, participants } = found;
    const people = participants.getModelsArray();
    const mine = { member: participants.iAmMember(), admin: participants.iAmAdmin(), readOnly: chat?.isReadOnly === true };
    const settings = { subject: subject ?? null, desc: desc ?? null, announce: announce === true, restrict: restrict === true };
    return { ...about, ...settings, members: people.length, admins: people.filter(({ isAdmin }) => isAdmin).length, ...mine };
  };
}

export async function groupChanges(asked) {
  const { world } = asked;
  await world.group(GROUP, [ADMIN, MEMBER]);
  await world.inGroup(GROUP, ADMIN, 'in the group');
  await asked.until('the group', () => require('WAWebCollections').Msg.getModelsArray().some((one) => one.body === 'in the group'));
  await asked.evaluate(watch);
  await asked.evaluate(look, `${GROUP}@g.us`);
  const told = async (what, of) => {
    await world.groupChange(GROUP, what, of);
    await asked.until(what, () => window.__notices.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const seen = await asked.evaluate(() => window.__notices.splice(0));
    const change = seen.find(([kind]) => kind === 'change');
    const notices = seen.filter(([kind]) => kind === 'notice');
    const now = await asked.evaluate(() => window.__group());
    const isSame = notices.every((notice) => change === undefined || notice[7] === change[4]);
    return { change: change?.slice(1, 4), notices: notices.map((notice) => notice.slice(1, 7)), ids: isSame, now };
  };
  for (const [what, of] of [
    ['subject', 'Name'], ['description', 'Words'], ['add', GUEST], ['remove', GUEST], ['join', GUEST], ['promote', MEMBER],
    ['demote', MEMBER], ['leave', MEMBER], ['announcement'], ['not_announcement'], ['locked'], ['unlocked'], ['invite'],
  ]) {
    asked.fact(`a group's ${what}: the stored change, the notices, one id, what the page has then`, await told(what, of));
  }
}

/** Others make a group with the account, and change what the account is in it. */
export async function memberships(asked) {
  const { world } = asked;
  const id = '120363000000000088';
  await asked.evaluate(watch);
  await asked.evaluate(look, `${id}@g.us`);
  const seen = async (name) => {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const events = await asked.evaluate(() => window.__notices.splice(0));
    const told = events.map(([kind, ...rest]) => [kind, ...rest.slice(0, kind === 'change' ? 3 : 6)]);
    asked.fact(name, { told, now: await asked.evaluate(() => window.__group()) });
  };
  await world.groupMade(id, [ADMIN, MEMBER]);
  await seen('somebody makes a group with the account');
  await world.inGroup(id, ADMIN, 'welcome');
  await seen('and writes in it');
  for (const [what, name] of [['remove', 'removed'], ['add', 'added again'], ['demote', 'made a member again'], ['promote', 'made an admin']]) {
    await world.groupChange(id, what, world.me);
    await seen(`the account is ${name}`);
  }
  for (const [what, of] of [['subject', 'Mine'], ['add', GUEST], ['promote', GUEST], ['remove', GUEST], ['leave', world.me]]) {
    await world.groupChange(id, what, of, world.me);
    await seen(`the account's own change: ${what}`);
  }
}

export async function names(asked) {
  const { world } = asked;
  await world.named(FRIEND, 'Ana', 'a first name');
  await asked.until('the message', () => require('WAWebCollections').Msg.getModelsArray().some((one) => one.body === 'a first name'));
  await asked.evaluate(() => {
    window.__names = [];
    const { Chat, Contact } = require('WAWebCollections');
    Contact.on('change:pushname', (contact, name, old) => window.__names.push(['name', contact.id.server, name, old]));
    Chat.on('change:unreadCount', (chat, count, old) => window.__names.push(['unread', chat.id.server, count - old < 0 ? 'falls' : 'rises']));
  });
  await world.named(FRIEND, 'Ana María', 'another name');
  await asked.until('the other name', () => window.__names.some(([what]) => what === 'unread'));
  asked.fact('somebody who takes another name', (await asked.evaluate(() => window.__names.splice(0))).toSorted());
  await world.readOnPhone(FRIEND);
  await asked.until('the chat that was read', () => window.__names.some(([what]) => what === 'unread'));
  asked.fact('a chat that is read on the phone', await asked.evaluate(() => window.__names.splice(0)), [['unread', 'lid', 'falls']]);
}
