// wa-js: the loader, the code, linking by phone number, messages, acknowledgements, lists.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { FILES, sendFile } from './files.mjs';
import { temporaryFolder } from './folder.mjs';
import { SILENCE_MS, fails } from './expected.mjs';
import { SENT, sha256 } from './sent-files.mjs';
import { DEADLINE_MS, START_MS, Simulator } from './simulator.mjs';
import { Page } from './wa-js.mjs';

/* global WPP */

const FRIEND = '5491122334455';
const NOBODY = '5491100000000';

describe('wa-js', () => {
  let simulator;
  let page;
  let sent;
  let received;

  before(async () => {
    simulator = await Simulator.start();
    page = await Page.open(simulator, temporaryFolder());
  }, { timeout: START_MS });

  after(async () => {
    await page?.close();
    await simulator?.stop();
  }, { timeout: START_MS });

  const about = (key) => ({ id }) => id === key;

  it('loader ready', async () => {
    for (const name of ['loader.injected', 'loader.ready', 'loader.full_ready']) await page.events.first(name);
    assert.deepEqual(await page.run(() => [WPP.isInjected, WPP.isReady, WPP.isFullReady, WPP.loader.loaderType]), [true, true, true, 'meta']);
    const { pages } = await simulator.recordWhen('word of the page', (record) => record.pages[0]?.webdriver != null);
    assert.deepEqual([pages.length, pages[0].refused, pages[0].webdriver], [1, false, false]);
    assert.deepEqual(page.errors, []);
  });

  it('isAuthenticated: not before a login', async () => {
    await page.events.first('conn.require_auth');
    assert.equal(await page.run(() => WPP.conn.isAuthenticated()), false);
    assert.deepEqual((await simulator.record()).links, []);
  });

  it('getAuthCode: the code that the page shows', async () => {
    await simulator.recordWhen('a code', ({ codes }) => codes.length > 0);
    const code = await page.run(() => WPP.conn.getAuthCode());
    const { codes } = await simulator.record();
    // The library leaves the platform out, the fifth field of what the page draws.
    assert.ok(codes.some((shown) => shown === `${code.fullCode},1`), code.fullCode);
  });

  it('conn.auth_code_change: on every rotation', async () => {
    const already = (await simulator.record()).codes.length;
    const { codes } = await simulator.recordWhen('another code', (record) => record.codes.length > already);
    await page.events.first('conn.auth_code_change', (code) => `${code?.fullCode},1` === codes[already]);
  });

  it('genLinkDeviceCodeForPhoneNumber: linked by phone number', async () => {
    const { phone } = await simulator.state();
    const code = await page.run((number) => WPP.conn.genLinkDeviceCodeForPhoneNumber(number), phone);
    const { device } = await simulator.control('pairing-code', { code });
    const { links } = await simulator.recordWhen('the device', ({ devices }) => devices[0]?.online);
    assert.deepEqual(links.map((link) => [link.device, link.way]), [[device, 'pairing_code']]);
  });

  it('isAuthenticated: after the link', async () => {
    await page.events.first('conn.stream_mode_changed', (mode) => mode === 'MAIN');
    assert.equal(await page.run(() => WPP.conn.isAuthenticated()), true);
    assert.equal(await page.run(() => WPP.conn.getAuthCode()), null);
    const { phone } = await simulator.state();
    assert.equal(await page.run(() => String(WPP.conn.getMyUserWid())), `${phone}@c.us`);
  });

  it('queryExists: known and unknown numbers', async () => {
    const { lid } = await simulator.control('person', { number: FRIEND, name: 'A friend' });
    assert.equal(await page.run(async (id) => WPP.contact.queryExists(id), `${NOBODY}@c.us`), null);
    const found = await page.run(async (id) => {
      const answer = await WPP.contact.queryExists(id);
      return [String(answer.wid), String(answer.lid)];
    }, `${FRIEND}@c.us`);
    assert.deepEqual(found, [lid, lid]);
  });

  it('sendTextMessage: acknowledged, sent once', async () => {
    sent = await page.run(async (id) => {
      const { id: key, ack, to, sendMsgResult } = await WPP.chat.sendTextMessage(id, 'hello from wa-js', { waitForAck: true });
      return { key, ack, to, result: sendMsgResult.messageSendResult };
    }, `${FRIEND}@c.us`);
    const { received: messages } = await simulator.record();
    assert.equal(messages.length, 1);
    const [{ key, chat, phone, body, count }] = messages;
    assert.deepEqual([phone, body, count], [FRIEND, 'hello from wa-js', 1]);
    assert.deepEqual(sent, { key, ack: 1, to: chat, result: 'OK' });
  });

  it('chat.msg_ack_change: server, delivered, read', async () => {
    const told = (wanted) => ({ ack, ids }) => ack === wanted && ids[0].endsWith(sent.key.split('_')[2]);
    await page.events.first('chat.msg_ack_change', told(1));
    await page.events.first('chat.msg_ack_change', told(2));
    await simulator.control('ack', { message: sent.key, ack: 3 });
    const [{ chat }] = await page.events.first('chat.msg_ack_change', told(3));
    const [message] = (await simulator.record()).received;
    assert.deepEqual([message.ack, message.chat], [3, chat]);
    assert.equal(await page.run((key) => WPP.whatsapp.MsgStore.get(key).ack, sent.key), 3);
  });

  it('chat.new_message: from whom it came', async () => {
    const body = 'hello from the phone: ñandú 🙂';
    const { message: key } = await simulator.control('incoming', { from: FRIEND, body });
    received = key;
    const [message] = await page.events.first('chat.new_message', about(key));
    const chat = (await simulator.chats()).find(({ phone }) => phone === FRIEND);
    assert.equal(message.body, chat.messages.at(-1).body);
    const from = await page.run((id) => String(WPP.whatsapp.MsgStore.get(id).from), key);
    assert.equal(from, chat.chat);
  });

  it('chat.msg_edited', async () => {
    await simulator.control('edit', { message: received, body: 'better' });
    const [message] = await page.events.first('chat.msg_edited', about(received));
    assert.equal(message.body, (await simulator.chats())[0].messages.at(-1).body);
  });

  it('chat.msg_revoke', async () => {
    await simulator.control('revoke', { message: received });
    const [{ id }] = await page.events.first('chat.msg_revoke', ({ refId }) => refId === received);
    assert.equal((await simulator.chats())[0].messages.at(-1).type, 'revoked');
    // A deletion gives the message its own key.
    await page.page.waitForFunction((key) => WPP.whatsapp.MsgStore.get(key)?.type === 'revoked', { timeout: DEADLINE_MS }, id);
  });

  /** Downloads the file of a message; returns its bytes in base64 and its type. */
  const downloaded = (key) =>
    page.run(async (id) => {
      const blob = await WPP.chat.downloadMedia(id);
      const bytes = new Uint8Array(await blob.arrayBuffer());
      return [btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')), blob.type];
    }, key);

  for (const kind of Object.keys(FILES)) {
    it(`downloadMedia: ${kind}`, async () => {
      const file = await sendFile(simulator, FRIEND, kind);
      await page.events.first('chat.new_message', about(file.message));
      assert.deepEqual(await downloaded(file.message), [file.bytes, FILES[kind].mimetype]);
    });
  }

  it('downloadMedia: a file that is gone, uploaded again by the phone', async () => {
    const file = await sendFile(simulator, FRIEND, 'document');
    await simulator.control('file', { message: file.message, answer: 'expired' });
    await page.events.first('chat.new_message', about(file.message));
    assert.equal((await downloaded(file.message))[0], file.bytes);
    const { uploads_asked: asked } = await simulator.record();
    assert.deepEqual(asked.map(({ id }) => id), [file.message.split('_')[2]]);
  });

  it('downloadMedia: a file that the phone has lost', async () => {
    await simulator.control('faults', { reupload: 'not_found' });
    const file = await sendFile(simulator, FRIEND, 'image');
    await simulator.control('file', { message: file.message, answer: 'gone' });
    await page.events.first('chat.new_message', about(file.message));
    const refusal = await page.run((id) => WPP.chat.downloadMedia(id).catch(({ code }) => code), file.message);
    assert.equal(refusal, 'media_not_found');
    await simulator.control('faults', { reupload: 'success' });
  });

  const HOW = { image: { type: 'image' }, voice: { type: 'audio', isPtt: true }, document: { type: 'document' }, sticker: { type: 'sticker' } };
  for (const [kind, { mimetype, data, filename, caption, got, same }] of Object.entries(SENT)) {
    it(`sendFileMessage: ${kind}`, async () => {
      const options = { ...HOW[kind], caption, filename, mimetype, waitForAck: true };
      const sent = await page.run(async (id, file, how) => {
        const { id: key, ack, sendMsgResult } = await WPP.chat.sendFileMessage(id, file, how);
        return { key, ack, result: (await sendMsgResult)?.messageSendResult ?? sendMsgResult };
      }, `${FRIEND}@c.us`, `data:${mimetype.split(';')[0]};base64,${data}`, options);
      const { received: messages } = await simulator.record();
      const { type, fields, file } = messages.find(({ key }) => key === sent.key);
      assert.deepEqual([type, fields.mimetype, kind === 'document' || kind === 'image' ? fields.caption : undefined], got);
      if (kind !== 'sticker') assert.equal(file.sha256 === sha256(data), same);
    });
  }

  it('chat.list, contact.list', async () => {
    const chats = await page.run(async () => (await WPP.chat.list()).map(({ id }) => String(id)));
    assert.deepEqual(chats, (await simulator.chats()).map(({ chat }) => chat));
    const contacts = await page.run(async () => (await WPP.contact.list()).map(({ id }) => String(id)));
    const { people } = await simulator.state();
    assert.deepEqual(contacts.sort(), people.flatMap(({ lid, phone }) => [lid, phone]).sort());
  });

  it('no uncaught error of the page', () => assert.deepEqual(page.errors, []));

  const noLogout = { lacking: 'WAWebCmd has no event "logout"', error: /no such conn\.logout/ };
  fails('conn.logout: unlinked by the phone', noLogout, async () => {
    assert.deepEqual(await simulator.control('unlink'), { unlinked: 1 });
    await simulator.recordWhen('the logout', ({ logouts }) => logouts.some(({ by }) => by === 'phone'));
    await page.events.first('conn.logout', undefined, SILENCE_MS);
  });
});
