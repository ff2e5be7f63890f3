// whatsapp-web.js, as published, links to the simulator, sends and receives. What it says is compared with what the
// simulator has seen.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import whatsapp from 'whatsapp-web.js';
import { executablePath, flags } from './chromium.mjs';
import { EventLog } from './events.mjs';
import { Simulator } from './simulator.mjs';

/** Code after 3 s, and 12 s to scan it. */
const TIME_SCALE = 0.2;
/** Longest wait for one thing to happen: a loaded machine of CI needs seconds where this one needs tenths. */
const DEADLINE_MS = 15_000;
const START_MS = 30_000;

const EVENTS = ['qr', 'authenticated', 'auth_failure', 'ready', 'message', 'message_ack', 'disconnected'];
const FRIEND = '5491122334455';
const STRANGER = '5491166778899';
const NOBODY = '5491100000000';

/** Deleted when this process ends, also on Ctrl-C. */
function temporaryDirectory() {
  const directory = mkdtempSync(join(tmpdir(), 'conformance-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

describe('whatsapp-web.js', () => {
  let directory;
  let simulator;
  let client;
  let events;

  before(async () => {
    directory = temporaryDirectory();
    simulator = await Simulator.start({ timeScale: TIME_SCALE });
    client = new whatsapp.Client({
      authStrategy: new whatsapp.LocalAuth({ dataPath: join(directory, 'login') }),
      webVersionCache: { type: 'local', path: join(directory, 'versions') },
      puppeteer: {
        executablePath: executablePath(),
        args: flags(simulator),
        // Over a pipe the browser ends by itself when this process is killed.
        pipe: true,
        env: { ...process.env, TMPDIR: directory },
      },
    });
    events = new EventLog(client, EVENTS);
    await client.initialize();
  }, { timeout: START_MS });

  after(async () => {
    try {
      await client?.destroy();
    } finally {
      client?.pupBrowser?.process()?.kill('SIGKILL');
      await simulator?.stop();
    }
  }, { timeout: START_MS });

  it('loads the page as a browser that nobody drives', async () => {
    const reported = ({ pages }) => pages[0]?.webdriver != null;
    const { pages } = await simulator.recordWhen('word of the page', reported, DEADLINE_MS);
    assert.equal(pages.length, 1);
    assert.equal(pages[0].address, '/');
    assert.equal(pages[0].refused, false);
    assert.equal(pages[0].webdriver, false);
    assert.equal(await client.getWWebVersion(), (await simulator.state()).page.version);
  });

  it('gives the code that the page shows', async () => {
    // The library does not wait for the first ref: before it, its codes begin with "undefined".
    const [qr] = await events.first('qr', DEADLINE_MS, (code) => !code.startsWith('undefined,'));
    assert.equal(qr, (await simulator.state()).code);
    assert.equal((await simulator.record()).refs, 1);
  });

  it('is ready once its code is scanned', async () => {
    const { code, phone } = await simulator.state();
    const { device } = await simulator.control('scan', { code });
    await events.first('authenticated', DEADLINE_MS);
    await events.first('ready', DEADLINE_MS);

    assert.equal(client.info.wid._serialized, `${phone}@c.us`);
    assert.equal(await client.getState(), 'CONNECTED');
    const { links, devices } = await simulator.record();
    assert.deepEqual(links.map((link) => [link.device, link.way, link.refused]), [[device, 'scan', false]]);
    assert.deepEqual(devices, [{ device, phone, online: true, queued: 0 }]);
  });

  it('does not find numbers that are not there, nor opens chats of numbers it has not asked for', async () => {
    assert.ok(client.info, 'the client is not ready');
    await simulator.control('person', { number: STRANGER });
    // The complaint of many who use the library with the real page.
    await assert.rejects(client.sendMessage(`${STRANGER}@c.us`, 'lost'), /No LID for user/);
    assert.equal(await client.getNumberId(NOBODY), null);
    assert.deepEqual((await simulator.record()).received, []);
  });

  it('sends a message once, and hears of its delivery', async () => {
    assert.ok(client.info, 'the client is not ready');
    const { lid } = await simulator.control('person', { number: FRIEND });
    const wid = await client.getNumberId(FRIEND);
    assert.equal(wid._serialized, lid);
    const sent = await client.sendMessage(wid._serialized, 'hello from the library');

    const delivered = ({ received }) => received[0]?.ack === 2;
    const { received, seen } = await simulator.recordWhen('delivery', delivered, DEADLINE_MS);
    assert.equal(received.length, 1);
    const [message] = received;
    assert.equal(message.count, 1);
    assert.equal(message.body, 'hello from the library');
    assert.equal(message.type, 'chat');
    assert.deepEqual([message.chat, message.phone], [lid, FRIEND]);
    assert.equal(message.key, sent.id._serialized);
    await events.first('message_ack', DEADLINE_MS, ({ id }, ack) => id._serialized === message.key && ack === 2);
    assert.deepEqual(seen, [lid]);
  });

  it('receives a message from whom it came', async () => {
    assert.ok(client.info, 'the client is not ready');
    const body = 'hello from the phone: ñandú 🙂';
    const { message: key } = await simulator.control('incoming', { from: FRIEND, body, name: 'A friend' });

    const [message] = await events.first('message', DEADLINE_MS, ({ id }) => id._serialized === key);
    const chats = await simulator.chats();
    const chat = chats.find(({ phone }) => phone === FRIEND);
    const written = chat.messages.at(-1);
    assert.equal(message.body, body);
    assert.deepEqual(
      { id: message.id.id, body: message.body, from: message.from, to: message.to, t: message.timestamp },
      { id: written.id, body: written.body, from: written.from, to: written.to, t: written.t },
    );
    const [{ pn, lid }] = await client.getContactLidAndPhone([message.from]);
    assert.deepEqual({ pn, lid }, { pn: `${FRIEND}@c.us`, lid: chat.chat });
    await simulator.recordWhen('confirmation', ({ devices }) => devices[0].queued === 0, DEADLINE_MS);
  });
});
