// Claims about groups, and about WhatsApp's own limits on first messages.
import { FRIEND } from './claims.mjs';

const BY_LID = '120363000000000001';
const BY_PHONE = '120363000000000002';
const ANNOUNCE = '120363000000000003';
const UNKNOWN = '120363000000000009';

export async function groups(claims) {
  const { w, say } = claims;
  for (const [id, member, byLid] of [
    [BY_LID, '5491133330001', true],
    [BY_PHONE, '5491133330002', false],
  ]) {
    const how = byLid ? 'by LID' : 'by phone number';
    await w.ctl('group', { id, opt: { byLid, members: [member, '5491133330003'] } });
    await w.ctl('ingroup', { id, from: member, text: `in the group ${how}` });
    const entry = await claims.row(({ body }) => body === `in the group ${how}`, 10000);
    const { chat_id: chat, author, author_phone: phone, author_lid: lid } = entry ?? {};
    const holds = chat === `${id}@g.us` && phone === member && /@lid$/.test(lid ?? '');
    say(holds, `a member of a group addressed ${how} writes: the author has phone and LID`, { chat, author, phone, lid });
    const [behindLid, behindNumber] = [await w.get(`/contacts/${lid}`), await w.get(`/contacts/${member}`)];
    const isOne = [behindLid, behindNumber].every((person) => person.phone === member && person.lid === lid);
    say(isOne, 'GET /contacts names the same person by the LID and by the number', { behindLid, behindNumber });
    const sent = await w.post('/send', { to: `${id}@g.us`, message: `to the group ${how}` });
    say(sent.status === 200, `POST /send to it: 200`, sent.status === 200 ? undefined : sent.body);
    const { sent: stanzas } = await w.ctl('state');
    const ours = stanzas.filter(({ to }) => to === `${id}@g.us`);
    const readers = ours.at(-1)?.readers ?? {};
    const members = [member, '5491133330003'];
    const all = members.every((pn) => readers[pn]?.conversation === `to the group ${how}`);
    say(ours.length === 1 && all, 'and it leaves once, and each member can read it', Object.keys(readers));
    await w.ctl('ingroup', { id, from: member, text: `again in the group ${how}` });
    const next = await claims.row(({ body }) => body === `again in the group ${how}`, 10000);
    say(next?.author_phone === member, 'what the member writes with the same key is read too');
  }
  await w.ctl('removed', { id: BY_PHONE });
  await w.ctl('group', { id: ANNOUNCE, opt: { announce: true, members: ['5491133330001'] } });
  await w.ctl('ingroup', { id: ANNOUNCE, from: '5491133330001', text: 'an announcement' });
  await claims.row(({ body }) => body === 'an announcement', 10000);
  for (const [id, which] of [
    [ANNOUNCE, 'where only admins write'],
    [BY_PHONE, 'that the account was taken out of'],
    [UNKNOWN, 'that the account is not in'],
  ]) {
    const before = (await w.ctl('state')).sent.length;
    const { status, body } = await w.post('/send', { to: `${id}@g.us`, message: 'not for them' });
    const after = (await w.ctl('state')).sent.length;
    say(status === 403 && body.code === 'CHAT_READ_ONLY' && after === before, `a group ${which} is refused before anything leaves`, {
      status,
      code: body.code,
    });
  }
}

/** People to whom the account has never written. */
const STRANGERS = ['5491144440001', '5491144440002'];

export async function limits(claims) {
  const { w, say } = claims;
  const until = Math.floor(Date.now() / 1000) + 3600;
  await w.ctl('incoming', { from: FRIEND, text: 'somebody who is known' });
  await claims.row(({ body }) => body === 'somebody who is known');
  const cases = [
    ['timelock', { until_s: until }, 'a time without new chats', (told) => told.timelock],
    ['cap', { status: 'CAPPED', until_s: until }, 'the cap on new chats', (told) => told.new_chats?.status === 'CAPPED'],
  ];
  for (const [index, [name, params, what, isTold]] of cases.entries()) {
    await w.ctl(name, params);
    // The page asks for its limits when it starts.
    await claims.again();
    const told = await claims.until(async () => {
      const { limits: present } = await w.get('/status');
      return present && isTold(present) && present;
    }, 15000);
    say(told !== null, `${what} is in /status`, told);
    const { status, body } = await w.post('/send', { number: STRANGERS[index], message: 'a first message' });
    say(status === 429 && body.code === 'NEW_CHATS_RESTRICTED', 'and a first message to a stranger is refused', {
      status,
      code: body.code,
    });
    const known = await w.post('/send', { number: FRIEND, message: `in spite of ${what}` });
    say(known.status === 200, 'while somebody known is written to', known.status);
    await w.ctl('timelock', {});
    await w.ctl('cap', { status: 'NONE', until_s: until });
  }
  await claims.again();
  for (const [index, [name, params, what, isTold]] of cases.entries()) {
    await w.ctl(name, { ...params, told: 1 });
    const told = await claims.until(async () => {
      const { limits: present } = await w.get('/status');
      return present && isTold(present) && present;
    }, 10000);
    say(told !== null, `${what} that begins while the page is open is in /status`, told);
    const { status, body } = await w.post('/send', { number: STRANGERS[index], message: 'a first message' });
    say(status === 429 && body.code === 'NEW_CHATS_RESTRICTED', 'and refuses a first message', { status, code: body.code });
    await (name === 'timelock' ? w.ctl('timelock', { told: 1 }) : w.ctl('cap', { status: 'NONE', until_s: until, told: 1 }));
    const lifted = await claims.until(async () => !isTold((await w.get('/status')).limits), 10000);
    say(lifted, 'and its end is seen');
  }
  await w.ctl('cap', { status: 'CAPPED', until_s: until });
  await w.ctl('ack', { rule: '475' });
  const beyond = await w.post('/send', { number: '5491144440003', message: 'one too many' });
  await w.ctl('ack', { rule: 'ack' });
  const learnt = await claims.until(async () => (await w.get('/status')).limits?.new_chats?.status === 'CAPPED', 10000);
  say(beyond.status !== 200 && learnt, "the server's no to one too many makes the cap known", { code: beyond.body.code });
  await w.ctl('cap', { status: 'NONE', until_s: until, told: 1 });
  await claims.until(async () => (await w.get('/status')).limits?.new_chats?.status === 'NONE', 10000);
  const free = await w.post('/send', { number: STRANGERS[0], message: 'a first message, at last' });
  say(free.status === 200, 'and then a stranger is written to', free.status === 200 ? undefined : free.body);
}
