// The viewer of the API: Swagger UI within the policy of this service, and "Try it out" as anybody's request.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { START_MS, SUITE_MS, World, screenshot } from './world.mjs';

const TOKEN = 'a-token-of-some-length-0123456789';

describe('the viewer of the API', { timeout: SUITE_MS }, () => {
  let world;
  let page;

  const operation = (id) => page.locator(`[id="operations-${id}"]`);
  const violations = () => page.evaluate(() => globalThis.violations);

  /** Has an operation carried out, and returns what the viewer shows of the answer. */
  async function tried(id) {
    const shown = operation(id);
    if (await shown.locator('.execute').count() === 0) {
      await shown.locator('.opblock-summary-control').click();
      await shown.getByRole('button', { name: 'Try it out' }).click();
    }
    const [answer] = await Promise.all([
      page.waitForResponse((response) => !/\/docs/.test(response.url())), shown.getByRole('button', { name: 'Execute' }).click(),
    ]);
    const table = shown.locator('.live-responses-table');
    await table.locator('.response-col_status').filter({ hasText: String(answer.status()) }).first().waitFor();
    return { status: answer.status(), text: await table.textContent() };
  }

  before(async () => {
    world = await World.start({ env: { API_TOKEN: TOKEN, AUTO_CONNECT: 'false' } });
    page = await world.look({ path: '/docs', prepare: (where) => where.addInitScript(() => {
      globalThis.violations = [];
      document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
        globalThis.violations.push(`${violatedDirective} ${blockedURI} ${sample}`);
      });
    }) });
    await page.locator('.opblock').first().waitFor();
  }, { timeout: START_MS });

  after(() => world?.stop(), { timeout: START_MS });

  it('draws every operation of the document, and its texts as text', async () => {
    const document = await world.api('/openapi.json');
    const count = (section) => Object.values(document[section]).reduce((sum, item) => sum + Object.keys(item).length, 0);
    assert.equal(await page.locator('.opblock').count(), count('paths') + count('webhooks'));
    const send = operation('messages-send');
    await send.locator('.opblock-summary-control').press('Enter');
    await send.locator('.markdown code').filter({ hasText: 'SEND_TIMEOUT' }).first().waitFor();
    await screenshot(page, 'api-desktop-light');
    await send.locator('.opblock-summary-control').press('Enter');
    await page.locator('section.models h4 button').click();
    await page.locator('section.models').getByText('SendRequest', { exact: true }).first().waitFor();
  });

  it('is refused without the token, and answered with it', async () => {
    assert.equal((await tried('session-status')).status, 401);
    await page.getByRole('button', { name: 'Authorize' }).click();
    const dialog = page.locator('.modal-ux');
    await dialog.locator('input').first().fill(TOKEN);
    await dialog.getByRole('button', { name: 'Apply credentials' }).first().click();
    await dialog.getByRole('button', { name: 'Close' }).first().click();
    const { status, text } = await tried('session-status');
    assert.equal(status, 200);
    assert.match(text, /DISCONNECTED/);
    assert.deepEqual(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [0, 0, '']);
  });

  it('changes something from this service, and another origin cannot', async () => {
    assert.equal((await tried('session-disconnect')).status, 200);
    const other = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>other')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const elsewhere = await page.context().newPage();
    await elsewhere.goto(`http://127.0.0.1:${other.address().port}/`);
    const refused = page.context().waitForEvent('response', (response) => response.url() === `${world.url}/disconnect`);
    await elsewhere.evaluate((url) => fetch(url, { method: 'POST', mode: 'no-cors', body: '{}' }).catch(() => {}), `${world.url}/disconnect`);
    assert.ok([401, 403].includes((await refused).status()));
    const answer = await fetch(`${world.url}/disconnect`, {
      method: 'POST', headers: { origin: 'http://elsewhere.example', authorization: `Bearer ${TOKEN}` },
    });
    assert.deepEqual([answer.status, (await answer.json()).code], [403, 'ORIGIN_NOT_ALLOWED']);
    await elsewhere.close();
    other.close();
  });

  it('asked nobody else for anything, and broke no rule of its policy', async () => {
    assert.deepEqual(await violations(), []);
    assert.deepEqual(page.asked.filter((url) => !url.startsWith(world.url) && !url.startsWith('data:')), []);
    assert.deepEqual(page.asked.filter((url) => url.includes(TOKEN)), []);
    assert.deepEqual(page.complaints.filter((text) => !/Failed to load resource/.test(text)), []);
    const policy = (await fetch(`${world.url}/docs`)).headers.get('content-security-policy');
    assert.match(policy, /require-trusted-types-for 'script'; trusted-types 'none'/);
  });
});
