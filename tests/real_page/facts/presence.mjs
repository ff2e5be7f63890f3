// Facts about being online: what the page tells of this account, and what it learns of others.

const ANA = '5491166660001';

export async function presence(asked) {
  const { world } = asked;
  asked.fact('what was told of this account', [...new Set(await world.presences())], ['unavailable']);
  const subscribe = () =>
    asked.evaluate(async (number) => {
      const { createWid } = require('WAWebWidFactory');
      const { wid } = await require('WAWebQueryExistsJob').queryWidExists(createWid(`${number}@c.us`));
      const { chat } = await require('WAWebFindChatAction').findOrCreateLatestChat(wid, 'createChat');
      const lid = chat.accountLid ?? chat.id;
      const { PresenceCollection } = require('WAWebPresenceCollection');
      await PresenceCollection.find(createWid(`${number}@c.us`));
      await PresenceCollection.find(lid);
      const { isOnline, hasData, chatstate } = PresenceCollection.get(lid);
      window.__lid = lid;
      return { isOnline, hasData, type: chatstate?.type ?? null };
    }, ANA);
  const now = () =>
    asked.evaluate(() => {
      const { isOnline, hasData, chatstate } = require('WAWebPresenceCollection').PresenceCollection.get(window.__lid);
      return { isOnline, hasData, type: chatstate?.type ?? null, t: Boolean(chatstate?.t), deny: chatstate?.deny === true };
    });
  const isAsked = (times) => asked.eventually('the question', async () => (await world.subscriptions()).length >= times);
  asked.fact('a person at first', await subscribe());
  await isAsked(1);
  asked.fact('the server is asked by LID alone', await world.subscriptions(), ['lid']);
  await asked.evaluate(() => {
    window.__told = new Set();
    for (const name of ['isOnline', 'hasData', 'chatstate.type', 'chatstate.t', 'chatstate.deny']) {
      require('WAWebPresenceCollection').PresenceCollection.on(`change:${name}`, (of) => {
        if (String(of?.id) === String(window.__lid)) window.__told.add(name);
      });
    }
  });
  const told = () =>
    asked.evaluate(() => {
      const names = [...window.__told].sort();
      window.__told.clear();
      return names;
    });
  const changes = [];
  const events = [];
  for (const change of [{}, { chat: 'composing' }, { chat: 'recording' }, { chat: 'paused' }, { type: 'unavailable', last: '1700000000' }, { type: 'unavailable', last: 'deny' }]) {
    const before = JSON.stringify(await now());
    await world.present(ANA, change);
    await asked.eventually('the presence', async () => JSON.stringify(await now()) !== before);
    changes.push(await now());
    events.push(await told());
  }
  asked.fact('the events of each, with the id of the person', events);
  asked.fact('online, typing, speaking, no longer, offline, and offline for those who may not know since when', changes);
  await world.drop();
  await asked.until('a lost connection', () => require('WAWebSocketModel').Socket.stream !== 'CONNECTED');
  await asked.connected();
  asked.fact('after a reconnect', await now());
  asked.fact('which is told too', await told());
  const again = await subscribe();
  await isAsked(2);
  asked.fact('and asked for again', [again, await world.subscriptions()]);
  await asked.evaluate(() => require('WAWebPresenceChatAction').sendPresenceAvailable());
  await asked.eventually('the presence of this account', async () => (await world.presences()).at(-1) === 'available');
  asked.fact('the account shows itself', (await world.presences()).at(-1), 'available');
}
