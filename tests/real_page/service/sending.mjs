// Claims of what is sent: refusals, unknown numbers, and a service that is killed meanwhile.
import { FRIEND } from './claims.mjs';

export async function refused(claims) {
  const { w, say } = claims;
  for (const code of ['475', '479', '421', '403']) {
    await w.ctl('ack', { rule: code });
    const t = Date.now();
    const s = await w.post('/send', { number: FRIEND, message: 'no ' + code });
    say(s.status !== 200 && s.status !== 504 && Date.now() - t < 5000, `the server's no ${code} is said at once`, {
      status: s.status,
      code: s.body.code ?? s.body.error,
      ms: Date.now() - t,
    });
  }
  await w.ctl('ack', { rule: 'ack' });
  const s = await w.post('/send', { number: FRIEND, message: 'sí de nuevo' });
  say(s.status === 200, 'and the next one goes', s.status);
}

export async function numbers(claims) {
  const { w, say } = claims;
  await w.ctl('unknown', { list: '5491100000000' });
  const s = await w.post('/send', { number: '5491100000000', message: 'a nadie' });
  say(s.body && s.body.code === 'NOT_ON_WHATSAPP', 'a number without WhatsApp is refused', {
    status: s.status,
    body: s.body,
  });
}

export async function toMyself(claims) {
  const { w, say } = claims;
  const { status, body } = await w.post('/send', { number: '5491150000001', message: 'to myself' });
  say(status === 200, 'POST /send to oneself: 200', status === 200 ? undefined : body);
  const mine = await claims.sent('to myself');
  say(new Set(mine.map(({ id }) => id)).size === 1, 'and it leaves once');
}

/** The account must not seem to be online, which would silence its phone, nor mark anything as read. */
export async function silence(claims) {
  const { w, say } = claims;
  const { presences, receipts } = await w.ctl('state');
  say(!presences.includes('available'), 'the account was never shown as online', presences);
  const read = receipts.filter(({ type }) => type === 'read');
  say(read.length === 0, 'and nothing that came was marked as read', read.length);
}
