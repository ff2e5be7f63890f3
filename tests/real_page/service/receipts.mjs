// Claims about who has received, read and played a message.
import { FRIEND } from './claims.mjs';

const [ANA, BO] = ['5491133330001', '5491133330003'];

/** Groups whose members are named by LID, and by number. */
const GROUPS = [['120363000000000094', true], ['120363000000000095', false]];

export async function receipts(claims) {
  const { w, say } = claims;
  for (const [id, byLid] of GROUPS) {
    const how = byLid ? 'by LID' : 'by number';
    await w.ctl('group', { id, opt: { byLid, members: [ANA, BO] } });
    await w.ctl('ingroup', { id, from: ANA, text: `a group of receipts ${how}` });
    await claims.row(({ body }) => body === `a group of receipts ${how}`, 10000);
    const sent = await w.post('/send', { to: `${id}@g.us`, message: `who reads this, ${how}` });
    const message = sent.body.message_id;
    const path = `/messages/${message}?receipts=true`;
    const bare = message.split('_')[2];
    await w.ctl('receipt', { of: ANA, group: id, id: bare, t: 1700000001 });
    await w.ctl('receipt', { of: ANA, group: id, id: bare, type: 'read', t: 1700000002 });
    await w.ctl('receipt', { of: BO, group: id, id: bare, type: 'played', t: 1700000003 });
    const of = ({ receipts: all }, number) => all?.find(({ phone }) => phone === number);
    const told = await claims.until(async () => {
      const found = await w.get(path);
      return of(found, ANA)?.read_at && of(found, BO)?.played_at && found;
    }, 6000);
    const [ana, bo] = told ? [of(told, ANA), of(told, BO)] : [];
    const holds = ana?.delivered_at === '2023-11-14T22:13:21.000Z' && ana.read_at === '2023-11-14T22:13:22.000Z' && ana.played_at === null;
    say(holds && bo.played_at === '2023-11-14T22:13:23.000Z' && bo.read_at === null, `in a group addressed ${how}, each receiver with times`, told?.receipts ?? (await w.get(path)));
    say(told?.receipts.length === 2 && told.receipts.every(({ lid }) => /@lid$/.test(lid)), 'each once, by LID, without the account itself');
  }
  const sent = await w.post('/send', { to: FRIEND, message: 'who reads that' });
  const message = sent.body.message_id;
  const told = await claims.until(async () => {
    const found = await w.get(`/messages/${message}?receipts=true`);
    return found.receipts?.[0]?.delivered_at && found;
  }, 6000);
  say(told?.receipts.length === 1 && told.receipts[0].phone === FRIEND, 'a text to one person has one receiver', told?.receipts.length);
  const { items } = await w.get('/messages?direction=in&limit=1');
  const other = await w.get(`/messages/${items[0].id}?receipts=true`);
  say(other.ok && other.receipts === null, 'a received message has none: null', other.receipts);
}
