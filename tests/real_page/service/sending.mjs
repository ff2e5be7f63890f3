// Claims of what is sent: refusals, unknown numbers, and a service that is killed meanwhile.
import { FRIEND } from './claims.mjs';
import { sleep } from '../world.mjs';

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

export async function kill(claims) {
  const { w, say } = claims;
  await w.ctl('ack', { rule: 'silent' });
  const p = w.post('/send', { number: FRIEND, message: 'bajo fuego', idempotency_key: 'k1' }).catch(() => null);
  await sleep(2500);
  w.sm.kill('SIGKILL');
  await w.gone;
  await p;
  w.sm = null;
  await w.ctl('ack', { rule: 'ack' });
  const before = (await w.ctl('state')).sent.filter((x) =>
    x.encs.some((e) => e.message && e.message.conversation === 'bajo fuego'),
  ).length;
  await w.service();
  await w.until('READY', 60000);
  await sleep(8000);
  const after = (await w.ctl('state')).sent.filter((x) =>
    x.encs.some((e) => e.message && e.message.conversation === 'bajo fuego'),
  );
  say(
    after.length >= 1 && new Set(after.map((x) => x.id)).size === 1,
    'killed during a send: it leaves once, under one id',
    { before, after: after.map((x) => x.id) },
  );
  const again = await w.post('/send', { number: FRIEND, message: 'bajo fuego', idempotency_key: 'k1' });
  const last = (await w.ctl('state')).sent.filter((x) =>
    x.encs.some((e) => e.message && e.message.conversation === 'bajo fuego'),
  );
  say(new Set(last.map((x) => x.id)).size === 1, 'the retry with the same key sends no second one', {
    status: again.status,
    ids: [...new Set(last.map((x) => x.id))],
  });
}

export async function killEarly(claims) {
  const { w, say } = claims;
  const mine = async () =>
    (await w.ctl('state')).sent.filter((x) =>
      x.encs.some((e) => e.message && e.message.conversation === 'antes de salir'),
    );
  await w.ctl('hold', { iq: 'encrypt/key' });
  const p = w
    .post('/send', { number: '5491199990000', message: 'antes de salir', idempotency_key: 'k2' })
    .catch(() => null);
  await sleep(4000);
  w.sm.kill('SIGKILL');
  await w.gone;
  await p;
  w.sm = null;
  await w.ctl('hold', {});
  await w.service();
  await w.until('READY', 60000);
  await sleep(12000);
  const after = await mine();
  say(after.length === 1, 'killed before it left: after the restart it leaves, once', { sent: after.length });
  const again = await w.post('/send', { number: '5491199990000', message: 'antes de salir', idempotency_key: 'k2' });
  say((await mine()).length === 1, 'and a retry with its key ends with one message at the contact', {
    status: again.status,
    code: again.body && again.body.code,
    sent: (await mine()).length,
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
