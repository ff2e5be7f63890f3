// Claims about what messages say besides text, and about what is done to messages and chats, by the service's routes. Each is
// opened as the other side would.
import { acted, said } from '../facts/real.mjs';
import { FRIEND } from './claims.mjs';

const OTHER = '5491133330007';
const NOBODY = '5491100000000';

/** The key that WhatsApp gave to a message. */
const keyOf = (id) => id.split('_')[2];

/** What the friend opens of a message; waits for it. */
async function opened(claims, id) {
  const found = await claims.until(async () => {
    const { sent } = await claims.w.ctl('state');
    return sent.find((message) => message.id === keyOf(id));
  }, 10000);
  return found?.encs[0].message;
}

/** What others received since a number of stanzas, as they find it. */
async function received(claims, since) {
  const { sent } = await claims.w.ctl('state');
  return sent.slice(since).map(({ encs }) => acted(encs[0].message));
}

const sentSoFar = async ({ w }) => (await w.ctl('state')).sent.length;

async function incoming(claims, text) {
  await claims.w.ctl('incoming', { from: FRIEND, text });
  return (await claims.row(({ body }) => body === text, 10000)).id;
}

async function contents(claims) {
  const { w, say } = claims;
  const question = await incoming(claims, 'a question by HTTP');
  await w.ctl('incoming', { from: OTHER, text: 'somebody to be mentioned' });
  await claims.row(({ body }) => body === 'somebody to be mentioned', 10000);
  const { lid } = await w.get(`/contacts/${OTHER}`);
  const user = lid.split('@')[0];
  for (const [what, body, holds, logged] of [
    [
      'an answer',
      { message: 'an answer by HTTP', reply_to: question },
      ({ text, answers }) => text === 'an answer by HTTP' && answers?.text === 'a question by HTTP',
      ({ quoted_id: id }) => id === keyOf(question),
    ],
    [
      'a mention',
      { message: `thanks @${OTHER}`, mentions: [OTHER] },
      ({ text }, { extendedTextMessage: raw }) => text === `thanks @${user}` && raw.contextInfo.mentionedJid.join() === lid,
      ({ data }) => data?.mentions?.[0]?.phone === OTHER && data.mentions[0].lid === lid,
    ],
    [
      'a place that answers',
      { location: { latitude: -34.5, longitude: -58.25, name: 'Name', address: 'Address' }, reply_to: question },
      ({ place, answers }) => place?.name === 'Name' && place.at[0] === -34.5 && answers?.text === 'a question by HTTP',
      ({ type, data }) => type === 'location' && data?.location?.latitude === -34.5,
    ],
    [
      'a contact',
      { contacts: [{ name: 'Ana', phone: OTHER }] },
      ({ contacts }) => contacts?.[0]?.name === 'Ana' && contacts[0].vcard.includes(`waid=${OTHER}:`),
      ({ type, data }) => type === 'vcard' && data?.contacts?.[0]?.name === 'Ana',
    ],
    [
      'contacts',
      { contacts: [{ name: 'Ana', phone: OTHER }, { name: 'Bo', phone: FRIEND }] },
      ({ contacts }) => contacts?.length === 2 && contacts[1].name === 'Bo',
      ({ type, data }) => type === 'multi_vcard' && data?.contacts?.length === 2,
    ],
    [
      'a poll',
      { poll: { question: 'When by HTTP?', options: ['today', 'later'], multiple: true } },
      ({ poll }) => poll?.question === 'When by HTTP?' && poll.options.join() === 'today,later' && poll.most === 0 && poll.secret,
      ({ type, data }) => type === 'poll_creation' && data?.poll?.options?.length === 2,
    ],
  ]) {
    const { status, body: sent } = await w.post('/send', { number: FRIEND, ...body });
    const raw = status === 200 ? ((await opened(claims, sent.message_id)) ?? {}) : {};
    const found = status === 200 ? said(raw) : sent;
    say(status === 200 && Boolean(holds(found, raw)), `${what} by POST /send is what the friend opens`, found);
    if (status !== 200) continue;
    const entry = await claims.row(({ id }) => id === sent.message_id, 10000);
    say(Boolean(entry && logged(entry)), 'and the log says so', entry && { type: entry.type, data: entry.data, quoted_id: entry.quoted_id });
  }
  const began = Date.now();
  const link = { number: FRIEND, message: 'look at https://example.com/', link_preview: true };
  const { status, body } = await w.post('/send', link);
  const plain = said((await opened(claims, body.message_id ?? '')) ?? {});
  const ms = Date.now() - began;
  say(status === 200 && plain.text === link.message && ms < 20000, 'a text whose preview the phone does not give goes without', { status, ms });

  const strangers = Array.from({ length: 12 }, (_, n) => `54911777700${String(n).padStart(2, '0')}`);
  const asked = (await w.ctl('state')).iqs.length;
  const crowd = await w.post('/send', { number: FRIEND, message: strangers.map((one) => `@${one}`).join(' '), mentions: strangers });
  const questions = (await w.ctl('state')).iqs.slice(asked).filter((iq) => iq.startsWith('usync/'));
  const named = (await opened(claims, crowd.body.message_id ?? ''))?.extendedTextMessage?.contextInfo?.mentionedJid;
  const isAsked = crowd.status === 200 && questions.length === 2 && new Set(named).size === strangers.length;
  say(isAsked, 'twelve strangers who are mentioned are looked up by two questions', { status: crowd.status, questions, named: named?.length });

  await w.ctl('unknown', { list: NOBODY });
  const before = await sentSoFar(claims);
  const mention = await w.post('/send', { number: FRIEND, message: `@${NOBODY}`, mentions: [NOBODY] });
  const absent = await w.post('/send', { number: FRIEND, message: 'to nothing', reply_to: question.replace(keyOf(question), '3EB000000000000000000000') });
  const codes = [mention, absent].map(({ status, body }) => [status, body.code]);
  const left = (await sentSoFar(claims)) - before;
  const holds = codes.join() === '400,NOT_ON_WHATSAPP,404,MESSAGE_NOT_FOUND' && left === 0;
  say(holds, 'somebody unknown who is mentioned and a message unknown that is answered are refused, and nothing leaves', { codes, left });
  return question;
}

async function messages(claims, question) {
  const { w, say } = claims;
  let before = await sentSoFar(claims);
  const path = `/messages/${encodeURIComponent(question)}`;
  const reactions = [];
  for (const emoji of ['👍', '👍', '🎉', '']) reactions.push((await w.ask('POST', `${path}/reaction`, { emoji })).status);
  const reacted = await received(claims, before);
  const holds = reactions.every((status) => status === 200) && reacted.join() === 'reaction 👍,reaction 🎉,reaction';
  say(holds, 'reactions, and the last one taken back: each reaches the friend once', { reactions, reacted });

  const { body: mine } = await w.post('/send', { number: FRIEND, message: 'to be edited by HTTP' });
  const own = `/messages/${encodeURIComponent(mine.message_id)}`;
  before = await sentSoFar(claims);
  const edits = [await w.ask('PATCH', own, { message: 'edited by HTTP' }, 'edit'), await w.ask('PATCH', own, { message: 'edited by HTTP' }, 'edit')];
  const edited = await received(claims, before);
  const entry = await claims.row(({ id, edited_at: at }) => id === mine.message_id && at, 10000);
  say(
    edits.every(({ status }) => status === 200) && edited.join() === 'edit' && entry?.body === 'edited by HTTP',
    'an edit twice under one key reaches the friend once, and the log has its text',
    { edits: edits.map(({ status }) => status), edited, body: entry?.body },
  );
  const conflict = await w.ask('PATCH', own, { message: 'another text' }, 'edit');
  say(conflict.status === 422, 'another text under that key is refused', conflict.body.code);

  const refused = [await w.ask('PATCH', path, { message: 'x' }), await w.ask('DELETE', path), await w.ask('PATCH', '/messages/none', { message: 'x' })];
  const codes = refused.map(({ status, body }) => `${status} ${body.code}`);
  say(codes.join() === '409 EDIT_NOT_POSSIBLE,409 REVOKE_NOT_POSSIBLE,404 MESSAGE_NOT_FOUND', "what is not ours is neither edited nor deleted for everyone", codes);

  before = await sentSoFar(claims);
  const forwards = [];
  for (let n = 0; n < 2; n += 1) forwards.push(await w.ask('POST', `${path}/forward`, { to: OTHER }, 'forward'));
  const [first, second] = forwards.map(({ body }) => body.message_id);
  const passed = said((await opened(claims, first ?? '')) ?? {});
  const left = (await sentSoFar(claims)) - before;
  say(
    forwards.every(({ status }) => status === 200) && first === second && left === 1 && passed.text === 'a question by HTTP' && passed.forwarded === 1,
    'a forward twice under one key is one message, and says that it is passed on',
    { forwards: forwards.map(({ status, body }) => [status, body.code]), left, forwarded: passed.forwarded },
  );

  before = await sentSoFar(claims);
  const deletions = [await w.ask('DELETE', own), await w.ask('DELETE', own)];
  const revoked = await received(claims, before);
  const gone = await claims.row(({ id, revoked_at: at }) => id === mine.message_id && at, 10000);
  say(
    deletions.every(({ status }) => status === 200) && revoked.join() === 'revoke' && Boolean(gone),
    'a deletion for everyone reaches the friend once, and the log has it',
    { deletions: deletions.map(({ status, body }) => [status, body.code]), revoked, revoked_at: gone?.revoked_at },
  );

  const { body: another } = await w.post('/send', { number: FRIEND, message: 'to be deleted here' });
  const forMe = (id) => w.ask('DELETE', `/messages/${encodeURIComponent(id)}?for=me`);
  before = await sentSoFar(claims);
  const here = [await forMe(another.message_id), await forMe(another.message_id)].map(({ status }) => status);
  const after = (await received(claims, before)).filter((act) => act === 'revoke');
  say(here.join() === '200,200' && after.length === 0, 'a deletion for this account, and again, is not sent to the friend', { here, after });
  const never = await forMe(another.message_id.replace(/_[^_]*$/, '_3EB0000000000000000000'));
  say(never.status === 404 && never.body.code === 'MESSAGE_NOT_FOUND', 'of a message that there never was: 404', never.body.code);

  const { body: kept } = await w.post('/send', { number: FRIEND, message: 'to be kept by the server' });
  const stays = `/messages/${encodeURIComponent(kept.message_id)}`;
  await w.ctl('ack', { rule: '479' });
  const unsure = [await w.ask('POST', `${stays}/reaction`, { emoji: '🎉' }), await w.ask('DELETE', stays)].map(({ status, body }) => `${status} ${body.code}`);
  await w.ctl('ack', { rule: 'ack' });
  say(unsure.join() === '500 WHATSAPP_ERROR,504 SEND_UNCONFIRMED', 'a refused reaction shows in the page, a refused deletion does not', unsure);
  const once = await w.ask('DELETE', stays);
  say(once.status === 200, 'and it may be repeated', once.body.code);
  return own;
}

/** An edit that the server does not answer, asked for again in the same document. */
async function unanswered(claims) {
  const { w, say } = claims;
  const { body: sent } = await w.post('/send', { number: FRIEND, message: 'to stay: silent' });
  const path = `/messages/${encodeURIComponent(sent.message_id)}`;
  await w.ctl('ack', { rule: 'silent' });
  const told = [];
  for (const message of ['edited late', 'edited late', 'another']) {
    const { status, body } = await w.ask('PATCH', path, { message });
    told.push(`${status} ${body.code}`);
  }
  const { edited_at: at } = await w.get(path);
  await w.ctl('ack', { rule: 'ack' });
  say(told.every((one) => one === '504 SEND_UNCONFIRMED') && at === null, 'an edit without an answer is unconfirmed, however often it is asked for', { told, at });
}

/** Edits that the server does not take, or takes too late, and one on the account's phone. */
async function edits(claims) {
  const { w, say } = claims;
  for (const [rule, expected] of [['479', '500 WHATSAPP_ERROR'], ['late', '409 EDIT_NOT_POSSIBLE']]) {
    const { body: sent } = await w.post('/send', { number: FRIEND, message: `to stay: ${rule}` });
    const path = `/messages/${encodeURIComponent(sent.message_id)}`;
    await w.ctl('ack', { rule });
    const { status, body } = await w.ask('PATCH', path, { message: 'never' });
    await w.ctl('ack', { rule: 'ack' });
    const { body: kept, edited_at: at } = await w.get(path);
    const holds = `${status} ${body.code}` === expected && kept === `to stay: ${rule}` && at === null;
    say(holds, `an edit that the server answers with ${rule} is ${expected}, and the log has the text that was sent`, { status, code: body.code, kept, at });
    const reacted = await w.ask('POST', `${path}/reaction`, { emoji: '👍' });
    const forwarded = await w.ask('POST', `${path}/forward`, { to: OTHER });
    const { ack } = await w.get(path);
    const stays = reacted.status === 200 && forwarded.body.message?.includes('its last edit is not sent') && ack >= 1;
    say(stays, 'the message still counts as sent', { reacted: reacted.body.code ?? 200, forwarded: forwarded.body.message, ack });
    const again = await w.ask('PATCH', path, { message: 'edited at last' });
    const entry = await claims.row(({ id, edited_at: edited }) => id === sent.message_id && edited, 10000);
    say(again.status === 200 && entry?.body === 'edited at last', 'and one that it takes is told', { status: again.status, body: entry?.body });
  }
  await unanswered(claims);
  const { body: sent } = await w.post('/send', { number: FRIEND, message: 'to be edited on the phone' });
  await w.ctl('editonphone', { to: FRIEND, id: keyOf(sent.message_id), text: 'edited on the phone' });
  const entry = await claims.row(({ id, edited_at: edited }) => id === sent.message_id && edited, 10000);
  say(entry?.body === 'edited on the phone', 'an edit on the phone is told', entry?.body);
}

async function chats(claims) {
  const { w, say } = claims;
  await incoming(claims, 'to be read by HTTP');
  const unread = (await w.ctl('state')).receipts.filter(({ type }) => type === 'read').length;
  const read = await w.ask('POST', `/chats/${FRIEND}/read`);
  const told = await claims.until(async () => (await w.ctl('state')).receipts.filter(({ type }) => type === 'read').length > unread, 10000);
  say(read.status === 200 && told !== null, 'a chat that is marked as read tells the friend', { status: read.status, code: read.body?.code });
  const marked = await w.ask('POST', `/chats/${FRIEND}/unread`);
  say(marked.status === 200, 'and it is marked as unread', { status: marked.status, code: marked.body?.code });
  const shown = [];
  for (const kind of ['text', 'voice', 'none']) shown.push((await w.ask('POST', `/chats/${FRIEND}/typing`, { kind })).status);
  const states = await claims.until(async () => {
    const { chatStates = [] } = await w.ctl('state');
    return chatStates.length >= 3 && chatStates.slice(-3);
  }, 10000);
  say(states?.join() === 'composing,composing audio,paused', 'the friend is shown typing, recording, and neither', { shown, states });
  const absent = '100000000000099@lid';
  const refused = [await w.ask('POST', `/chats/${absent}/typing`), await w.ask('GET', `/chats/${absent}`)].map(({ status, body }) => `${status} ${body.code}`);
  say(refused.join() === '404 CHAT_NOT_FOUND,404 CHAT_NOT_FOUND', 'typing to somebody without a chat is refused, and makes none', refused);
}

async function killed(claims, revoked) {
  const { w, say } = claims;
  const id = await incoming(claims, 'to react to and die');
  const path = `/messages/${encodeURIComponent(id)}/reaction`;
  await w.ctl('ack', { rule: 'silent' });
  const before = await sentSoFar(claims);
  const asked = w.ask('POST', path, { emoji: '❤️' }, 'killed').catch(() => ({ status: 0 }));
  await claims.until(async () => (await sentSoFar(claims)) > before, 10000);
  w.sm.kill('SIGKILL');
  await w.gone;
  w.sm = null;
  const { status } = await asked;
  await w.ctl('ack', { rule: 'ack' });
  await w.service();
  await w.until('READY', 60000);
  const again = await w.ask('POST', path, { emoji: '❤️' }, 'killed');
  const other = await w.ask('POST', path, { emoji: '👍' }, 'killed');
  const acts = await received(claims, before);
  const holds = status === 0 && again.status === 200 && other.status === 422 && acts.length > 0 && acts.every((act) => act === 'reaction ❤️');
  say(holds, 'a reaction that a kill -9 interrupts is done again under its key', { status, again: again.status, other: other.status, acts });

  const sent = await sentSoFar(claims);
  const repeated = await w.ask('DELETE', revoked);
  const left = (await received(claims, sent)).filter((act) => act === 'revoke');
  say(repeated.status === 200 && left.length === 0, 'what was deleted for everyone is so after a restart too', { status: repeated.status, left });

  const answer = await w.post('/send', { number: FRIEND, message: 'an answer after a restart', reply_to: id });
  const { answers } = said((await opened(claims, answer.body.message_id ?? '')) ?? {});
  say(answers?.text === 'to react to and die', 'a message that the new page has only in its table is answered', { status: answer.status, answers });
}

export async function acts(claims) {
  await claims.w.until('READY', 60000);
  const question = await contents(claims);
  const revoked = await messages(claims, question);
  await edits(claims);
  await chats(claims);
  await killed(claims, revoked);
}
