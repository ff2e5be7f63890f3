// Claims about being online.
import { FRIEND } from './claims.mjs';

/** Nobody has written to this number, or from it. */
const STRANGER = '5491133330177';

/** The states that `/events` tells of from now on, and a function that ends it. */
async function follow(w) {
  const stop = new AbortController();
  const answer = await fetch(`http://127.0.0.1:${w.port}/events?events=presence`, { signal: stop.signal });
  const states = [];
  const read = async () => {
    let text = '';
    for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
      const lines = (text + part).split('\n');
      text = lines.pop();
      for (const line of lines) if (line.startsWith('data: ')) states.push(JSON.parse(line.slice(6)).data.state);
    }
  };
  read().catch(() => {});
  return { states, end: () => stop.abort() };
}

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
  const stranger = await w.get(`/contacts/${STRANGER}/presence`);
  const chats = (await w.get('/chats')).items.map(({ phone }) => phone);
  say(/@lid$/.test(stranger.lid) && chats.length > 0 && !chats.includes(STRANGER), 'so is somebody by a number that is new, without a chat', [stranger.code ?? null, chats.length]);
  const events = await follow(w);
  for (const [change, state] of [[{}, 'available'], [{ chat: 'composing' }, 'typing'], [{ type: 'unavailable', last: '1700000000' }, 'unavailable']]) {
    await w.ctl('presence', { of: FRIEND, ...change });
    const told = await claims.until(async () => (await w.get(path)).state === state && w.get(path), 6000);
    say(told, `${state} is told`, told?.last_seen ?? undefined);
    // Changes that come closely one after the other are one event.
    await claims.until(async () => events.states.at(-1) === state, 6000);
  }
  const wanted = ['available', 'typing', 'unavailable'];
  say(JSON.stringify(events.states) === JSON.stringify(wanted), 'each is an event', events.states);
  const followed = (await w.ctl('state')).subscriptions.length;
  await w.ctl('drop');
  const again = await claims.until(async () => {
    const now = await w.ctl('state');
    return now.subscriptions.length > followed && now.presences.at(-1) === 'available';
  }, 30000);
  say(again, 'and both are renewed after the line was lost');
  await w.ctl('presence', { of: FRIEND });
  const told = await claims.until(async () => events.states.at(-1) === 'available', 6000);
  say(told, 'and so are the events', events.states.slice(wanted.length));
  events.end();
  await w.halt();
  await w.service();
  await w.until('READY', 60000);
}
