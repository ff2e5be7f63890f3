// whatsapp-web.js: the codes, linking by scan and by number, who it says it is, and the ends of a link.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { temporaryFolder } from './folder.mjs';
import { START_MS, Simulator } from './simulator.mjs';
import { Client } from './whatsapp-web-js.mjs';

/** The library does not wait for the first ref: before it, its codes begin with "undefined". */
const isComplete = (code) => !code.startsWith('undefined,');

describe('whatsapp-web.js', () => {
  let simulator;
  let client;

  before(async () => {
    simulator = await Simulator.start();
    client = await new Client(simulator, temporaryFolder()).start();
  }, { timeout: START_MS });

  after(async () => {
    await client?.stop();
    await simulator?.stop();
  }, { timeout: START_MS });

  it('loads the page as a browser that nobody drives', async () => {
    const { pages } = await simulator.recordWhen('word of the page', ({ pages }) => pages[0]?.webdriver != null);
    assert.equal(pages.length, 1);
    assert.equal(pages[0].address, '/');
    assert.equal(pages[0].refused, false);
    assert.equal(pages[0].webdriver, false);
  });

  it('getWWebVersion', async () => {
    assert.equal(await client.library.getWWebVersion(), (await simulator.state()).page.version);
  });

  it('qr: the code that the page shows', async () => {
    const [qr] = await client.events.first('qr', isComplete);
    const { codes } = await simulator.record();
    assert.ok(codes.includes(qr), qr);
  });

  it('qr: a new one on every rotation', async () => {
    const already = (await simulator.record()).codes.length;
    const { codes } = await simulator.recordWhen('two more codes', (record) => record.codes.length >= already + 2);
    await client.events.first('qr', (code) => code === codes[already + 1]);
    const said = client.events.all('qr').map(([code]) => code).filter(isComplete);
    const shown = (await simulator.record()).codes;
    const first = shown.indexOf(said[0]);
    assert.deepEqual(said, shown.slice(first, first + said.length), 'each of them, in order');
    assert.equal(new Set(shown).size, shown.length);
  });

  it('code: linked by phone number', async () => {
    const { phone } = await simulator.state();
    assert.equal(await client.library.getState(), 'UNPAIRED');
    await client.library.requestPairingCode(phone);
    const [code] = await client.events.first('code');
    const { device } = await simulator.control('pairing-code', { code });
    const { links } = await simulator.record();
    assert.deepEqual(links.map((link) => [link.device, link.way]), [[device, 'pairing_code']]);
  });

  it('authenticated, ready', async () => {
    await client.events.first('authenticated');
    await client.events.first('ready');
    const { devices } = await simulator.recordWhen('the device', ({ devices }) => devices[0]?.online);
    assert.equal(devices.length, 1);
    assert.deepEqual(client.events.all('auth_failure'), []);
  });

  it('info.wid, getState', async () => {
    const { phone } = await simulator.state();
    assert.equal(client.library.info.wid._serialized, `${phone}@c.us`);
    assert.equal(await client.library.getState(), 'CONNECTED');
  });

  it('disconnected: unlinked by the phone, then a new code', async () => {
    const before = (await simulator.record()).codes.length;
    assert.deepEqual(await simulator.control('unlink'), { unlinked: 1 });
    const [reason] = await client.events.first('disconnected');
    assert.equal(reason, 'LOGOUT');
    const { logouts, codes, devices } = await simulator.recordWhen('a code', (record) => record.codes.length > before);
    assert.deepEqual(logouts.map(({ by }) => by), ['phone']);
    assert.deepEqual(devices, []);
    await client.events.first('qr', (qr) => codes.slice(before).includes(qr));
  });

  it('linked by a scan', async () => {
    const { device } = await simulator.scan();
    await simulator.recordWhen('the device', ({ devices }) => devices.some((linked) => linked.device === device && linked.online));
    await client.events.first('ready', () => client.events.all('ready').length > 1);
    const { links } = await simulator.record();
    assert.deepEqual(links.map(({ way }) => way), ['pairing_code', 'scan']);
    assert.equal(await client.library.getState(), 'CONNECTED');
  });

  it('logout: unlinks the device', async () => {
    await client.library.logout();
    const { logouts, devices } = await simulator.recordWhen('the logout', ({ logouts }) => logouts.length === 2);
    assert.equal(logouts[1].by, 'page');
    assert.deepEqual(devices, []);
  });
});
