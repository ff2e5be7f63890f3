// The files of messages: what is shown before and after somebody asks, with a token and without.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { accessible } from './axe.mjs';
import { FRIEND, START_MS, SUITE_MS, World, screenshot, until } from './world.mjs';

const TOKEN = 'a-token-of-some-length-0123456789';
/** A name that tries to be markup, a path, and another type than it is. */
const HOSTILE = '../../<img src=x onerror="document.title=1">\u202efdp.exe';

const sample = (name) => readFileSync(new URL(`samples/${name}`, import.meta.url)).toString('base64');
/** The same with a byte more: the service has no file with this content yet. */
const another = (name) => Buffer.concat([Buffer.from(sample(name), 'base64'), Buffer.of(0)]).toString('base64');
const PHOTO = { kind: 'image', bytes: sample('photo.jpg'), thumbnail: sample('thumbnail.jpg'), width: 960, height: 720, caption: 'la foto' };

for (const token of [undefined, TOKEN]) {
  describe(`the files of messages, ${token ? 'with' : 'without'} a token`, { timeout: SUITE_MS }, () => {
    let world;
    let page;
    let phone;

    const button = (name, where = page) => where.getByRole('button', { name, exact: true });
    const row = (text) => page.locator('#messages li').filter({ hasText: text });
    const fetched = (id) => page.asked.filter((url) => url.endsWith(`/${id}/media`)).length;
    const live = () => page.evaluate(() => globalThis.live.size);
    const idle = () => until('return of every address of bytes', async () => (await live()) === 0);

    /** Sends a file and waits for what becomes of it; its id. */
    async function sent(file, status = 'stored') {
      const { message } = await world.control('media', { from: FRIEND, ...file });
      await until(`${status} of ${file.kind}`, async () => (await world.api(`/messages/${message}`, { token })).media?.status === status);
      return message;
    }

    /** Counts the addresses of bytes that are not given back. */
    const counting = (where) => where.addInitScript(() => {
      globalThis.live = new Set();
      const { createObjectURL, revokeObjectURL } = URL;
      URL.createObjectURL = (blob) => {
        const address = createObjectURL.call(URL, blob);
        // Those of downloads are given back later.
        if (blob.type !== 'application/octet-stream') globalThis.live.add(address);
        return address;
      };
      URL.revokeObjectURL = (address) => {
        globalThis.live.delete(address);
        revokeObjectURL.call(URL, address);
      };
    });

    async function enter(where) {
      if (!token) return;
      await where.locator('#token').fill(token);
      await where.keyboard.press('Enter');
    }

    before(async () => {
      world = await World.start({ env: { MEDIA_FETCH: 'auto,audio=ask,gif=ask', ...(token && { API_TOKEN: token }) } });
      page = await world.look({ path: '/', prepare: counting });
      await enter(page);
      await until('code', async () => (await world.api('/qr', { token })).status === 'QR_AVAILABLE');
      await world.control('scan');
      await page.getByRole('heading', { name: 'Conectado', exact: true }).waitFor();
    }, { timeout: START_MS });

    after(() => world?.stop(), { timeout: START_MS });

    it('loads nothing of a file before the contents are shown, and no picture before it is pressed', async () => {
      const id = await sent(PHOTO);
      await page.locator('#messages li').first().waitFor();
      assert.equal(await page.locator('#messages img').count(), 0);
      await button('Mostrar contenido').click();
      await row('la foto').locator('img.thumbnail').waitFor();
      assert.equal(fetched(id), 0);
      const opener = button('Ver la foto');
      await opener.focus();
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog', { name: 'Foto' });
      await until('the whole picture', () => dialog.locator('img').evaluate((img) => img.complete && img.naturalWidth === 960));
      assert.equal(fetched(id), 1);
      await screenshot(page, `file-picture-desktop-light${token ? '-token' : ''}`);
      await accessible(page, 'a picture');
      const [download] = await Promise.all([page.waitForEvent('download'), button('Descargar', dialog).click()]);
      assert.equal(download.suggestedFilename(), 'image.jpg');
      assert.equal(await live(), 1);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'hidden' });
      assert.ok(await opener.evaluate((element) => element === document.activeElement), 'the keyboard is where it was');
      await idle();
    });

    it('plays a voice note on, whatever comes meanwhile', async () => {
      const id = await sent({ kind: 'ptt', bytes: sample('voice.ogg'), seconds: 2 });
      await page.getByText('Nota de voz · 0:02').waitFor();
      assert.equal(fetched(id), 0);
      await button('Escuchar la nota de voz').press('Enter');
      const player = page.locator('#messages audio');
      await until('sound', () => player.evaluate((audio) => audio.duration > 1 && (audio.currentTime > 0 || audio.ended)));
      await player.evaluate((audio) => {
        audio.loop = true;
        globalThis.stopped = 0;
        audio.addEventListener('pause', () => { globalThis.stopped += 1; });
        return audio.play();
      });
      await world.control('incoming', { from: FRIEND, body: 'mientras suena' });
      await row('mientras suena').waitFor();
      await accessible(page, 'a voice note');
      assert.deepEqual(await player.evaluate((audio) => [audio.paused, globalThis.stopped]), [false, 0]);
      await button('Ocultar contenido').click();
      assert.equal(await player.count(), 0);
      await idle();
      await button('Mostrar contenido').click();
    });

    it('shows a document as a line, with its name as text, and downloads it', async () => {
      await sent({ kind: 'document', bytes: Buffer.from('<script>document.title=2</script>').toString('base64'), filename: HOSTILE, mimetype: 'text/html', pages: 3 });
      const document = row('onerror');
      await document.waitFor();
      const text = await document.textContent();
      assert.ok(text.includes('../../<img src=x onerror="document.title=1">fdp.exe'), text);
      assert.match(text, /Documento · 3 páginas · 1 kB/);
      assert.equal(await document.locator('img, script, audio, video, iframe').count(), 0);
      const [download] = await Promise.all([page.waitForEvent('download'), document.getByRole('button', { name: /^Descargar: / }).press('Enter')]);
      assert.match(download.suggestedFilename(), /^[^/\\<>"\u202e]+$/);
      assert.equal(readFileSync(await download.path(), 'utf8'), '<script>document.title=2</script>');
    });

    it('plays a video, and does not show what only calls itself one', async () => {
      await sent({ kind: 'video', bytes: sample('clip.webm'), mimetype: 'video/webm', seconds: 1, caption: 'el video' });
      await button('Ver el video', row('el video')).click();
      const dialog = page.getByRole('dialog', { name: 'Video' });
      await until('the video', () => dialog.locator('video').evaluate((video) => video.videoWidth === 160 && video.currentTime > 0));
      await button('Cerrar', dialog).click();
      await sent({ kind: 'image', bytes: Buffer.from('<svg xmlns="s"/>').toString('base64'), mimetype: 'image/svg+xml', caption: 'el dibujo' });
      await button('Ver la foto', row('el dibujo')).click();
      await row('el dibujo').getByRole('alert').filter({ hasText: 'no se muestra aquí' }).waitFor();
      assert.equal(await page.getByRole('dialog').count(), 0);
      await idle();
    });

    it('fetches on request, waits for it, and says what cannot be had', async () => {
      const { message } = await world.control('media', { from: FRIEND, kind: 'audio', bytes: another('voice.ogg'), mimetype: 'audio/ogg; codecs=opus', seconds: 2 });
      await page.getByText('no se trajo todavía').waitFor();
      await world.control('file', { message, answer: 'slow' });
      await button('Traer · Escuchar el audio').click();
      await until('the fetched sound', () => page.locator('#messages audio').evaluateAll(([audio]) => audio?.duration > 1));
      await page.getByText('no se trajo todavía').waitFor({ state: 'hidden' });
      await sent({ kind: 'image', view_once: true }, 'unavailable');
      await page.getByText('WhatsApp solo lo muestra en el teléfono').waitFor();
      assert.match(await page.locator('#messages').textContent(), /se ve una sola vez/);
    });

    it('shows what the service sent as the receiver has it', async () => {
      const media = { data: sample('photo.jpg'), kind: 'image', mimetype: 'image/jpeg' };
      const { message_id: id, ...said } = await world.api('/send', { method: 'POST', token, body: { number: FRIEND, message: 'de salida', media } });
      assert.ok(id, JSON.stringify(said));
      await row('de salida').waitFor();
      const received = await fetch(`${world.phone}/phone/file/${id}`);
      assert.deepEqual([received.status, received.headers.get('content-type')], [200, 'image/jpeg']);
      assert.equal(Buffer.from(await received.arrayBuffer()).toString('base64'), media.data);
      await button('Ver la foto', row('de salida')).press('Enter');
      const dialog = page.getByRole('dialog', { name: 'Foto' });
      await until('the sent picture', () => dialog.locator('img').evaluate((img) => img.naturalWidth === 960));
      await button('Cerrar', dialog).click();
      const handset = await world.look({ path: '/qr.html' });
      await handset.goto(`${world.phone}/phone`);
      await handset.locator('.message.mine img').waitFor();
      await screenshot(handset, 'simulated-phone');
      await world.leave(handset);
    });

    it('says that a file is gone, on a phone too', async () => {
      await world.control('faults', { reupload: 'not_found' });
      const { message } = await world.control('media', { from: FRIEND, ...PHOTO, kind: 'gif', bytes: undefined, size: 5000, caption: 'la perdida' });
      await world.control('file', { message, answer: 'gone' });
      const lost = row('la perdida');
      await button('Traer · Ver el GIF', lost).press('Enter');
      await lost.getByText('ya no está en WhatsApp ni en el teléfono').waitFor();
      await lost.locator('img.thumbnail').waitFor();
      await until('no button', async () => (await lost.getByRole('button').count()) === 0);
      assert.equal(await lost.getByRole('alert').filter({ hasText: /./ }).count(), 0, 'it is said once');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'messages', 'the keyboard stays in the list');
      phone = await world.look({ locale: 'en-GB', mobile: true, dark: true, prepare: counting });
      await enter(phone);
      await button('Show contents', phone).click();
      await phone.getByText('neither WhatsApp nor the phone has it any more').first().waitFor();
      const wide = await phone.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${wide} px too wide`);
      const unused = await phone.evaluate(() => document.documentElement.scrollHeight - document.body.getBoundingClientRect().height - scrollY);
      assert.ok(unused <= 1, `${unused} px of nothing under the page`);
      const named = token ? '-token' : '';
      await screenshot(phone, `files-mobile-dark${named}`, { fullPage: true });
      await screenshot(page, `files-desktop-light${named}`);
      await phone.getByText('onerror').scrollIntoViewIfNeeded();
      await row('onerror').scrollIntoViewIfNeeded();
      await screenshot(phone, `files-scrolled-mobile-dark${named}`);
      await screenshot(page, `files-scrolled-desktop-light${named}`);
      await accessible(page, 'the files');
      await accessible(phone, 'the files on a phone');
    });

    it('never put the token into an address, and broke no rule of its policy', async () => {
      await button('Ocultar contenido').click();
      await idle();
      for (const { asked, complaints } of [page, phone]) {
        assert.deepEqual(asked.filter((url) => !url.startsWith(world.url) && !/^(data:|blob:)/.test(url)), []);
        assert.deepEqual(asked.filter((url) => url.includes(TOKEN)), []);
        assert.deepEqual(complaints.filter((text) => !/Failed to load resource/.test(text)), []);
      }
      const policy = (await fetch(world.url)).headers.get('content-security-policy');
      assert.match(policy, /img-src 'self' data: blob:; media-src blob:;/);
    });
  });
}
