// From a first link to a logout, by what an operator sees and does.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { accessible } from './axe.mjs';
import { FRIEND, Receiver, START_MS, SUITE_MS, World, screenshot, until } from './world.mjs';

const EVIL = '<img src=x onerror="document.title=1"><script>document.title=2</script>';

describe('the page of a session', { timeout: SUITE_MS }, () => {
  let world;
  let receiver;
  let page;
  let phone;

  const headed = (title) => page.getByRole('heading', { name: title, exact: true }).waitFor();
  const why = (sentence) => page.locator('#why').filter({ hasText: sentence }).waitFor();
  const button = (name) => page.getByRole('button', { name, exact: true });

  before(async () => {
    receiver = await Receiver.start();
    world = await World.start({ env: { WEBHOOK_URLS: receiver.url } });
    [page, phone] = await Promise.all([world.look({ path: '/' }), world.look({ locale: 'en-GB', mobile: true, dark: true })]);
  }, { timeout: START_MS });

  after(async () => {
    await world?.stop();
    receiver?.stop();
  }, { timeout: START_MS });

  it('shows the code, how long it is good for, and the next one as it comes', async () => {
    await headed('Vincule el teléfono');
    const code = page.getByRole('img', { name: /^Código QR .* número 1$/ });
    await code.waitFor();
    const first = await code.getAttribute('src');
    assert.match(await page.getByRole('timer').textContent(), /^Código 1 · cambia en [3-7] s$/);
    await screenshot(page, 'qr-desktop-light');
    await screenshot(phone, 'qr-mobile-dark');
    await accessible(page, 'the code');
    await accessible(phone, 'the code on a phone');
    await page.getByRole('img', { name: /número 2$/ }).waitFor();
    assert.notEqual(await page.locator('#qr').getAttribute('src'), first);
    assert.match(await page.locator('#qr').getAttribute('src'), /^data:image\/png;base64,/);
    assert.match(await page.getByRole('timer').textContent(), /^Código 2 · cambia en [1-3] s$/);
  });

  it('asks for a pairing code by keyboard alone, and says which number is wrong', async () => {
    await page.locator('#by-number').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type('12');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'Ese número no es válido' }).waitFor();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('+54 9 11 5000-0001');
    await page.keyboard.press('Enter');
    await until('pairing code', async () => /^[0-9A-Z]{4}-[0-9A-Z]{4}$/.test(await page.locator('#pair-code').textContent()));
    assert.match(await page.locator('#pair-left [role=timer]').textContent(), /^Vale 1[678]\d s más$/);
    await screenshot(page, 'pairing-desktop-light');
    await accessible(page, 'the pairing code');
    await button('Volver al código QR').click();
    assert.equal(await page.evaluate(() => document.activeElement.id), 'by-number');
    await page.getByRole('img', { name: /^Código QR / }).waitFor();
  });

  it('says READY by itself once the phone has scanned', async () => {
    await world.scan();
    await headed('Conectado');
    await page.getByText('Test Account').waitFor();
    assert.equal(await page.locator('#qr').getAttribute('src'), null, 'no code is kept');
    assert.equal(await page.title(), 'Conectado · WhatsApp');
    await phone.getByRole('heading', { name: 'Connected', exact: true }).waitFor();
    assert.match(await page.locator('#announcement').textContent(), /^Conectado\./);
  });

  it('shows the last messages as they come, and what they say only to who asks', async () => {
    await world.control('incoming', { from: FRIEND, body: 'un secreto', name: EVIL });
    await world.control('incoming', { from: FRIEND, body: EVIL, name: EVIL });
    const messages = page.locator('#messages li');
    await messages.nth(1).waitFor();
    const masked = await page.locator('#messages').innerHTML();
    for (const hidden of ['secreto', FRIEND, 'img']) assert.ok(!masked.includes(hidden), hidden);
    await screenshot(page, 'ready-desktop-light');
    await screenshot(phone, 'ready-mobile-dark');
    await accessible(page, 'READY');
    await accessible(phone, 'READY on a phone');
    await button('Mostrar contenido').press('Enter');
    await page.getByText('un secreto').waitFor();
    assert.ok((await messages.first().textContent()).includes(EVIL), 'markup is text');
    assert.equal(await page.locator('#messages img, #messages script').count(), 0);
    await world.control('edit', { message: 'last', body: 'corregido' });
    await page.getByText('corregido').waitFor();
    await world.control('burst', { n: 30, message: { from: FRIEND, body: 'ráfaga' } });
    await page.getByText('ráfaga 29').waitFor();
    assert.equal(await messages.count(), 20);
    await button('Ocultar contenido').click();
    assert.ok(!(await page.locator('#messages').innerHTML()).includes('ráfaga'));
  });

  it('browses back through the history, and stays there while new messages come', async () => {
    const messages = page.locator('#messages li');
    await button('Mostrar contenido').click();
    await button('Ver anteriores').press('Enter');
    await page.getByText('un secreto').waitFor();
    assert.equal(await messages.count(), 32);
    await button('Ver anteriores').waitFor({ state: 'hidden' });
    assert.equal(await page.evaluate(() => document.activeElement.id), 'messages', 'the keyboard stays in the list');
    await world.control('incoming', { from: FRIEND, body: 'mientras tanto' });
    await page.getByText('mientras tanto').waitFor();
    assert.equal(await messages.count(), 33);
    await accessible(page, 'the history');
    await button('Ocultar contenido').click();
  });

  it('sends a test message once, and says why it does not', async () => {
    await button('Enviar una prueba').click();
    const dialog = page.getByRole('dialog', { name: 'Enviar un mensaje de prueba' });
    await dialog.waitFor();
    await page.keyboard.type('5491100000000');
    await page.keyboard.press('Enter');
    await dialog.getByRole('alert').filter({ hasText: 'no está en WhatsApp' }).waitFor();
    await dialog.getByLabel('Número, con el código del país').fill('+54 9 11 2233-4455');
    await dialog.getByLabel('Texto').fill('de la página');
    await screenshot(page, 'test-message-desktop-light');
    await accessible(page, 'the test message');
    const sent = async () => (await world.record()).received.filter(({ body }) => body === 'de la página').length;
    // The answer is lost on the way: pressed again, the message is not sent a second time.
    await page.route('**/send', async (route) => {
      await route.fetch();
      await route.abort();
    }, { times: 1 });
    await dialog.getByRole('button', { name: 'Enviar' }).click();
    await dialog.getByRole('alert').filter({ hasText: 'no se sabe si el pedido llegó' }).waitFor();
    await dialog.getByRole('button', { name: 'Enviar' }).click();
    await dialog.getByRole('status').filter({ hasText: 'Enviado a +5491122334455' }).waitFor();
    assert.equal(await sent(), 1);
    await dialog.getByRole('button', { name: 'Cerrar' }).click();
    await dialog.waitFor({ state: 'hidden' });
  });

  it('shows what targets did not take, and tries it again', async () => {
    receiver.status = 422;
    await world.control('incoming', { from: FRIEND, body: 'rechazado' });
    await until('dead letter', async () => (await world.api('/status')).deliveries[0].dead_letters > 0);
    await page.getByRole('button', { name: /^Ver no entregados/ }).press('Enter');
    const retry = page.locator('#letters-list button').first();
    await retry.waitFor();
    await screenshot(page, 'dead-letters-desktop-light');
    await accessible(page, 'the dead letters');
    // Any other event of the meantime (on a slow machine another state) was refused too, so the list is read again.
    receiver.status = 200;
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^Ver no entregados/ }).press('Enter');
    await retry.waitFor();
    const taken = receiver.taken;
    await button('Reintentar todos').click();
    await page.getByText('En camino').first().waitFor();
    await until('delivery', () => receiver.taken > taken);
    await page.keyboard.press('Escape');
    await until('end of the list', async () => (await world.api('/status')).deliveries[0].dead_letters === 0);
    await page.getByRole('button', { name: /^Ver no entregados/ }).waitFor({ state: 'hidden' });
  });

  it('tells of a loss, why, and of the return', async () => {
    await world.control('network', { network: 'server_only' });
    await headed('Reconectando');
    await why('Se perdió la conexión con WhatsApp.');
    await screenshot(page, 'reconnecting-desktop-light');
    await screenshot(phone, 'reconnecting-mobile-dark');
    await accessible(page, 'RECONNECTING');
    await world.control('network', { network: 'up' });
    await headed('Conectado');
  });

  it('says so when the service itself is gone, and follows it again when it is back', async () => {
    await world.stopService();
    await headed('El servicio no responde');
    assert.equal(await button('Desconectar').count(), 0, 'nothing is offered that cannot be done');
    await screenshot(page, 'unreachable-desktop-light');
    await accessible(page, 'no service');
    await world.startService();
    await headed('Conectado');
    await page.getByText('En vivo').waitFor();
  });

  it('disconnects and connects again, after a question', async () => {
    await button('Desconectar').click();
    await page.getByRole('dialog', { name: '¿Desconectar?' }).getByRole('button', { name: 'Desconectar' }).click();
    await headed('Desconectado');
    await why('Lo detuvo un operador');
    await button('Conectar').click();
    await headed('Conectado');
  });

  it('unlinks the phone only when it is confirmed', async () => {
    await button('Desvincular el teléfono').focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: '¿Desvincular el teléfono?' });
    await dialog.waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), 'confirm-no', 'the harmless answer is at hand');
    await screenshot(page, 'logout-desktop-light');
    await accessible(page, 'the question');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    assert.equal((await world.api('/status')).state, 'READY');
    assert.ok(!page.asked.some((url) => url.endsWith('/logout')));
    await page.keyboard.press('Enter');
    await dialog.getByRole('button', { name: 'Desvincular el teléfono' }).click();
    await headed('Desconectado');
    await why('El dispositivo fue desvinculado');
    assert.equal(await button('Desvincular el teléfono').count(), 0);
  });

  it('asked nobody else for anything, and broke no rule of its policy', () => {
    for (const { asked } of [page, phone]) {
      const elsewhere = asked.filter((url) => !url.startsWith(world.url) && !url.startsWith('data:'));
      assert.deepEqual(elsewhere, []);
    }
    const expected = /Failed to load resource/;
    assert.deepEqual([...page.complaints, ...phone.complaints].filter((text) => !expected.test(text)), []);
  });
});
