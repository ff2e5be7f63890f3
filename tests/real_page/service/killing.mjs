// Claims of a send in whose midst the service, the browser or the page's process is killed: one message, in the end.
import { browser, renderers } from './page.mjs';

/** Where a send is when the blow falls: what the server keeps the page waiting for, and how that is seen. */
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
    strike: async (w) => {
      w.sm.kill('SIGKILL');
      await w.gone;
      w.sm = null;
    },
    mend: (w) => w.service(),
  },
  { name: 'browser', strike: async (w) => process.kill(browser(w), 'SIGKILL'), mend: async () => {} },
  {
    name: "page's process",
    strike: async (w) => renderers(w).forEach((pid) => process.kill(pid, 'SIGKILL')),
    mend: async () => {},
  },
];

/** No number is used twice: the first message to somebody asks the server for more than later ones do. */
let last = 5491170000000;
const stranger = () => String((last += 1));

async function blow(claims, victim, step) {
  const { w, say } = claims;
  const what = `${victim.name} killed ${step.name}`;
  const message = { number: stranger(), message: `to be sent once: ${what}`, idempotency_key: what };
  const from = (await w.ctl('state')).iqs.length;
  await step.begin(w);
  const first = w.post('/send', message).catch(() => null);
  const there = await claims.until(() => step.isThere(w, from, claims, message.message), 15000);
  if (!there) say(false, `${what}: the send did not come that far`);
  const logins = (await w.ctl('state')).logins;
  await victim.strike(w);
  await step.end(w);
  await victim.mend(w);
  const back = await claims.until(async () => (await w.ctl('state')).logins > logins && (await w.status()).state === 'READY', 90000);
  say(back, `${what}: READY again by itself`);
  const answer = await first;
  // Nobody's own doing but the retry's, where the number was not even known.
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
  for (const step of STEPS) for (const victim of VICTIMS) await blow(claims, victim, step);
}
