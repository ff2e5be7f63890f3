// Facts about who has received, read and played a message of the account.

const [ANA, BO] = ['5491133330001', '5491133330003'];
const FRIEND = '5491122334455';

/** Runs in the page: sends a text to a chat, and tells its key. */
async function send(id, text) {
  const { createWid } = require('WAWebWidFactory');
  const found = id.endsWith('@g.us') ? { wid: createWid(id) } : await require('WAWebQueryExistsJob').queryWidExists(createWid(id));
  const { chat } = await require('WAWebFindChatAction').findOrCreateLatestChat(found.wid, 'facts');
  // Until the page has asked for a group it does not know how its members are addressed.
  if (chat.id.isGroup()) await require('WAWebGroupQueryJob').queryAndUpdateGroupMetadataById({ id: chat.id });
  const data = await require('WAWebSendTextMsgChatAction').createTextMsgData(chat, text, {});
  const [added, result] = require('WAWebSendMsgChatAction').addAndSendMsgToChat(chat, data);
  const message = await added;
  await result;
  return String(message.id);
}

/**
 * Runs in the page: the rows about a message, by the last digits of the people's numbers. Times that nobody chose here, of
 * what is delivered by itself, are left out.
 */
async function rows(key) {
  const found = await require('WAWebSchemaMessageInfo').getMessageInfoTable().anyOf(['msgKey'], [key]);
  const { createWid } = require('WAWebWidFactory');
  const of = ({ msgKey, receiverUserJid, delivery, read, played }) => {
    const wid = createWid(receiverUserJid);
    const isMe = require('WAWebUserPrefsMeUser').isMeAccount(wid);
    const digits = String(require('WAWebApiContact').getPhoneNumber(wid)?.user).slice(-4);
    const times = [delivery, read, played].map((t) => (t < 1700000100 ? t : null));
    return [isMe ? 'me' : digits, wid.server, msgKey === key, ...times];
  };
  return found.map(of).sort();
}

const bare = (key) => key.split('_')[2];

export async function receipts(asked) {
  const { world } = asked;
  const { id: group } = await world.foreignGroup({ members: [ANA, BO], isMember: true });
  await asked.evaluate(async (numbers) => {
    const { createWid } = require('WAWebWidFactory');
    for (const number of numbers) await require('WAWebQueryExistsJob').queryWidExists(createWid(`${number}@c.us`));
  }, [ANA, BO]);
  const key = await asked.evaluate(send, group, 'who reads this');
  asked.fact('the key of a text to a group', /^true_\d+@g\.us_[0-9A-F]+_\d+@lid$/.test(key), true);
  const until = (what, wanted) => asked.eventually(what, async () => wanted(await asked.evaluate(rows, key)));
  asked.fact('a text that nobody has received', await asked.evaluate(rows, key));
  const steps = [[ANA, '', 1700000001, 3], [ANA, 'read', 1700000002, 4], [ANA, 'played', 1700000003, 5], [BO, 'read', 1700000004, 4]];
  for (const [of, type, t, column] of steps) {
    await world.receipt(of, bare(key), { group, type, t });
    await until('the receipt', (found) => found.some((row) => row[column] === t));
  }
  asked.fact('received, read and played by one, read by the other', await asked.evaluate(rows, key));
  await world.receipt(ANA, bare(key), { group, type: 'read', t: 1700000009 });
  await world.receipt(BO, bare(key), { group, type: 'played', t: 1700000010 });
  await until('the last receipt', (found) => found.some((row) => row[5] === 1700000010));
  asked.fact('a second receipt of a kind', await asked.evaluate(rows, key));
  asked.fact('of a message that is not there', await asked.evaluate(rows, key.replace(bare(key), '3EB0000000000000000000')), []);

  const direct = await asked.evaluate(send, `${FRIEND}@c.us`, 'who reads that');
  await world.receipt(FRIEND, bare(direct), { type: 'read', t: 1700000005 });
  await asked.eventually('the receipt', async () => (await asked.evaluate(rows, direct)).some((row) => row[4] === 1700000005));
  const [[who, server, mine, , read, played], ...others] = await asked.evaluate(rows, direct);
  asked.fact('a text to one person', [who, server, mine, read, played, others.length]);
}
