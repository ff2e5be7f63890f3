// Claims of logins that are refused, used elsewhere or unlinked.
import { lookup } from 'node:dns/promises';
import { sleep } from '../world.mjs';

export async function refusals(claims) {
  const { w, say } = claims;
  for (const [reason, attrs, word] of [
    ['405', {}, /version|old/i],
    ['503', {}, /503|unavailable/i],
    ['402', { code: '101', expire: '20' }, /ban/i],
  ]) {
    await w.ctl('fail', { reason, attrs, now: 1 });
    const seen = await w.watch(15000),
      s = await w.status();
    say(s.state !== 'READY', `login refused with ${reason}: not READY`, seen);
    say(word.test(s.reason + ' ' + s.detail), `${reason} is named`, { reason: s.reason, detail: s.detail });
    await w.ctl('fail', {});
    const t = Date.now();
    while (Date.now() - t < 90000 && !(await w.ctl('state')).active) await sleep(500);
    const b = await w.until('READY', 60000);
    say(b.ms !== null, 'back to READY by itself', Date.now() - t);
  }
}

export async function replaced(claims) {
  const { w, say } = claims;
  await w.ctl('replaced');
  const lost = await w.until(({ state }) => state !== 'READY', 15000);
  say(lost.ms !== null && lost.ms < 12000, 'used elsewhere: no longer READY', lost.ms);
  // Before the service calls it a conflict it asks whether the network is up, by WhatsApp's host, from outside the browser.
  const isReachable = await lookup('web.whatsapp.com').then(
    () => true,
    () => false,
  );
  if (isReachable) {
    const named = await w.until(({ reason }) => reason === 'CONFLICT', 60000);
    say(named.ms !== null, 'and named as a conflict', { state: named.state, reason: named.reason });
  } else {
    console.log('    not judged, since WhatsApp cannot be reached from here: that it is named as a conflict');
  }
  const before = (await w.ctl('state')).logins;
  await sleep(5000);
  const after = (await w.ctl('state')).logins;
  say(before === after, 'which the service does not answer by taking the session back', { before, after });
  await w.post('/disconnect');
  await w.post('/connect');
  const back = await w.until('READY', 60000);
  say(back.ms !== null, 'and the operator takes it back', back.ms);
}

export async function logout(claims) {
  const { w, say } = claims;
  const s0 = await w.until('READY', 20000);
  await w.ctl('unlink');
  const s = await w.until((x) => x.reason === 'LOGGED_OUT', 20000);
  say(s.ms !== null, 'unlinked by the phone: LOGGED_OUT', s);
}

export async function operatorLogout(claims) {
  const { w, say } = claims;
  await w.post('/connect');
  const linked = await w.link();
  say(linked.ms !== null, 'linked again: READY', linked.ms);
  const { status, body } = await w.post('/logout', {});
  say(status === 200 && body.state === 'DISCONNECTED', 'POST /logout: 200', { status, state: body.state });
  const { linked: device } = await w.ctl('state');
  say(device.unlinked, 'and the phone lists the device no more', device);
}
