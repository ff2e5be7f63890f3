// A service with a token: without the token the page shows nothing, and the token is sent only to the service.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { accessible } from './axe.mjs';
import { START_MS, SUITE_MS, World, screenshot, until } from './world.mjs';

const TOKEN = 'a-token-of-some-length-0123456789';

describe('the page of a service with a token', { timeout: SUITE_MS }, () => {
  let world;
  let page;

  before(async () => {
    world = await World.start({ env: { API_TOKEN: TOKEN, AUTO_CONNECT: 'false' } });
    page = await world.look({ dark: true });
  }, { timeout: START_MS });

  after(() => world?.stop(), { timeout: START_MS });

  const field = (label = 'Token de la API') => page.getByLabel(label);

  it('asks for the token, and shows nothing before', async () => {
    await page.getByRole('heading', { name: 'Escriba el token' }).waitFor();
    assert.equal(await page.locator('#board').isVisible(), false);
    assert.equal(await page.evaluate(() => document.activeElement.id), 'token');
    await screenshot(page, 'token-desktop-dark');
    await accessible(page, 'the prompt');
    const phone = await world.look({ mobile: true, locale: 'en-GB' });
    await phone.getByRole('heading', { name: 'Enter the token' }).waitFor();
    await screenshot(phone, 'token-mobile-light');
    await accessible(phone, 'the prompt on a phone');
    await world.leave(phone);
  });

  it('says that a token is wrong, also one that no header can carry', async () => {
    for (const wrong of ['not-the-token', 'señal→']) {
      await field().fill(wrong);
      await page.keyboard.press('Enter');
      await page.getByRole('alert').filter({ hasText: 'Ese token no es correcto' }).waitFor();
      assert.equal(await field().getAttribute('aria-invalid'), 'true');
      assert.equal(await page.evaluate(() => sessionStorage.length), 0, 'a wrong token is not kept');
    }
    await screenshot(page, 'token-wrong-desktop-dark');
    await accessible(page, 'a wrong token');
  });

  it('takes the right one, follows the events with it, and keeps it for the tab', async () => {
    await field().fill(` ${TOKEN}\n`);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Desconectado', exact: true }).waitFor();
    await page.getByText('En vivo').waitFor();
    assert.equal(await field().inputValue(), '');
    await screenshot(page, 'disconnected-desktop-dark');
    await accessible(page, 'DISCONNECTED');
    await page.reload();
    await page.getByRole('heading', { name: 'Desconectado', exact: true }).waitFor();
    assert.deepEqual(await page.evaluate(() => [localStorage.length, document.cookie]), [0, '']);
    const other = await page.context().newPage();
    await other.goto(world.url);
    await other.getByRole('heading', { name: 'Escriba el token' }).waitFor();
    await other.close();
  });

  it('changes language and stays where it is', async () => {
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Disconnected', exact: true }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
    await page.reload();
    await page.getByRole('heading', { name: 'Disconnected', exact: true }).waitFor();
  });

  it('forgets the token, and what it showed', async () => {
    await page.getByRole('button', { name: 'Forget the token' }).click();
    await page.getByRole('heading', { name: 'Enter the token' }).waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    assert.equal(await page.locator('#board').isVisible(), false);
  });

  it('shows nothing of what arrives after the token was forgotten', async () => {
    let underWay = 0;
    let deliver;
    const delivered = new Promise((resolve) => { deliver = resolve; });
    await page.route(/\/(status|messages\?.*)$/, async (route) => {
      const answer = await route.fetch();
      underWay += 1;
      await delivered;
      await route.fulfill({ response: answer }).catch((error) => {
        // The end of the routing below lets the last request pass by itself: its answer comes from the service then.
        if (!/already handled/.test(error.message)) throw error;
      });
    });
    await field('API token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await until('an answer under way', () => underWay > 0);
    await page.evaluate(() => {
      const board = document.getElementById('board');
      globalThis.shown = 0;
      new MutationObserver(() => { globalThis.shown += Number(!board.hidden); }).observe(board, { attributes: true });
      document.getElementById('lock').click();
    });
    deliver();
    // Waits until every answer was delivered, also one that the service gave after the token was forgotten.
    await page.unrouteAll({ behavior: 'wait' });
    await page.getByRole('heading', { name: 'Enter the token' }).waitFor();
    assert.equal(await page.evaluate(() => globalThis.shown), 0);
    assert.equal(await page.locator('#state').textContent(), '');
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  });

  it('never put the token into an address', () => {
    assert.ok(page.asked.length > 20);
    assert.deepEqual(page.asked.filter((url) => url.includes(TOKEN) || url.includes('not-the-token')), []);
  });

  it('serves its files, and nothing else, to who has no token', async () => {
    for (const [path, status] of [['/', 200], ['/qr.html', 200], ['/page/main.js', 200], ['/page/none.js', 404], ['/status', 401], ['/events', 401], ['/messages', 401]]) {
      assert.equal((await fetch(`${world.url}${path}`)).status, status, path);
    }
    const answer = await fetch(world.url);
    const policy = answer.headers.get('content-security-policy');
    for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'none'"]) assert.ok(policy.includes(rule), rule);
    assert.ok(!policy.includes('unsafe'));
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  });
});
