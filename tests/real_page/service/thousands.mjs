// Claims about absences in which thousands of messages arrived: at the start, and on an open page.
import { ask } from './page.mjs';
import { sleep } from '../world.mjs';

const COUNT = Number(process.env.THOUSANDS ?? 5000);
const CHATS = 20;
/** The page handles 50 to 60 messages a second here. */
const PATIENCE_MS = 300_000;

/** Whether each chat's messages are all there, once and in order. */
function whole(items, prefix) {
  const mine = items.filter(({ body }) => body.startsWith(`${prefix} `));
  const numbers = mine.map(({ body }) => Number(body.split(' ').at(-1)));
  const byChat = new Map();
  for (const entry of mine) {
    if (!byChat.has(entry.chat_id)) byChat.set(entry.chat_id, []);
    byChat.get(entry.chat_id).push(entry);
  }
  const inOrder = [...byChat.values()].every((entries) => {
    const order = entries.map(({ body }) => Number(body.split(' ').at(-1)));
    return order.every((n, at) => at === 0 || order[at - 1] < n);
  });
  const all = new Set(numbers).size === COUNT;
  return { all, once: numbers.length === new Set(numbers).size, inOrder, recovered: mine.every((entry) => entry.recovered) };
}

async function arrived(claims, prefix, began) {
  const { w, say } = claims;
  let items = [];
  let progress = null;
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    items = await claims.all();
    if (items.filter(({ body }) => body.startsWith(`${prefix} `)).length >= COUNT) break;
    progress = (await w.get('/status')).progress ?? progress;
    await sleep(1000);
  }
  const seen = whole(items, prefix);
  const seconds = Math.round((Date.now() - began) / 1000);
  const what = prefix === 'closed' ? 'while the service was down' : 'while the line was lost';
  say(seen.all && seen.once && seen.inOrder && seen.recovered, `${COUNT} messages ${what}: all, once, in order, recovered`, {
    ...seen,
    seconds,
  });
  say(progress !== null, 'and /status says meanwhile how far it is', progress);
  const ready = await w.until('READY', 60000);
  say(ready.ms !== null, 'and READY');
}

export async function thousands(claims) {
  const { w, say } = claims;
  await w.halt();
  await w.ctl('burst', { n: COUNT, prefix: 'closed', chats: CHATS });
  let began = Date.now();
  await w.service();
  await arrived(claims, 'closed', began);

  const crashed = await claims.crashes();
  const loadedAt = await ask(w, 'performance.timeOrigin');
  await w.ctl('refuse', { on: 1 });
  await w.ctl('drop');
  await w.until(({ state }) => state !== 'READY', 20000);
  await w.ctl('burst', { n: COUNT, prefix: 'open', chats: CHATS });
  began = Date.now();
  await w.ctl('refuse', { on: 0 });
  await arrived(claims, 'open', began);
  const reloaded = (await ask(w, 'performance.timeOrigin')) !== loadedAt;
  say(reloaded && (await claims.crashes()) === crashed, 'for which the page loaded itself anew, and that is counted as no crash', { reloaded });
}
