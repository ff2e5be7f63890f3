// wa-js: what people do with messages, chats, people and groups, besides sending texts and files.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Since } from './asking.mjs';
import { fails } from './expected.mjs';
import { temporaryFolder } from './folder.mjs';
import { START_MS, Simulator } from './simulator.mjs';
import { Page } from './wa-js.mjs';

/* global WPP */

const FRIEND = '5491122334455';
const OTHER = '5491166660002';
/** A part of the page that it fetches only when somebody opens it; nobody has. */
const unopened = (name, error = /is not a function/) => ({ lacking: `${name} is there only after somebody has opened it`, error });

describe('wa-js', () => {
  let simulator;
  let page;
  let since;
  let lid;
  let other;
  let received;

  /** Calls a function of the library, and tells what of its answer is text, number or truth. */
  const call = (name, ...values) =>
    page.run(
      async (path, given) => {
        const [room, work] = path.split('.');
        const answer = await WPP[room][work](...given);
        return answer && typeof answer === 'object' ? Object.fromEntries(Object.entries(answer).filter(([, one]) => typeof one !== 'object')) : answer;
      },
      name,
      values,
    );

  before(async () => {
    simulator = await Simulator.start();
    page = await Page.open(simulator, temporaryFolder());
    await simulator.recordWhen('a code', ({ codes }) => codes.length > 0);
    await simulator.scan();
    await page.events.first('conn.stream_mode_changed', (mode) => mode === 'MAIN');
    since = new Since(simulator);
    ({ lid } = await simulator.control('person', { number: FRIEND, name: 'Ana' }));
    ({ lid: other } = await simulator.control('person', { number: OTHER }));
    await simulator.control('faults', { pictures: { [FRIEND]: { jpeg: '/9j/4AAQSkZJRg==', hidden: false } } });
    for (const number of [FRIEND, OTHER]) await call('contact.queryExists', `${number}@c.us`);
    ({ message: received } = await simulator.control('incoming', { from: FRIEND, body: 'hello' }));
    await page.events.first('chat.new_message', ({ id }) => id === received);
  }, { timeout: START_MS });

  after(async () => {
    await page?.close();
    await simulator?.stop();
  }, { timeout: START_MS });

  const bare = (key) => key.split('_')[2];

  it('sendReactionToMessage, getReactions', async () => {
    for (const emoji of ['👍', '']) {
      await call('chat.sendReactionToMessage', received, emoji);
      assert.deepEqual(await since.action(), { action: 'reaction', message: bare(received), emoji });
    }
    await simulator.control('reaction', { message: received, from: FRIEND, emoji: '🎉' });
    let reactions = [];
    const ask = async (id) => (await WPP.chat.getReactions(id)).reactions.map(({ aggregateEmoji, hasReactionByMe }) => [aggregateEmoji, hasReactionByMe]);
    while (reactions.length === 0) reactions = await page.run(ask, received);
    assert.deepEqual(reactions, [['🎉', false]]);
  });

  it('sendTextMessage: an answer, a mention, a preview', async () => {
    await call('chat.sendTextMessage', lid, 'an answer', { quotedMsg: received });
    assert.equal((await since.message()).fields.quotedStanzaID, bare(received));
    await call('chat.sendTextMessage', lid, `hi @${lid.split('@')[0]}`, { mentionedJidList: [lid] });
    assert.equal((await since.message()).body, `hi @${lid.split('@')[0]}`);
    const linkPreview = { title: 'A title', canonicalUrl: 'https://example.com/', matchedText: 'https://example.com/' };
    await call('chat.sendTextMessage', lid, 'look https://example.com/', { linkPreview });
    assert.equal((await since.message()).fields.title, 'A title');
  });

  it('editMessage, deleteMessage: for everyone, for me', async () => {
    const { id } = await call('chat.sendTextMessage', lid, 'mine', { waitForAck: true });
    const message = bare((await since.message()).key);
    assert.equal(message, bare(id));
    await call('chat.editMessage', id, 'better');
    assert.deepEqual(await since.action(), { action: 'edit', message, text: 'better' });
    await call('chat.deleteMessage', lid, id, true, true);
    assert.deepEqual(await since.action(), { action: 'revoke', message });
    const alone = await call('chat.sendTextMessage', lid, 'for me', { waitForAck: true });
    await since.message();
    await call('chat.deleteMessage', lid, alone.id, true, false);
    assert.deepEqual(await since.action(), { action: 'delete-for-me', message: bare(alone.id) });
  });

  fails('forwardMessage', unopened('WAWebChatForwardMessage', /not available in this session/), () => call('chat.forwardMessage', lid, received));

  it('sendLocationMessage, sendVCardContactMessage, sendCreatePollMessage', async () => {
    await call('chat.sendLocationMessage', lid, { lat: -34.5, lng: 58.25, name: 'Obelisco', address: '9 de Julio' });
    const place = await since.message();
    assert.deepEqual([place.type, place.fields.lat, place.fields.lng], ['location', -34.5, 58.25]);
    await call('chat.sendVCardContactMessage', lid, { id: `${FRIEND}@c.us`, name: 'Ana' });
    const card = await since.message();
    assert.deepEqual([card.type, card.body.includes(`waid=${FRIEND}`)], ['vcard', true]);
    await call('chat.sendCreatePollMessage', lid, 'when?', ['today', 'tomorrow']);
    const poll = await since.message();
    assert.deepEqual([poll.type, poll.fields.pollName, poll.fields.pollOptions.length], ['poll_creation', 'when?', 2]);
  });

  it('getProfilePictureUrl, blockContact, unblockContact', async () => {
    assert.match(await call('contact.getProfilePictureUrl', lid), /\/pps\//);
    for (const [name, on] of [['blockContact', true], ['unblockContact', false]]) {
      await call(`blocklist.${name}`, lid);
      assert.deepEqual(await since.action(), { action: 'block', lid, on });
      assert.equal(await call('blocklist.isBlocked', lid), on);
    }
  });

  it('archive, pin, mute, and undone', async () => {
    for (const [name, action] of [
      ['archive', { action: 'archive', on: true }], ['unarchive', { action: 'archive', on: false }],
      ['pin', { action: 'pin', on: true }], ['unpin', { action: 'pin', on: false }],
    ]) {
      await call(`chat.${name}`, lid);
      assert.deepEqual(await since.action(), { ...action, chat: lid }, name);
      // The command returns before its end.
      await page.page.waitForFunction((id, mark, on) => Boolean(WPP.whatsapp.ChatStore.get(id)[mark]) === on, {}, lid, action.action, action.on);
    }
    await call('chat.mute', lid, { duration: 3600 });
    const { action, until } = await since.action();
    assert.deepEqual([action, until > Date.now() / 1000 + 3000], ['mute', true]);
    await page.run(async (id) => void (await WPP.chat.unmute(id)), lid);
    assert.deepEqual(await since.action(), { action: 'mute', chat: lid, until: 0 });
  });

  it('markIsUnread; markIsRead, once the account is shown as online', async () => {
    await call('chat.markIsUnread', lid);
    assert.deepEqual(await since.action(), { action: 'unread', chat: lid });
    await simulator.control('incoming', { from: FRIEND, body: 'unread' });
    await page.events.first('chat.new_message', ({ body }) => body === 'unread');
    await call('chat.markIsRead', lid);
    assert.deepEqual((await simulator.record()).seen, []);
    await call('conn.markAvailable', true);
    await simulator.recordWhen('the chat to be read', ({ seen }) => seen.includes(lid));
  });

  it('markIsComposing, markIsRecording, markIsPaused', async () => {
    for (const name of ['markIsComposing', 'markIsRecording', 'markIsPaused']) await call(`chat.${name}`, lid);
    const { chat_states: states } = await simulator.recordWhen('three states', (record) => record.chat_states.length === 3);
    assert.deepEqual(states, ['composing', 'recording', 'paused'].map((state) => ({ chat: lid, state })));
  });

  fails('group.create', unopened('WAWebGroupCreateJob'), () => call('group.create', 'A group', [lid]));

  it('groups: participants, roles, subject, leave', async () => {
    const { id } = await simulator.control('group', { members: [FRIEND], admin: true });
    await page.page.waitForFunction((group) => WPP.whatsapp.ChatStore.get(group), {}, id);
    assert.deepEqual(await page.run(async () => (await WPP.group.getAllGroups()).map((group) => String(group.id))), [id]);
    await call('group.addParticipants', id, [`${OTHER}@c.us`]);
    await since.group(id, ({ members }) => members.includes(OTHER));
    for (const [name, isAdmin] of [['promoteParticipants', true], ['demoteParticipants', false]]) {
      await page.run(async (work, group, who) => void (await WPP.group[work](group, [who])), name, id, other);
      await since.group(id, ({ admins }) => admins.includes(OTHER) === isAdmin);
      await page.page.waitForFunction((group, who, is) => WPP.whatsapp.GroupMetadataStore.get(group).participants.get(who).isAdmin === is, {}, id, other, isAdmin);
    }
    await page.run(async (group, who) => void (await WPP.group.removeParticipants(group, [who])), id, other);
    await since.group(id, ({ members }) => !members.includes(OTHER));
    assert.equal(await call('group.setSubject', id, 'Another'), true);
    await since.group(id, ({ subject }) => subject === 'Another');
    await page.run(async (group) => void (await WPP.group.leave(group)), id);
    await since.group(id, ({ is_member: isMember }) => !isMember);
  });

  it('getGroupInfoFromInviteCode', async () => {
    const { code } = await simulator.control('group', { members: [FRIEND], is_member: false, subject: 'Others' });
    assert.equal((await call('group.getGroupInfoFromInviteCode', code)).subject, 'Others');
  });

  fails('group.join', unopened('WAWebGroupInviteJob'), async () => {
    const { code } = await simulator.control('group', { members: [FRIEND], is_member: false });
    await call('group.join', code);
  });

  it('call.reject', async () => {
    await simulator.control('call', { from: FRIEND, id: 'CALL' });
    await page.page.waitForFunction(() => WPP.whatsapp.CallStore?.get('CALL') ?? true);
    await call('call.reject', 'CALL');
    assert.deepEqual(await since.action(), { action: 'reject-call', call: 'CALL', peer: lid });
  });
});
