// Claims about being online.
import { FRIEND } from './claims.mjs';

export async function presence(claims) {
  const { w, say } = claims;
  const off = await fetch(`http://127.0.0.1:${w.port}/contacts/${FRIEND}/presence`);
  const { subscriptions: before } = await w.ctl('state');
  say(off.status === 409 && (await off.json()).code === 'PRESENCE_OFF' && before.length === 0, 'without PRESENCE nobody is followed: 409', off.status);
  await w.halt();
  await w.service({ PRESENCE: 'available' });
  await w.until('READY', 60000);
  const shown = await claims.until(async () => (await w.ctl('state')).presences.at(-1) === 'available', 10000);
  say(shown, 'with PRESENCE=available the account is shown as online');
  const path = `/contacts/${FRIEND}/presence`;
  const first = await w.get(path);
  const { subscriptions } = await w.ctl('state');
  say(first.state === null && subscriptions.length === 1 && /@lid$/.test(subscriptions[0]), 'a person is followed, by LID', [first.state, subscriptions.length]);
  for (const [change, state] of [[{}, 'available'], [{ chat: 'composing' }, 'typing'], [{ type: 'unavailable', last: '1700000000' }, 'unavailable']]) {
    await w.ctl('presence', { of: FRIEND, ...change });
    const told = await claims.until(async () => (await w.get(path)).state === state && w.get(path), 6000);
    say(told, `${state} is told`, told?.last_seen ?? undefined);
  }
  await w.ctl('drop');
  const again = await claims.until(async () => {
    const now = await w.ctl('state');
    return now.subscriptions.length > 1 && now.presences.at(-1) === 'available';
  }, 30000);
  say(again, 'and both are renewed after the line was lost');
  await w.halt();
  await w.service();
  await w.until('READY', 60000);
}
