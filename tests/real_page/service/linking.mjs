// Claims of the code to scan and of pairing codes.
import { sleep } from '../world.mjs';

export async function idle(claims) {
  const { w, say } = claims;
  // three minutes
  await w.until('QR_REQUIRED');
  let last = null,
    t0 = Date.now();
  while (Date.now() - t0 < 200000) {
    const q = await w.get('/qr');
    if (q.status !== last) console.log('    ', Math.round((Date.now() - t0) / 1000), 's', q.status);
    last = q.status;
    await sleep(1000);
  }
  say(last === 'QR_AVAILABLE', '200 s without a scan: there is a code', {
    batches: (await w.ctl('state')).codesSent,
  });
}

/** WhatsApp's refusals of a pairing code, and what the service calls them. */
const REFUSALS = [
  [429, 'rate-overlimit', 429, 'RATE_LIMITED'],
  [452, 'feature-not-available', 409, 'PHONE_APP_TOO_OLD'],
  [400, 'bad-request', 400, 'INVALID_NUMBER'],
];

export async function pairingRefused(claims) {
  const { w, say } = claims;
  await w.until('QR_REQUIRED');
  for (const [code, text, status, name] of REFUSALS) {
    await w.ctl('pairingrule', { code, text });
    await claims.until(async () => (await w.get('/qr')).status === 'QR_AVAILABLE', 15000);
    const refused = await w.post('/pairing-code', { phone_number: '5491150000001' });
    say(refused.status === status && refused.body.code === name, `a pairing code refused with ${text} is ${name}`, {
      status: refused.status,
      code: refused.body.code,
    });
  }
  await w.ctl('pairingrule');
  const back = await claims.until(async () => (await w.get('/qr')).status === 'QR_AVAILABLE', 15000);
  say(back, 'and after each there is a code to scan again');
}

export async function pairing(claims) {
  const { w, say } = claims;
  await w.until('QR_REQUIRED');
  await sleep(1500);
  const first = await w.post('/pairing-code', { phone_number: '5491150000001' });
  const dropped = await w.del('/pairing-code');
  const again = await claims.until(async () => (await w.get('/qr')).status === 'QR_AVAILABLE', 15000);
  say(first.status === 200 && dropped.status === 200 && again, 'DELETE /pairing-code brings the code to scan back');
  const p = await w.post('/pairing-code', { phone_number: '5491150000001' }),
    code = p.body && (p.body.code || p.body.pairing_code || '');
  say(p.status === 200 && /^[1-9A-Z]{4}-?[1-9A-Z]{4}$/.test(code), 'POST /pairing-code gives eight characters', {
    status: p.status,
    code,
  });
  const q = await w.get('/qr');
  say(q.status !== 'QR_AVAILABLE', 'and no QR that no phone could scan any more is offered beside it', {
    status: q.status,
  });
  const e = await w.ctl('enter', { code: code.replace('-', '') });
  const r = await w.until('READY', 60000);
  say(!e.error && r.ms !== null, 'typed on the phone: READY', { e, state: r.state, ms: r.ms });
  await w.ctl('unlink');
  await w.until((x) => x.reason === 'LOGGED_OUT', 15000);
  await w.post('/connect');
}
