// Claims about the code to scan, pairing codes, and the history that comes with a new link.
import { browser } from './page.mjs';

/** Six codes: one of 60 s and five of 20. */
const BATCH_MS = 160_000;
/** The longest time between the last code of a batch and the first code of the next. */
const GAP_MS = 10_000;

export async function idle(claims) {
  const { w, say } = claims;
  await claims.until(() => w.code(), 30000);
  const chrome = browser(w);
  const { codesSent: first } = await w.ctl('state');
  let [without, longest, batches] = [null, 0, first];
  await claims.until(async () => {
    const available = (await w.get('/qr')).status === 'QR_AVAILABLE';
    if (available) without = null;
    else longest = Math.max(longest, Date.now() - (without ??= Date.now()));
    batches = (await w.ctl('state')).codesSent;
    return batches > first && available;
  }, BATCH_MS + 4 * GAP_MS);
  say(batches > first, 'no scan for as long as the codes last: there are new ones', { batches });
  say(longest < GAP_MS, 'without a gap that a person would notice', { longest });
  const [ref] = (await w.code())?.split(',') ?? [];
  const { codes } = await w.ctl('state');
  say(codes.includes(ref), 'which the server knows');
  say(chrome !== null && browser(w) === chrome, 'and for which no browser was started');
}

/** The secret of the code changes while its ref stays: a scan of the old picture would be refused. */
export async function rotation(claims) {
  const { w, say } = claims;
  const before = await claims.until(() => w.code(), 30000);
  await w.ctl('rotate');
  const after = await claims.until(async () => {
    const now = await w.code();
    return now !== null && now !== before && now;
  }, 5000);
  const [old, fresh] = [before, after ?? ''].map((text) => text.split(','));
  say(old[0] === fresh[0] && old[3] !== fresh[3], 'the secret turns under the same reference: another code', {
    reference: old[0] === fresh[0],
    secret: old[3] !== fresh[3],
  });
}

/** WhatsApp's refusals of a pairing code, and the service's codes for them. */
const REFUSALS = [
  [429, 'rate-overlimit', 429, 'RATE_LIMITED'],
  [452, 'feature-not-available', 409, 'PHONE_APP_TOO_OLD'],
  [400, 'bad-request', 400, 'INVALID_NUMBER'],
];

const offersCode = (claims) => claims.until(async () => (await claims.w.get('/qr')).status === 'QR_AVAILABLE', 15000);

export async function pairingRefused(claims) {
  const { w, say } = claims;
  await w.until('QR_REQUIRED');
  for (const [code, text, status, name] of REFUSALS) {
    await w.ctl('pairingrule', { code, text });
    await offersCode(claims);
    const refused = await w.post('/pairing-code', { phone_number: '5491150000001' });
    say(refused.status === status && refused.body.code === name, `a pairing code refused with ${text} is ${name}`, {
      status: refused.status,
      code: refused.body.code,
    });
  }
  await w.ctl('pairingrule');
  say(await offersCode(claims), 'and after each there is a code to scan again');
}

export async function pairing(claims) {
  const { w, say } = claims;
  await offersCode(claims);
  const first = await w.post('/pairing-code', { phone_number: '5491150000001' });
  const dropped = await w.del('/pairing-code');
  const again = await offersCode(claims);
  say(first.status === 200 && dropped.status === 200 && again, 'DELETE /pairing-code brings the code to scan back');
  const { status, body } = await w.post('/pairing-code', { phone_number: '5491150000001' });
  const code = body?.code ?? '';
  say(status === 200 && /^[1-9A-Z]{8}$/.test(code), 'POST /pairing-code gives eight characters', { status });
  const qr = await w.get('/qr');
  say(qr.status !== 'QR_AVAILABLE', 'and no QR that no phone could scan any more is offered beside it', { status: qr.status });
  const entered = await w.ctl('enter', { code });
  const ready = await w.until('READY', 60000);
  say(!entered.error && ready.ms !== null, 'typed on the phone: READY', { state: ready.state, ms: ready.ms });
  await w.ctl('unlink');
  await w.until(({ reason }) => reason === 'LOGGED_OUT', 15000);
  await w.post('/connect');
}

/** As many messages as the first part of a busy account's first history. */
const OLD = 3000;
const MISSED = 5;

/**
 * After a new link the phone sends a history: messages older than any known one are not news, messages missed in
 * between are.
 */
export async function history(claims) {
  const { w, say } = claims;
  await w.until('READY', 60000);
  await w.ctl('incoming', { text: 'the newest before the new link' });
  await claims.row(({ body }) => body === 'the newest before the new link');
  const newest = Math.floor(Date.now() / 1000);

  await w.ctl('unlink');
  await w.until(({ reason }) => reason === 'LOGGED_OUT', 20000);
  // At the time of the link, every missed message must lie in the past.
  await claims.until(() => Date.now() / 1000 > newest + 2 * MISSED, 60000);
  const linked = await claims.link({ history: MISSED, since: newest + 2 });
  say(linked.ms !== null, 'linked anew, with a history of what was missed: READY', linked.ms);
  const isMissed = ({ body }) => body.startsWith(`old ${newest + 2} `);
  await claims.until(async () => (await claims.all()).filter(isMissed).length >= MISSED, 20000);
  const missed = (await claims.all()).filter(isMissed);
  const order = missed.map(({ body }) => Number(body.split(' ').at(-1)));
  say(missed.length === MISSED && order.every((n, at) => n === at), 'and what was missed is in the log, once and in order', order);

  await w.ctl('unlink');
  await w.until(({ reason }) => reason === 'LOGGED_OUT', 20000);
  const since = newest - 3 * 86400;
  const full = await claims.link({ history: OLD, since });
  say(full.ms !== null, `linked anew, with ${OLD} old messages: READY`, full.ms);
  await w.ctl('incoming', { text: 'the first after the new link' });
  const first = await claims.row(({ body }) => body === 'the first after the new link', 30000);
  const old = (await claims.all()).filter(({ body }) => body.startsWith(`old ${since} `));
  say(first && old.length === 0, 'of which none is told as news', old.length);
}
