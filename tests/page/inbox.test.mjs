// The inbox: chats, a conversation with everything that is in it, and a test message; nothing is marked as read by looking.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { accessible } from './axe.mjs';
import { FRIEND, START_MS, SUITE_MS, World, difference, screenshot, until } from './world.mjs';

const TOKEN = 'a-token-of-some-length-0123456789';
const EVIL = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
const OTHER = '5491166667777';
const GROUP = '120363000000000001@g.us';

const sample = (name) => readFileSync(new URL(`samples/${name}`, import.meta.url)).toString('base64');

describe('the inbox', { timeout: SUITE_MS }, () => {
  let world;
  let page;
  let phone;

  const button = (name, where = page) => where.getByRole('button', { name, exact: true });
  const bubble = (text, where = page) => where.locator('#talk > li').filter({ hasText: text });
  const chat = (text, where = page) => where.locator('#chats button').filter({ hasText: text });
  const id = async (control, body) => (await world.control(control, body)).message;
  const focused = (where = page) => where.evaluate(() => document.activeElement.id);

  async function enter(where) {
    await where.locator('#token').fill(TOKEN);
    await where.keyboard.press('Enter');
  }

  before(async () => {
    world = await World.start({ env: { API_TOKEN: TOKEN } });
    page = await world.look({ path: '/' });
    await enter(page);
    await until('code', async () => (await world.api('/qr', { token: TOKEN })).status === 'QR_AVAILABLE');
    await world.control('scan');
    await page.getByRole('heading', { name: 'Conectado', exact: true }).waitFor();
    const first = await id('incoming', { from: FRIEND, body: '¿Me mandás el presupuesto?', name: 'Ana Paz' });
    await world.control('media', { from: FRIEND, kind: 'image', bytes: sample('photo.jpg'), thumbnail: sample('thumbnail.jpg'), width: 960, height: 720, caption: 'así quedó la cocina' });
    await world.control('incoming', { from: FRIEND, name: 'Ana Paz', type: 'location', body: '', fields: { lat: -34.6037, lng: -58.3816, loc: 'Obelisco\nAv. 9 de Julio' } });
    await world.control('incoming', { from: FRIEND, name: 'Ana Paz', body: 'es para el lunes', fields: { quotedStanzaID: first.split('_')[2] } });
    await id('incoming', { from: FRIEND, body: 'con error', name: 'Ana Paz' });
    await world.control('edit', { message: 'last', body: 'a las 9 está bien' });
    await id('incoming', { from: FRIEND, body: 'esto se borra', name: 'Ana Paz' });
    await world.control('revoke', { message: 'last' });
    // In the same second, so that the order of these chats is always the same.
    const t = Math.floor(Date.now() / 1000);
    await world.control('incoming', { from: OTHER, body: '¿Abren mañana?', name: 'Luis Vera', t });
    await world.control('incoming', { from: OTHER, group: GROUP, body: 'hola a todos', name: 'Beto', t });
    await until('the log', async () => (await world.api('/messages?before=latest', { token: TOKEN })).items.length >= 8);
  }, { timeout: START_MS });

  after(() => world?.stop(), { timeout: START_MS });

  it('lists the chats, with names and words only for who asks', async () => {
    await button('Chats').press('Enter');
    await page.locator('#chats button').nth(2).waitFor();
    const masked = await page.locator('#inbox').innerHTML();
    for (const hidden of ['Ana', 'presupuesto', FRIEND, 'Luis']) assert.ok(!masked.includes(hidden), hidden);
    await accessible(page, 'the masked chats');
    await button('Mostrar contenido').click();
    await chat('Ana Paz').waitFor();
    assert.match(await chat('grupo').textContent(), /Grupo …0001/);
  });

  it('opens a conversation by the keyboard, with everything that is in it', async () => {
    await page.locator('#chats button').first().focus();
    for (let n = 0; n < 4 && !(await page.evaluate(() => document.activeElement.textContent)).includes('Ana Paz'); n += 1) {
      await page.keyboard.press('ArrowDown');
    }
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Ana Paz', exact: true }).waitFor();
    await bubble('es para el lunes').first().waitFor();
    assert.match(await bubble('es para el lunes').locator('.quote').textContent(), /presupuesto/);
    assert.match(await bubble('Obelisco').textContent(), /Av\. 9 de Julio.*-34\.6037, -58\.3816/s);
    assert.match(await bubble('a las 9 está bien').textContent(), /editado/);
    assert.equal(await bubble('Mensaje eliminado').count(), 1);
    assert.equal(await bubble('esto se borra').count(), 0);
    const picture = bubble('así quedó la cocina');
    await picture.locator('img.thumbnail').waitFor();
    await button('Ver la foto', picture).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Foto' });
    await until('the whole picture', () => dialog.locator('img').evaluate((img) => img.complete && img.naturalWidth === 960));
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await page.locator('#talk').waitFor();
  });

  it('shows reactions, votes and edits as they come', async () => {
    const message = await id('incoming', { from: FRIEND, name: 'Ana Paz', body: '¿Café?', type: 'poll_creation', fields: {
      pollName: '¿Café?', pollOptions: [{ name: 'Sí', localId: 0 }, { name: 'No', localId: 1 }], pollSelectableOptionsCount: 1,
    } });
    await bubble('¿Café?').locator('li', { hasText: 'Sí' }).first().waitFor();
    await world.control('reaction', { message, from: FRIEND, emoji: '❤' });
    await bubble('¿Café?').locator('.reactions', { hasText: '❤' }).waitFor();
    await world.control('vote', { message, from: FRIEND, options: ['Sí'] });
    await bubble('¿Café?').locator('.poll .count', { hasText: '1' }).waitFor();
  });

  it('sends a reply with a file, once, and shows how far it came', async () => {
    await button('Responder a: es para el lunes').press('Enter');
    assert.equal(await focused(), 'write-text');
    await page.locator('#write-quote', { hasText: 'Ana Paz: es para el lunes' }).waitFor();
    await page.keyboard.type('acá va');
    await page.locator('#write-file').setInputFiles({ name: 'presupuesto.txt', mimeType: 'text/plain', buffer: Buffer.from('mil pesos') });
    await accessible(page, 'the box');
    const asked = [];
    page.on('request', (request) => request.url().endsWith('/send') && asked.push(request.postDataJSON()));
    // The answer is lost on the way: pressed again, the message is not sent a second time.
    await page.route('**/send', async (route) => {
      await route.fetch();
      await route.abort();
    }, { times: 1 });
    await page.locator('#write-text').press('Enter');
    await page.locator('#write-problem').filter({ hasText: 'no se sabe si el pedido llegó' }).waitFor();
    await button('Enviar').click();
    await page.locator('#write-result').filter({ hasText: 'Enviado.' }).waitFor();
    const sent = bubble('acá va');
    await sent.locator('.ticks', { hasText: '✓' }).waitFor();
    await sent.locator('.quote', { hasText: 'es para el lunes' }).waitFor();
    assert.equal((await world.record()).received.filter(({ fields }) => fields.caption === 'acá va').length, 1);
    assert.equal(asked.length, 2);
    assert.match(asked[0].reply_to, /^false_/);
    assert.deepEqual(asked[0], asked[1]);
    assert.equal(page.asked.filter((url) => /\/media\?filename=/.test(url)).length, 1, 'the bytes are brought once');
    assert.equal(await page.locator('#write-text').inputValue(), '');
    assert.equal(await page.locator('#write-reply').isVisible(), false);
    await world.control('ack', { message: 'last', ack: 3 }).catch(() => {});
    await page.locator('#write-text').fill('mañana te confirmo');
    await page.locator('#write-text').press('Enter');
    await bubble('mañana te confirmo').locator('.ticks', { hasText: '✓' }).waitFor();
    await accessible(page, 'the conversation');
    await until('the end of the list', () => page.locator('#talk').evaluate((list) => list.scrollHeight - list.scrollTop - list.clientHeight < 2));
    await page.evaluate(() => document.activeElement.blur());
    // The list says what it is when it has caught up, and the chat of the last message is its first.
    const { items } = await world.api('/chats?refresh=true', { token: TOKEN });
    const unread = items.map(({ unread: count }) => String(count)).sort().join();
    await until('the list of chats', async () => (await page.locator('#chats .unread').allTextContents()).sort().join() === unread);
    await page.locator('#chats li').first().filter({ hasText: 'Ana Paz' }).waitFor();
    await page.setViewportSize({ width: 1100, height: 900 });
    const words = await page.evaluate(() => {
      for (const time of document.querySelectorAll('time')) time.textContent = '20:28';
      return `${document.body.innerText.replace(/\n+/g, '\n').trim()}\n`;
    });
    await screenshot(page, 'inbox-desktop-light');
    await page.setViewportSize({ width: 1280, height: 800 });
    const [shown, picture, told] = ['../../target/page-screenshots/inbox-desktop-light.png', 'inbox.png', 'inbox.txt'].map((path) => new URL(path, import.meta.url));
    if (process.env.PICTURE) {
      copyFileSync(shown, picture);
      writeFileSync(told, words);
    }
    const anew = 'the picture of the README is not what the page shows: PICTURE=1 make page-check takes it anew';
    assert.equal(words, readFileSync(told, 'utf8'), anew);
    // Another machine has other letters: only what all of them see counts.
    assert.ok(await difference(page, readFileSync(shown), readFileSync(picture)) < 0.15, anew);
    assert.ok(statSync(picture).size < 150_000, 'the picture of the README is small');
  });

  it('shows markup as text, in names and in messages', async () => {
    await world.control('name', { number: OTHER, name: EVIL });
    await world.control('incoming', { from: OTHER, body: EVIL, name: EVIL });
    await chat(EVIL).click();
    await bubble(EVIL).waitFor();
    assert.equal(await page.getByRole('heading', { name: EVIL, exact: true }).count(), 1);
    assert.equal(await page.locator('#inbox img, #inbox script').count(), 0);
  });

  it('takes the sum of a message from the service where it has one', async () => {
    await page.route(/\/messages\/[^?/]+$/, async (route) => {
      const answer = await route.fetch();
      const sum = { reactions: [{ emoji: '🙏', sender: 'a' }, { emoji: '🙏', sender: 'b' }], votes: [], edits: [{ body: 'antes', at: '2026-08-01T12:00:00.000Z' }] };
      await route.fulfill({ response: answer, json: { ...await answer.json(), ...sum } });
    });
    const open = async () => {
      await page.reload();
      await button('Chats').click();
      await button('Mostrar contenido').click();
      await chat('Ana Paz').click();
    };
    await open();
    const edited = bubble('a las 9 está bien');
    await edited.locator('.reactions', { hasText: '🙏 2' }).waitFor();
    await edited.getByText('Versiones anteriores: 1').click();
    await edited.getByText('antes', { exact: false }).waitFor();
    await accessible(page, 'the sum of a message');
    await page.unroute(/\/messages\/[^?/]+$/);
    await open();
    await bubble('es para el lunes').first().waitFor();
    assert.equal(await page.locator('#talk .reactions', { hasText: '🙏' }).count(), 0);
    await page.locator('#talk').focus();
  });

  it('browses back and leaves by Escape, and shows unread counts where the service knows them', async () => {
    await page.keyboard.press('Escape');
    await page.locator('#talk-pane').waitFor({ state: 'hidden' });
    assert.equal(await page.evaluate(() => document.activeElement.closest('#chats') !== null), true);
    const { items } = await world.api('/messages?before=latest', { token: TOKEN });
    const known = { chat_id: items[0].chat_id, kind: 'direct', name: 'Ana Paz', phone: FRIEND, lid: null, unread: 3, last_message_at: items[0].timestamp, archived: false, pinned: true, muted_until: null };
    await page.route(/\/chats\?/, (route) => route.fulfill({ json: { ok: true, as_of: items[0].timestamp, items: [known], next: null } }));
    await world.control('burst', { n: 55, message: { from: FRIEND, body: 'ráfaga' } });
    await page.locator('#chats .unread', { hasText: '3' }).waitFor();
    assert.match(await chat('Ana Paz').textContent(), /fijado.*sin leer: 3/);
    await accessible(page, 'unread chats');
    await chat('Ana Paz').click();
    // Its time follows the text: `ráfaga 5` at `4:30` would be found too.
    await page.locator('#talk').getByText('ráfaga 54', { exact: true }).waitFor();
    assert.equal(await page.locator('#talk > li').count(), 50);
    await page.locator('#talk-older').press('Enter');
    await bubble('es para el lunes').first().waitFor();
    assert.equal(await focused(), 'talk', 'the keyboard stays in the list');
    await page.unroute(/\/chats\?/);
  });

  it('moves a chat whose message is of the second in which the list was read', async () => {
    const before = (await world.api('/messages?before=latest', { token: TOKEN })).items.at(-1).timestamp;
    const list = (at, names) => {
      const of = ([phone, name]) => ({ chat_id: `${phone}@c.us`, kind: 'direct', name, phone, lid: null, unread: 0, last_message_at: before, archived: false, pinned: false, muted_until: null });
      return { ok: true, as_of: at, items: names.map(of), next: null };
    };
    const t = Math.floor(Date.now() / 1000) + 60;
    const at = new Date(t * 1000 + 700).toISOString();
    const names = [[OTHER, 'la primera'], [FRIEND, 'la segunda']];
    let readings = 0;
    await page.route(/\/chats\?/, (route) => {
      readings += 1;
      return route.fulfill({ json: list(at, names) });
    });
    await world.control('incoming', { from: FRIEND, name: 'Ana Paz', body: 'en el mismo segundo', t });
    await page.locator('#chats button').first().filter({ hasText: 'la segunda' }).waitFor();
    const read = readings;
    await until('another reading', () => readings > read);
    await page.unroute(/\/chats\?/);
  });

  it('works on a phone, in English and in the dark: one part at a time', async () => {
    phone = await world.look({ locale: 'en-GB', mobile: true, dark: true });
    await enter(phone);
    await button('Chats', phone).click();
    await button('Show contents', phone).click();
    await chat('Ana Paz', phone).click();
    await bubble('ráfaga 54', phone).waitFor();
    assert.equal(await phone.locator('#chats').isVisible(), false);
    const wide = await phone.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${wide} px too wide`);
    await accessible(phone, 'a conversation on a phone');
    await screenshot(phone, 'inbox-mobile-dark');
    await button('Back to the chats', phone).click();
    await chat('Ana Paz', phone).waitFor();
    assert.equal(await phone.locator('#talk-pane').isVisible(), false);
    await accessible(phone, 'the chats on a phone');
  });

  it('closes the box while nothing can be sent', async () => {
    await world.control('network', { network: 'server_only' });
    await page.locator('#write-closed').filter({ hasText: 'Ahora no se puede enviar.' }).waitFor();
    assert.equal(await page.locator('#write-send').isDisabled(), true);
    await world.control('network', { network: 'up' });
    await page.locator('#write-closed').waitFor({ state: 'hidden' });
  });

  it('marked nothing as read, keeps nothing once the token is forgotten, and broke no rule of its policy', async () => {
    assert.deepEqual((await world.record()).seen, []);
    await button('Olvidar el token').click();
    await page.getByRole('heading', { name: 'Escriba el token' }).waitFor();
    assert.equal(await page.locator('#inbox').isVisible(), false);
    for (const part of ['#chats', '#talk', '#talk-title', '#write-quote']) assert.equal(await page.locator(part).textContent(), '', part);
    for (const { asked, complaints } of [page, phone]) {
      assert.deepEqual(asked.filter((url) => !url.startsWith(world.url) && !/^(data:|blob:)/.test(url)), []);
      assert.deepEqual(asked.filter((url) => url.includes(TOKEN)), []);
      assert.deepEqual(complaints.filter((text) => !/Failed to load resource/.test(text)), []);
    }
  });
});
