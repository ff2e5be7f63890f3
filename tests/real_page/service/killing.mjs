// Claims about sends during which the service, the browser or the page's process is killed: each message arrives once.
import { browser, renderers } from './page.mjs';

/** How far a send is when a process is killed: the request that the server does not answer, and how a test sees it. */
const STEPS = [
  {
    name: 'before the number is known',
    begin: (w) => w.ctl('hold', { iq: 'usync/' }),
    isThere: async (w, from) => (await w.ctl('state')).iqs.slice(from).some((iq) => iq.startsWith('usync/')),
    end: (w) => w.ctl('hold', {}),
  },
  {
    name: 'before it leaves',
    begin: (w) => w.ctl('hold', { iq: 'encrypt/key' }),
    isThere: async (w, from) => (await w.ctl('state')).iqs.slice(from).includes('encrypt/get/key'),
    end: (w) => w.ctl('hold', {}),
  },
  {
    name: 'before it is acknowledged',
    begin: (w) => w.ctl('ack', { rule: 'silent' }),
    isThere: async (w, from, claims, text) => (await claims.ids(text)).length > 0,
    end: (w) => w.ctl('ack', { rule: 'ack' }),
  },
];

const VICTIMS = [
  {
    name: 'service',
    kill: async (w) => {
      w.sm.kill('SIGKILL');
      await w.gone;
      w.sm = null;
    },
    mend: (w) => w.service(),
  },
  { name: 'browser', kill: async (w) => process.kill(browser(w), 'SIGKILL'), mend: async () => {} },
  {
    name: "page's process",
    kill: async (w) => renderers(w).forEach((pid) => process.kill(pid, 'SIGKILL')),
    mend: async () => {},
  },
];

/** A new number each time: only for a first message does the page ask for the number and for keys. */
let last = 5491170000000;
const stranger = () => String((last += 1));

async function killDuring(claims, victim, step) {
  const { w, say } = claims;
  const what = `${victim.name} killed ${step.name}`;
  const message = { number: stranger(), message: `to be sent once: ${what}`, idempotency_key: what };
  const from = (await w.ctl('state')).iqs.length;
  await step.begin(w);
  const first = w.post('/send', message).catch(() => null);
  const there = await claims.until(() => step.isThere(w, from, claims, message.message), 15000);
  if (!there) say(false, `${what}: the send did not come that far`);
  const logins = (await w.ctl('state')).logins;
  await victim.kill(w);
  await step.end(w);
  await victim.mend(w);
  const back = await claims.until(async () => (await w.ctl('state')).logins > logins && (await w.status()).state === 'READY', 90000);
  say(back, `${what}: READY again by itself`);
  const answer = await first;
  // If the number was not known yet, nothing was dispatched: only the retry sends the message.
  if (step !== STEPS[0]) {
    const left = await claims.until(async () => (await claims.ids(message.message)).length > 0, 30000);
    say(left, `${what}: it leaves without anybody asking again`);
  }
  const again = await w.post('/send', message);
  const ids = await claims.ids(message.message);
  say(ids.length === 1 && again.status === 200, `${what}: asked again with its key, it is sent, once`, {
    first: answer && (answer.body?.code ?? answer.status),
    again: again.body?.code ?? again.status,
    ids: ids.length,
  });
}

export async function kills(claims) {
  await claims.w.until('READY', 60000);
  for (const step of STEPS) for (const victim of VICTIMS) await killDuring(claims, victim, step);
}
