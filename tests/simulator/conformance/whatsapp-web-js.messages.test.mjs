// whatsapp-web.js: who is on WhatsApp, sending and receiving, and what becomes of messages.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import whatsapp from 'whatsapp-web.js';
import { FILES, sendFile } from './files.mjs';
import { temporaryFolder } from './folder.mjs';
import { SENT, sha256 } from './sent-files.mjs';
import { START_MS, Simulator } from './simulator.mjs';
import { Client, OLDER_KEYS } from './whatsapp-web-js.mjs';

const FRIEND = '5491122334455';
const STRANGER = '5491166778899';
const NOBODY = '5491100000000';

describe('whatsapp-web.js', () => {
  let simulator;
  let client;
  let sent;
  let received;

  before(async () => {
    simulator = await Simulator.start();
    await simulator.control('page', OLDER_KEYS);
    client = await new Client(simulator, temporaryFolder()).start();
    await simulator.scan();
    await client.events.first('ready');
  }, { timeout: START_MS });

  after(async () => {
    await client?.stop();
    await simulator?.stop();
  }, { timeout: START_MS });

  const is = (key) => ({ id }) => id._serialized === key;
  const lidOf = async (number) => (await simulator.state()).people.find(({ phone }) => phone === `${number}@c.us`)?.lid;

  it('isRegisteredUser, getNumberId: unknown numbers', async () => {
    assert.equal(await client.library.isRegisteredUser(NOBODY), false);
    assert.equal(await client.library.getNumberId(NOBODY), null);
    assert.equal(await lidOf(NOBODY), undefined);
  });

  it('sendMessage: refuses a number it has not asked for', async () => {
    await simulator.control('person', { number: STRANGER });
    // The complaint of many who use the library with the real page.
    await assert.rejects(client.library.sendMessage(`${STRANGER}@c.us`, 'lost'), /No LID for user/);
    assert.deepEqual((await simulator.record()).received, []);
  });

  it('isRegisteredUser, getNumberId: known numbers', async () => {
    const { lid } = await simulator.control('person', { number: FRIEND });
    assert.equal(await client.library.isRegisteredUser(`${FRIEND}@c.us`), true);
    assert.equal((await client.library.getNumberId(FRIEND))._serialized, lid);
  });

  it('sendMessage: returns the Message, sent once', async () => {
    const lid = await lidOf(FRIEND);
    sent = await client.library.sendMessage(lid, 'hello from the library');
    const record = await simulator.recordWhen('the message', ({ received: messages }) => messages.length > 0);
    assert.equal(record.received.length, 1);
    const [message] = record.received;
    assert.deepEqual(
      [sent.id._serialized, sent.body, sent.fromMe, sent.to],
      [message.key, message.body, true, message.chat],
    );
    assert.deepEqual([message.chat, message.phone, message.type, message.count], [lid, FRIEND, 'chat', 1]);
    assert.deepEqual(record.seen, [], 'nothing in the new chat is unread');
  });

  it('message_create: for what was sent', async () => {
    const [message] = await client.events.first('message_create', is(sent.id._serialized));
    assert.equal(message.body, (await simulator.record()).received[0].body);
    const received = client.events.all('message').filter(([{ type }]) => type === 'chat');
    assert.deepEqual(received, [], 'not said to have been received');
  });

  it('message_ack: server, delivered, read', async () => {
    const acks = (wanted) => ({ id }, ack) => id._serialized === sent.id._serialized && ack === wanted;
    await client.events.first('message_ack', acks(1));
    await client.events.first('message_ack', acks(2));
    await simulator.recordWhen('delivery', ({ received: [message] }) => message.ack === 2);
    await simulator.control('ack', { message: sent.id._serialized, ack: 3 });
    await client.events.first('message_ack', acks(3));
    assert.equal((await simulator.record()).received[0].ack, 3);
  });

  it('message: from whom it came', async () => {
    const body = 'hello from the phone: ñandú 🙂';
    const { message: key } = await simulator.control('incoming', { from: FRIEND, body, name: 'A friend' });
    [received] = await client.events.first('message', is(key));
    const chat = (await simulator.chats()).find(({ phone }) => phone === FRIEND);
    const written = chat.messages.at(-1);
    assert.deepEqual(
      { id: received.id.id, body: received.body, from: received.from, to: received.to, t: received.timestamp },
      { id: written.id, body: written.body, from: written.from, to: written.to, t: written.t },
    );
    const [{ pn, lid }] = await client.library.getContactLidAndPhone([received.from]);
    assert.deepEqual({ pn, lid }, { pn: `${FRIEND}@c.us`, lid: chat.chat });
    await client.events.first('message_create', is(key));
    await simulator.recordWhen('confirmation', ({ devices }) => devices[0].queued === 0);
  });

  it('message_create: for what the phone sent', async () => {
    const { message: key } = await simulator.control('from-phone', { to: FRIEND, body: 'typed on the phone' });
    const [message] = await client.events.first('message_create', is(key));
    const chat = (await simulator.chats()).find(({ phone }) => phone === FRIEND);
    assert.deepEqual([message.fromMe, message.body], [true, chat.messages.at(-1).body]);
  });

  for (const kind of Object.keys(FILES)) {
    it(`downloadMedia: ${kind}`, async () => {
      const sent = await sendFile(simulator, FRIEND, kind);
      const [message] = await client.events.first('message', is(sent.message));
      assert.equal(message.hasMedia, true);
      const media = await message.downloadMedia();
      const { mimetype, filename } = FILES[kind];
      assert.deepEqual([media.data, media.mimetype, media.filename ?? undefined], [sent.bytes, mimetype, filename]);
      assert.equal(media.filesize, sent.size);
    });
  }

  it('downloadMedia: nothing for a file that is gone', async () => {
    const sent = await sendFile(simulator, FRIEND, 'image');
    await simulator.control('file', { message: sent.message, answer: 'gone' });
    const [message] = await client.events.first('message', is(sent.message));
    assert.equal(await message.downloadMedia(), undefined);
    // The library does not say that a user asks, so that the page does not ask the phone either.
    assert.deepEqual((await simulator.record()).uploads_asked, []);
  });

  const HOW = {
    image: {}, voice: { sendAudioAsVoice: true }, document: { sendMediaAsDocument: true }, sticker: { sendMediaAsSticker: true },
  };
  for (const [kind, { mimetype, data, filename, caption, got, same }] of Object.entries(SENT)) {
    it(`sendMessage: ${kind}`, async () => {
      const media = new whatsapp.MessageMedia(mimetype, data, filename);
      const message = await client.library.sendMessage(await lidOf(FRIEND), media, { ...HOW[kind], caption });
      const isThis = ({ key }) => key === message.id._serialized;
      const record = await simulator.recordWhen('the file', ({ received: messages }) => messages.some(isThis));
      const { type, fields, file } = record.received.find(isThis);
      assert.deepEqual([type, fields.mimetype, fields.caption], got);
      assert.equal(file.sha256 === sha256(data), same);
    });
  }

  it('message_edit', async () => {
    const before = received.body;
    await simulator.control('edit', { message: received.id._serialized, body: 'better' });
    const [message, now, then] = await client.events.first('message_edit', is(received.id._serialized));
    const chat = (await simulator.chats()).find(({ phone }) => phone === FRIEND);
    const written = chat.messages.find(({ id }) => id === received.id.id);
    assert.deepEqual([message.body, now, then], [written.body, written.body, before]);
  });

  it('message_revoke_everyone', async () => {
    await simulator.control('revoke', { message: received.id._serialized });
    // A deletion gives the message its own key, and keeps the old one beside it.
    const ofReceived = ({ rawData }) => String(rawData.protocolMessageKey?.id) === received.id.id;
    const [message] = await client.events.first('message_revoke_everyone', ofReceived);
    const chat = (await simulator.chats()).find(({ phone }) => phone === FRIEND);
    assert.equal(message.type, chat.messages.find(({ id }) => id === received.id.id).type);
  });

  it('getChats, getContacts', async () => {
    const chats = await client.library.getChats();
    assert.deepEqual(chats.map(({ id }) => id._serialized), (await simulator.chats()).map(({ chat }) => chat));
    const contacts = await client.library.getContacts();
    const friend = (await simulator.state()).people.find(({ phone }) => phone === `${FRIEND}@c.us`);
    const found = contacts.filter(({ id }) => id._serialized === friend.phone);
    // The page has every contact twice, and the library gives both of them the phone number.
    assert.deepEqual(found.map(({ pushname }) => pushname), [friend.name, friend.name]);
  });
});
