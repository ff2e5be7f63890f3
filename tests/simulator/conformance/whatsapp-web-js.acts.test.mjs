// whatsapp-web.js: what people do with messages, chats, people and groups, besides sending texts and files.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import whatsapp from 'whatsapp-web.js';
import { Since } from './asking.mjs';
import { SILENCE_MS, fails } from './expected.mjs';
import { temporaryFolder } from './folder.mjs';
import { START_MS, Simulator } from './simulator.mjs';
import { Client, OLDER_KEYS } from './whatsapp-web-js.mjs';

const { Location, Poll } = whatsapp;
const FRIEND = '5491122334455';
const OTHER = '5491166660002';
const PICTURE = '/9j/4AAQSkZJRg==';
/** Parts of the page that it fetches only when somebody opens them; nobody has. */
const unopened = (name) => ({ lacking: `${name} is there only after somebody has opened it`, error: new RegExp(`unknown module "${name}"`) });

describe('whatsapp-web.js', () => {
  let simulator;
  let client;
  let since;
  let chat;
  let received;
  let lid;
  let other;

  const is = (key) => ({ id }) => id._serialized === key;

  before(async () => {
    simulator = await Simulator.start();
    await simulator.control('page', OLDER_KEYS);
    client = await new Client(simulator, temporaryFolder()).start();
    await simulator.scan();
    await client.events.first('ready');
    since = new Since(simulator);
    ({ lid } = await simulator.control('person', { number: FRIEND, name: 'Ana' }));
    ({ lid: other } = await simulator.control('person', { number: OTHER }));
    await simulator.control('faults', { abouts: { [FRIEND]: 'at work' }, pictures: { [FRIEND]: { jpeg: PICTURE, hidden: false } } });
    for (const number of [FRIEND, OTHER]) await client.library.getNumberId(number);
    const { message: key } = await simulator.control('incoming', { from: FRIEND, body: 'hello' });
    [received] = await client.events.first('message', is(key));
    chat = await received.getChat();
  }, { timeout: START_MS });

  after(async () => {
    await client?.stop();
    await simulator?.stop();
  }, { timeout: START_MS });

  it('react, and take it back', async () => {
    for (const emoji of ['👍', '']) {
      await received.react(emoji);
      assert.deepEqual(await since.action(), { action: 'reaction', message: received.id.id, emoji });
    }
  });

  it('message_reaction, getReactions', async () => {
    await simulator.control('reaction', { message: received.id._serialized, from: FRIEND, emoji: '🎉' });
    let reactions;
    while (!reactions) reactions = await (await client.library.getMessageById(received.id._serialized)).getReactions();
    assert.deepEqual(reactions.map(({ aggregateEmoji, hasReactionByMe }) => [aggregateEmoji, hasReactionByMe]), [['🎉', false]]);
  });

  it('reply', async () => {
    await received.reply('an answer');
    const { body, fields } = await since.message();
    assert.deepEqual([body, fields.quotedStanzaID, fields.quotedMsg.body], ['an answer', received.id.id, 'hello']);
  });

  it('edit, delete for everyone, delete for me', async () => {
    const sent = await client.library.sendMessage(lid, 'mine');
    const { id } = await since.message();
    await simulator.recordWhen('the ack', ({ received: messages }) => messages.at(-1).ack > 0);
    await client.events.first('message_ack', (message) => message.id.id === id);
    await sent.edit('better');
    assert.deepEqual(await since.action(), { action: 'edit', message: id, text: 'better' });
    await sent.delete(true);
    assert.deepEqual(await since.action(), { action: 'revoke', message: id });
    const alone = await client.library.sendMessage(lid, 'for me');
    await since.message();
    await alone.delete(false);
    assert.deepEqual(await since.action(), { action: 'delete-for-me', message: alone.id.id });
  });

  fails('forward', unopened('WAWebChatForwardMessage'), () => received.forward(chat));

  it('sendMessage: a place', async () => {
    await client.library.sendMessage(lid, new Location(-34.5, 58.25, { name: 'Obelisco', address: '9 de Julio' }));
    const { type, fields } = await since.message();
    assert.deepEqual([type, fields.lat, fields.lng, fields.loc], ['location', -34.5, 58.25, 'Obelisco\n9 de Julio']);
  });

  it('sendMessage: a contact, two contacts', async () => {
    const people = [await client.library.getContactById(lid), await client.library.getContactById(other)];
    await client.library.sendMessage(lid, people[0]);
    const { type, body } = await since.message();
    assert.deepEqual([type, body.includes(`waid=${FRIEND}`)], ['vcard', true]);
    await client.library.sendMessage(lid, people);
    const both = await since.message();
    assert.deepEqual([both.type, both.fields.vcardList.length], ['multi_vcard', 2]);
  });

  it('sendMessage: a poll, a mention, the preview of a link', async () => {
    await client.library.sendMessage(lid, new Poll('when?', ['today', 'tomorrow']));
    const { type, fields } = await since.message();
    assert.deepEqual([type, fields.pollName, fields.pollOptions.length, fields.pollSelectableOptionsCount], ['poll_creation', 'when?', 2, 1]);
    await client.library.sendMessage(lid, `hi @${lid.split('@')[0]}`, { mentions: [lid] });
    assert.deepEqual((await since.message()).fields.mentionedJidList, [lid]);
    await client.library.sendMessage(lid, 'look https://example.com/', { linkPreview: true });
    assert.deepEqual((await since.message()).fields.title, 'example.com');
  });

  it('vote', async () => {
    const fields = { pollName: 'when?', pollOptions: ['a', 'b'].map((name, localId) => ({ name, localId })) };
    const { message: key } = await simulator.control('incoming', { from: FRIEND, type: 'poll_creation', fields });
    const [poll] = await client.events.first('message', is(key));
    await poll.vote(['b']);
    assert.deepEqual(await since.action(), { action: 'vote', message: poll.id.id, options: ['b'] });
  });

  it('getProfilePicUrl', async () => {
    const url = await client.library.getProfilePicUrl(lid);
    assert.match(url, /^https:\/\/web\.whatsapp\.com\/pps\//);
  });

  const byNumber = { lacking: 'WAWebContactStatusBridge asks by LID alone', error: /not a LID/ };
  fails('getAbout', byNumber, async () => (await client.library.getContactById(lid)).getAbout());

  const noHelper = { lacking: 'WAWebBlockContactUtils has no "getContactToBlockOnlyUseIfNoAssociatedChat"', error: /is not a function/ };
  fails('block', noHelper, async () => (await client.library.getContactById(lid)).block());

  it('archive, pin, mute, and undone', async () => {
    const until = new Date(Date.now() + 3_600_000);
    for (const [call, action] of [
      ['archive', { action: 'archive', on: true }], ['unarchive', { action: 'archive', on: false }],
      ['pin', { action: 'pin', on: true }], ['unpin', { action: 'pin', on: false }],
      ['mute', { action: 'mute', until: Math.floor(until / 1000) }], ['unmute', { action: 'mute', until: 0 }],
    ]) {
      await chat[call](until);
      assert.deepEqual(await since.action(), { ...action, chat: lid }, call);
      // The command returns before its end.
      const isDone = () => client.library.pupPage.evaluate((id, on) => Boolean(window.require('WAWebCollections').Chat.get(id).pin) === on, lid, action.on);
      if (action.action === 'pin') while (!(await isDone()));
    }
  });

  it('markUnread, sendSeen', async () => {
    await simulator.control('incoming', { from: FRIEND, body: 'unread' });
    await client.events.first('message', ({ body }) => body === 'unread');
    assert.equal(await chat.sendSeen(), true);
    await simulator.recordWhen('the chat to be read', ({ seen }) => seen.includes(lid));
    await chat.markUnread();
    assert.deepEqual(await since.action(), { action: 'unread', chat: lid });
  });

  it('sendStateTyping, sendStateRecording, clearState, presence', async () => {
    for (const call of ['sendStateTyping', 'sendStateRecording', 'clearState']) await chat[call]();
    const { chat_states: states } = await simulator.recordWhen('three states', (record) => record.chat_states.length === 3);
    assert.deepEqual(states.map(({ state }) => state), ['composing', 'recording', 'paused']);
    for (const kind of ['available', 'unavailable']) {
      await client.library[kind === 'available' ? 'sendPresenceAvailable' : 'sendPresenceUnavailable']();
      await simulator.recordWhen(kind, ({ presences }) => presences.at(-1) === kind);
    }
  });

  const noGroup = { lacking: 'WAWebGroupCreateJob is there only after somebody has opened it', error: /CreateGroupError/ };
  fails('createGroup', noGroup, async () => {
    const made = await client.library.createGroup('A group', [lid]);
    if (typeof made === 'string') throw new Error(made);
  });

  it('promoteParticipants, demoteParticipants, removeParticipants, setSubject, leave', async () => {
    const { id } = await simulator.control('group', { members: [FRIEND, OTHER], admin: true });
    await client.events.first('group_join', ({ id: notice }) => notice.remote === id || notice.remote?._serialized === id);
    const group = await client.library.getChatById(id);
    assert.deepEqual([group.isGroup, group.participants.length], [true, 3]);
    await group.promoteParticipants([other]);
    await since.group(id, ({ admins }) => admins.includes(OTHER));
    await group.demoteParticipants([other]);
    await since.group(id, ({ admins }) => !admins.includes(OTHER));
    await group.removeParticipants([other]);
    await since.group(id, ({ members }) => !members.includes(OTHER));
    assert.equal(await group.setSubject('Another'), true);
    await since.group(id, ({ subject }) => subject === 'Another');
    assert.deepEqual((await client.library.getChats()).map((one) => one.id._serialized).sort(), [lid, id].sort());
    await group.leave();
    await since.group(id, ({ is_member: isMember }) => !isMember);
  });

  it('getInviteInfo', async () => {
    const { id, code } = await simulator.control('group', { members: [FRIEND], is_member: false });
    assert.equal((await client.library.getInviteInfo(code)).id._serialized, id);
  });

  fails('acceptInvite', unopened('WAWebGroupInviteJob'), async () => {
    const { code } = await simulator.control('group', { members: [FRIEND], is_member: false });
    await client.library.acceptInvite(code);
  });

  let call;
  it('call', async () => {
    await simulator.control('call', { from: FRIEND, id: 'CALL', video: true });
    [call] = await client.events.first('call');
    assert.deepEqual([call.id, call.isVideo], ['CALL', true]);
  });

  // It names the caller by what is left of a wid outside of the page.
  const noWid = { lacking: 'WAWap takes no serialized wid: the refusal does not leave', error: /no refusal/ };
  fails('call.reject', noWid, async () => {
    await call.reject();
    await simulator.recordWhen('refusal', ({ actions }) => actions.some(({ action }) => action === 'reject-call'), SILENCE_MS);
  });
});
