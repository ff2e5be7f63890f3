// wa-js inside the page that our service drives: both must see the same code, and the same state.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { temporaryFolder } from './folder.mjs';
import { Service, scanned } from './service.mjs';
import { START_MS, Simulator } from './simulator.mjs';
import { inject } from './wa-js.mjs';

/* global WPP */

describe('wa-js', () => {
  let simulator;
  let service;
  let browser;
  let page;

  before(async () => {
    // Codes that live as long as the real ones: both are asked about the same one.
    simulator = await Simulator.start({ flags: ['--code-scale', '1'] });
    service = await Service.start(simulator, temporaryFolder());
    ({ browser, page } = await service.page());
    await simulator.recordWhen('a code', ({ codes }) => codes.length > 0);
    await inject(page);
    await page.waitForFunction('WPP.isFullReady');
  }, { timeout: START_MS });

  after(async () => {
    await browser?.disconnect();
    await service?.stop();
    await simulator?.stop();
  }, { timeout: START_MS });

  it('getAuthCode: what the service shows', async () => {
    const shown = scanned(await service.get('/qr.txt?wait=20'));
    const { fullCode } = await page.evaluate(() => WPP.conn.getAuthCode());
    const { codes } = await simulator.record();
    assert.deepEqual(codes, [shown]);
    // The library leaves the platform out, the fifth field of what the page and the service show.
    assert.equal(shown, `${fullCode},1`);
  });

  it('isAuthenticated: linked by what the service shows', async () => {
    assert.equal(await page.evaluate(() => WPP.conn.isAuthenticated()), false);
    const { device } = await simulator.control('scan', { code: scanned(await service.get('/qr.txt')) });
    await simulator.recordWhen('the device', ({ devices }) => devices[0]?.device === device && devices[0].online);
    await page.waitForFunction(() => WPP.conn.isAuthenticated());
    assert.equal((await service.get('/qr?wait=20')).state, 'READY');
    const { phone } = await simulator.state();
    assert.equal((await service.get('/status')).account.phone, phone);
    assert.equal(await page.evaluate(() => String(WPP.conn.getMyUserWid())), `${phone}@c.us`);
  });
});
