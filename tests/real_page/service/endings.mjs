// Claims about logins that are refused, used elsewhere or unlinked.
import { anotherTab, ask } from './page.mjs';

/** How many logins are refused in a row: enough for the page to show itself connected in between. */
const REFUSED_LOGINS = 3;

/** The states that pass until the server has refused a number of logins. */
async function watchRefusals(claims, count) {
  const { w } = claims;
  const from = (await w.ctl('state')).logins;
  const seen = [];
  await claims.until(async () => {
    const { state, reason } = await w.status();
    const now = reason ? `${state} ${reason}` : state;
    if (seen.at(-1) !== now) seen.push(now);
    return (await w.ctl('state')).logins - from >= count && state !== 'READY';
  }, 60000);
  return seen;
}

/** Temporary refusals: the page tries again, and the service names them like this. */
const PASSING = [
  ['405', /VERSION_DEPRECATED.*old/],
  ['409', /VERSION_DEPRECATED.*old/],
  ['503', /SERVICE_UNAVAILABLE.*503/],
];

export async function refusals(claims) {
  const { w, say } = claims;
  for (const [reason, word] of PASSING) {
    await w.ctl('fail', { reason, now: 1 });
    const seen = await watchRefusals(claims, REFUSED_LOGINS);
    const last = seen.slice(1);
    say(last.length > 0 && last.every((one) => !one.startsWith('READY')), `login refused with ${reason}: not READY, and not again`, seen);
    const { reason: named, detail } = await w.status();
    say(word.test(`${named} ${detail}`), `${reason} is named`, { reason: named, detail });
    await w.ctl('fail', {});
    const back = await w.until('READY', 120000);
    say(back.ms !== null, 'and back to READY by itself', back.ms);
  }
}

export async function ban(claims) {
  const { w, say } = claims;
  await w.ctl('fail', { reason: '402', attrs: { code: '101', expire: '20' }, now: 1 });
  const named = await w.until(({ reason }) => reason === 'ACCOUNT_BLOCKED', 30000);
  const { limits, detail } = await w.get('/status');
  const told = Date.now();
  const until = Date.parse(limits?.ban?.until);
  say(named.ms !== null && limits.ban?.code === 101 && until > told, 'a ban for a time: its code and its end are in /status', { ban: limits?.ban, detail });
  const { logins: before } = await w.ctl('state');
  let during = before;
  await claims.until(async () => {
    if (Date.now() < until) during = (await w.ctl('state')).logins;
    return Date.now() >= until;
  }, 30000);
  say(during === before, 'which is waited for without a try', { before, during });
  await w.ctl('fail', {});
  const back = await w.until('READY', 60000);
  say(back.ms !== null, 'and after it READY by itself', back.ms);
}

export async function replaced(claims) {
  const { w, say } = claims;
  await w.until('READY', 60000);
  const before = (await w.ctl('state')).logins;
  await w.ctl('replaced');
  const lost = await w.until(({ state }) => state !== 'READY', 15000);
  say(lost.ms !== null && lost.ms < 12000, 'used elsewhere: no longer READY', lost.ms);
  const named = await w.until(({ reason }) => reason === 'CONFLICT', 60000);
  say(named.ms !== null, 'and named as a conflict', { state: named.state, reason: named.reason, ms: named.ms });
  const after = (await w.ctl('state')).logins;
  say(before === after, 'which the service does not answer by taking the session back', { before, after });
  await w.post('/connect');
  const back = await w.until('READY', 60000);
  say(back.ms !== null, 'and the operator takes it back', back.ms);
}

export async function secondTab(claims) {
  const { w, say } = claims;
  await w.until('READY', 60000);
  const loadedAt = await ask(w, 'performance.timeOrigin');
  const close = await anotherTab(w);
  const named = await w.until(({ reason }) => reason === 'CONFLICT', 40000);
  say(named.ms !== null && named.ms < 15000, 'opened in a second tab: named as a conflict', { state: named.state, reason: named.reason, ms: named.ms });
  const still = named.state === 'DISCONNECTED' || (await ask(w, 'performance.timeOrigin').catch(() => null)) === loadedAt;
  say(still, 'which is not answered by loading our page again', named.state);
  await close();
  await w.post('/connect');
  const back = await w.until('READY', 60000);
  say(back.ms !== null, 'and the operator takes it back', back.ms);
}

/** Refusals that unlink, with their attributes and the service's words for them. */
const UNLINKING = [
  ['401', {}, /LOGGED_OUT.*link/i],
  // The page clears itself after this as after 401, and gives no other reason.
  ['406', {}, /LOGGED_OUT.*link/i],
  [
    '403',
    { logout_message_header: 'Account locked', logout_message_subtext: 'Write to support', logout_message_locale: 'en' },
    /ACCOUNT_BLOCKED.*Account locked Write to support/,
  ],
];

export async function unlinked(claims) {
  const { w, say } = claims;
  for (const [reason, attrs, word] of UNLINKING) {
    await w.until('READY', 60000);
    await w.ctl('fail', { reason, attrs, now: 1 });
    const named = await w.until((s) => word.test(`${s.reason} ${s.detail}`), 30000);
    say(named.ms !== null, `login refused with ${reason}: named`, { state: named.state, reason: named.reason, detail: named.detail });
    await w.ctl('fail', {});
    const linked = await claims.link();
    say(linked.ms !== null, 'and a new link is READY', linked.ms);
  }
}

export async function logout(claims) {
  const { w, say } = claims;
  await w.until('READY', 60000);
  await w.ctl('unlink');
  const s = await w.until((x) => x.reason === 'LOGGED_OUT', 20000);
  say(s.ms !== null, 'unlinked by the phone: LOGGED_OUT', s);
}

export async function operatorLogout(claims) {
  const { w, say } = claims;
  if ((await w.status()).state !== 'READY') {
    const linked = await claims.link();
    say(linked.ms !== null, 'linked again: READY', linked.ms);
  }
  const { status, body } = await w.post('/logout', {});
  say(status === 200 && body.state === 'DISCONNECTED', 'POST /logout: 200', { status, state: body.state });
  const { linked: device } = await w.ctl('state');
  say(device.unlinked, 'and the phone lists the device no more', device);
}

/** The phone does not receive the logout. */
export async function deafPhone(claims) {
  const { w, say } = claims;
  if ((await w.status()).state !== 'READY') await claims.link();
  await w.ctl('hold', { iq: 'md/remove-companion-device' });
  const { status, body } = await w.post('/logout', {});
  await w.ctl('hold', {});
  const { linked } = await w.ctl('state');
  say(!linked.unlinked && body.phone_still_lists_device === true, 'POST /logout that does not reach the phone says that the phone still lists the device', { status, body });
}
