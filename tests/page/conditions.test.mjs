// The page under rare conditions: every state and reason, no stream, a wrong clock.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { accessible } from './axe.mjs';
import { START_MS, SUITE_MS, World, screenshot, until } from './world.mjs';

const WORDS = Object.fromEntries(['es', 'en'].map((name) =>
  [name, JSON.parse(readFileSync(new URL(`../../src/http/page/${name}.json`, import.meta.url)))]));
const STATES = ['INIT', 'QR_REQUIRED', 'AUTHENTICATED', 'READY', 'RECONNECTING', 'DISCONNECTED', 'ERROR'];
const REASONS = Object.keys(WORDS.es).filter((key) => key.startsWith('reason.')).map((key) => key.slice('reason.'.length));

describe('the page', { timeout: SUITE_MS }, () => {
  let world;
  let real;

  before(async () => {
    world = await World.start({ env: { AUTO_CONNECT: 'false' } });
    real = await world.api('/status');
  }, { timeout: START_MS });

  after(() => world?.stop(), { timeout: START_MS });

  /** A page whose `/status` contains the given values. */
  async function told(status, options) {
    const page = await world.look({
      ...options,
      prepare: (opened) => opened.route('**/status', async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, json: { ...real, ...status } });
      }),
    });
    await page.locator('#board').waitFor();
    return page;
  }

  for (const [language, locale, dark, mobile] of [['es', 'es-ES', true, true], ['en', 'en-US', false, false]]) {
    it(`says in words what each state and each reason means, in ${language}`, async () => {
      const status = { account: { phone: '5491150000001', pushname: 'Ana', platform: 'android', lid: null } };
      const page = await told(status, { locale, dark, mobile });
      const shows = async (state, reason, sentence) => {
        Object.assign(status, { state, status: state, reason, detail: 'What the service says itself.' });
        await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
        await page.getByRole('heading', { name: WORDS[language][`state.${state}.title`], exact: true }).waitFor();
        await page.getByText(sentence, { exact: true }).first().waitFor();
      };
      for (const state of STATES) {
        // Only a start that waits for room on a disk is an error without a reason.
        const next = state === 'ERROR' ? 'start' : 'next';
        await shows(state, null, WORDS[language][`state.${state}.${next}`]);
        if (language === 'es') await screenshot(page, `state-${state.toLowerCase()}-mobile-dark`);
        // The tests of a real session check the other theme.
        if (language === 'es') await accessible(page, state);
      }
      for (const reason of REASONS) await shows('ERROR', reason, WORDS[language][`reason.${reason}`]);
      await shows('ERROR', 'BROWSER_CRASHED', WORDS[language]['state.ERROR.next']);
      await shows('ERROR', 'BROWSER_NOT_FOUND', WORDS[language]['state.ERROR.permanent']);
      await screenshot(page, `error-${mobile ? 'mobile' : 'desktop'}-${dark ? 'dark' : 'light'}`);
      await accessible(page, 'a reason');
      await world.leave(page);
    });
  }

  it("names WhatsApp's limits and slow targets", async () => {
    const until = '2030-08-01T12:00:00.000Z';
    const target = {
      target: 'webhook-slow', address: 'http://slow.example', backlog: 0, oldest_at: null, failing_since: null, last_error: null,
      next_attempt_at: null, dead_letters: 0, delivered: 7, failed_attempts: 3, timeouts: 3, given_up: 0,
    };
    const page = await told({
      state: 'READY', status: 'READY', deliveries: [target],
      limits: { new_chats: { status: 'CAPPED', used: 200, quota: 200, until }, timelock: null, ban: null },
    }, { locale: 'en-GB' });
    await page.getByText(/^No new chats can be begun \(200 of 200\) until /).waitFor();
    await page.getByText('Up to date · slow: 3 attempts not answered in time').waitFor();
    await accessible(page, 'limits');
    await world.leave(page);
  });

  it('fits a screen', async () => {
    for (const mobile of [false, true]) {
      const page = await told({}, { mobile });
      const { wide, high } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth - innerWidth,
        high: document.documentElement.scrollHeight - innerHeight,
      }));
      assert.ok(wide <= 0, 'nothing is cut at the side');
      if (!mobile) assert.ok(high <= 0, 'nothing is below the fold');
      await world.leave(page);
    }
  });

  it('works without the stream', async () => {
    const page = await world.look({
      prepare: (opened) => opened.route('**/events', (route) => route.fulfill({
        status: 503, headers: { 'retry-after': '15' }, json: { code: 'TOO_MANY_CLIENTS', message: 'Too many.' },
      })),
    });
    await page.getByText('Sin aviso en vivo').waitFor();
    await page.getByRole('heading', { name: 'Desconectado', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Conectar', exact: true }).click();
    await page.getByRole('img', { name: /^Código QR/ }).waitFor();
    assert.ok(page.asked.filter((url) => url.endsWith('/events')).length <= 2, 'and does not hammer at it');
    await world.api('/disconnect', { method: 'POST', body: {} });
    await page.getByRole('heading', { name: 'Desconectado', exact: true }).waitFor();
    await world.leave(page);
  });

  it('says why it is refused a status', async () => {
    const page = await world.look({
      prepare: (opened) => opened.route('**/status', (route) => route.fulfill({
        status: 403, json: { code: 'HOST_NOT_ALLOWED', message: 'Without API_TOKEN the service answers to localhost only.' },
      })),
    });
    await page.locator('#why').filter({ hasText: 'Sin API_TOKEN el servicio solo responde en localhost.' }).waitFor();
    await world.leave(page);
  });

  it('counts down by the clock of the service', async () => {
    const now = Date.now();
    const status = {
      state: 'QR_REQUIRED', status: 'QR_REQUIRED', needs_qr: true, qr_code_base64: 'data:image/gif;base64,R0lGODlhAQABAAAAACw=',
      qr: { attempt: 3, generated_at: new Date(now - 10_000).toISOString(), expires_at: new Date(now + 50_000).toISOString() },
    };
    for (const skew of [-3 * 3_600_000, 3 * 3_600_000]) {
      const skewed = await world.look({
        prepare: async (opened) => {
          await opened.addInitScript((by) => {
            const Real = Date;
            globalThis.Date = class extends Real {
              constructor(...values) { super(...(values.length ? values : [Real.now() + by])); }
              static now() { return Real.now() + by; }
            };
          }, skew);
          await opened.route('**/status', async (route) => {
            const answer = await route.fetch();
            await route.fulfill({ response: answer, json: { ...real, ...status } });
          });
        },
      });
      await skewed.getByRole('timer').waitFor();
      const said = await skewed.getByRole('timer').textContent();
      const seconds = Number(/cambia en (\d+) s/.exec(said)?.[1]);
      const expected = (now + 50_000 - Date.now()) / 1000;
      assert.ok(Math.abs(seconds - expected) <= 2, `${said}, of ${expected}`);
      await world.leave(skewed);
    }
  });

  it('reads the tail of a log however long it is', async () => {
    const item = (cursor) => ({
      cursor: String(cursor), id: `m${cursor}`, direction: 'in', chat_id: '1@c.us', phone: '5491122334455', author: null, name: null,
      type: 'chat', body: `mensaje ${cursor}`, timestamp: real.since, ack: 1, edited_at: null, revoked_at: null,
    });
    // Every seventh place has a message; acks and codes have the other places.
    const places = Array.from({ length: 20_000 }, (_, index) => (index + 1) * 7);
    const asked = [];
    const page = await world.look({
      prepare: (opened) => opened.route('**/messages?*', (route) => {
        const query = new URL(route.request().url()).searchParams;
        asked.push(query.toString());
        const end = query.get('before') === 'latest' ? Infinity : Number(query.get('before'));
        const items = places.filter((place) => place < end).slice(-Number(query.get('limit')));
        return route.fulfill({ json: { ok: true, items: items.map(item), next: String(places.at(-1)), previous: String(items[0]) } });
      }),
    });
    await page.getByRole('button', { name: 'Mostrar contenido' }).click();
    await until('the newest message first', async () =>
      (await page.locator('#messages li').first().textContent()).includes(`mensaje ${places.at(-1)}`));
    assert.equal(await page.locator('#messages li').count(), 20);
    assert.deepEqual([...new Set(asked)], ['before=latest&limit=20']);
    await world.leave(page);
  });
});
