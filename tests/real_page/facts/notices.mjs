// Facts about what the page says of groups, names and chats: notices among the messages, and events of its models.

const FRIEND = '5491122334455';
const GROUP = '120363000000000077';
const [ADMIN, MEMBER, GUEST] = ['5491133330001', '5491133330003', '5491133330004'];

/** Runs in the page: notes notices of groups, and each change of a group as the page stores it. */
function watch() {
  window.__notices = [];
  const last = (wid) => wid && String(require('WAWebApiContact').getPhoneNumber(wid)?.user).slice(-4);
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

export async function groupChanges(asked) {
  const { world } = asked;
  await world.group(GROUP, [ADMIN, MEMBER]);
  await world.inGroup(GROUP, ADMIN, 'in the group');
  await asked.until('the group', () => require('WAWebCollections').Msg.getModelsArray().some((one) => one.body === 'in the group'));
  await asked.evaluate(watch);
  const told = async (what, of) => {
    await world.groupChange(GROUP, what, of);
    await asked.until(what, () => window.__notices.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const seen = await asked.evaluate(() => window.__notices.splice(0));
    const change = seen.find(([kind]) => kind === 'change');
    const notices = seen.filter(([kind]) => kind === 'notice');
    const isSame = notices.every((notice) => change === undefined || notice[7] === change[4]);
    return { change: change?.slice(1, 4), notices: notices.map((notice) => notice.slice(1, 7)), ids: isSame };
  };
  for (const [what, of] of [
    ['subject', 'Name'], ['description', 'Words'], ['add', GUEST], ['remove', GUEST], ['join', GUEST], ['promote', MEMBER],
    ['demote', MEMBER], ['leave', MEMBER], ['announcement'], ['not_announcement'], ['locked'], ['unlocked'], ['invite'],
  ]) {
    asked.fact(`a group's ${what}: the stored change, the notices, one id`, await told(what, of));
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
