// Claims about received messages: while the page is open, after a lost connection, and during an absence.
import fs from 'node:fs';
import path from 'node:path';
import { FRIEND, bytes } from './claims.mjs';

/** A person with whom there is no chat yet. */
const STRANGER = '5491166667777';

export async function text(claims) {
  const { w, say } = claims;
  await w.ctl('incoming', { from: FRIEND, text: 'hello', opt: { id: '3EB0AAAA0000000000000001' } });
  const m = await claims.row((x) => x.body === 'hello');
  say(
    m && m.phone === FRIEND && m.direction === 'in',
    'an incoming text is in GET /messages, with the phone behind the LID',
    m && { id: m.id, phone: m.phone, name: m.name },
  );
  const s = await w.post('/send', { number: FRIEND, message: 'an answer' });
  say(s.status === 200, 'POST /send to somebody known: 200', s.status);
  const q = (await w.ctl('state')).iqs.length;
  const s2 = await w.post('/send', { number: FRIEND, message: 'another' });
  say(
    s2.status === 200 && (await w.ctl('state')).iqs.slice(q).filter((x) => /usync/.test(x)).length === 0,
    'a second one makes no look-up',
    (await w.ctl('state')).iqs.slice(q),
  );
  const s3 = await w.post('/send', { number: STRANGER, message: 'to a stranger' });
  say(s3.status === 200, 'to a stranger: 200', s3.status);
  const sent = (await w.ctl('state')).sent;
  say(
    sent.at(-1).encs[0].message.conversation === 'to a stranger',
    'and the contact can open it',
    sent.at(-1).encs.map((e) => [e.jid, e.type]),
  );
  const ack = await claims.row((x) => x.body === 'an answer' && x.ack === 2);
  say(!!ack, 'the delivery receipt is seen (ack 2)');
}

/** Any digest, key or thumbnail. */
const some = (n) => bytes('s'.repeat(n));
const IMAGE = {
  url: 'https://mmg.whatsapp.net/v/none',
  directPath: '/v/none',
  mimetype: 'image/jpeg',
  fileLength: 1000,
  height: 10,
  width: 10,
  mediaKey: some(32),
  fileSha256: some(32),
  fileEncSha256: some(32),
};
const VCARD = 'BEGIN:VCARD\nVERSION:3.0\nFN:Ana\nTEL;waid=5491133334444:+54 9 11 3333-4444\nEND:VCARD';
const POLL = { name: 'When?', options: [{ optionName: 'today' }, { optionName: 'later' }], selectableOptionsCount: 1 };
const EVENT = { isCanceled: false, name: 'The party', description: 'bring cake', startTime: 1900000000 };
const SECRET = { messageContextInfo: { messageSecret: some(32) } };

/** Messages of all types with text: the expected body, the expected data beside it, and the message in the protocol. */
const KINDS = [
  ['Yes, please', /"id":"yes"/, { buttonsResponseMessage: { selectedButtonId: 'yes', selectedDisplayText: 'Yes, please', type: 1 } }],
  [
    'At ten',
    /"id":"t10"/,
    { listResponseMessage: { title: 'At ten', listType: 1, singleSelectReply: { selectedRowId: 't10' }, description: 'tomorrow' } },
  ],
  ['All right', /"id":"ok"/, { templateButtonReplyMessage: { selectedId: 'ok', selectedDisplayText: 'All right', selectedIndex: 0 } }],
  [
    'Obelisco',
    /"latitude":-34.6,"longitude":-58.4/,
    { locationMessage: { degreesLatitude: -34.6, degreesLongitude: -58.4, name: 'Obelisco', address: 'CABA' } },
  ],
  ['Ana', /"phones":\["[^"]*3333/, { contactMessage: { displayName: 'Ana', vcard: VCARD } }],
  ['When?', /"options":\["today","later"\]/, { pollCreationMessageV3: POLL, ...SECRET }],
  ['The party', /"name":"The party"/, { eventMessage: EVENT, ...SECRET }, { type: 'event' }],
  ['see https://example.org', null, { extendedTextMessage: { text: 'see https://example.org' } }],
  ['what a view', null, { imageMessage: { ...IMAGE, caption: 'what a view' } }, { type: 'media' }],
];

export async function kinds(claims) {
  const { say } = claims;
  for (const [at, [, , message, extra]] of KINDS.entries()) await claims.fromFriend(message, `3EB0BBBB00000000000${at}`, extra);
  for (const [at, [words, rest]] of KINDS.entries()) {
    const entry = await claims.row(({ id }) => id.endsWith(`3EB0BBBB00000000000${at}`));
    const data = JSON.stringify(entry?.data ?? null);
    say(entry?.body.includes(words) && (rest === null || rest.test(data)), `${entry?.type ?? 'nothing'}: its words are in body${rest ? ', the rest is beside it' : ''}`, {
      body: entry?.body,
      data: entry?.data,
    });
  }
}

export async function line(claims) {
  const { w, say } = claims;
  await w.ctl('drop');
  console.log('    dropped once, the service says: ' + JSON.stringify(await w.watch(4000)));
  await w.ctl('refuse', { on: 1 });
  await w.ctl('drop');
  const t = await w.until((x) => x.state !== 'READY', 20000);
  say(t.ms !== null && t.ms < 10000, 'a lost line is seen within 10 s', t);
  await w.ctl('incoming', { from: FRIEND, text: 'in the dark' });
  await w.ctl('refuse', { on: 0 });
  const b = await w.until('READY', 60000);
  say(b.ms !== null, 'back to READY', b.ms);
  say(!!(await claims.row((x) => x.body === 'in the dark')), 'what came meanwhile is there');
}

export async function restart(claims) {
  const { w, say } = claims;
  await w.halt();
  for (let i = 0; i < 5; i++) await w.ctl('incoming', { from: FRIEND, text: 'absent ' + i });
  await w.service();
  const b = await w.until('READY', 60000);
  say(b.ms !== null, 'same tokens: READY without a code', b.ms);
  await claims.row((x) => x.body === 'absent 4');
  const got = (await claims.rows()).filter((x) => /^absent/.test(x.body));
  say(
    got.length === 5 && got.every((x, i) => x.body === 'absent ' + i),
    'what came in the absence: all, once, in order',
    got.map((x) => [x.body, x.recovered]),
  );
  const from = (await w.ctl('state')).iqs.length;
  const sent = await w.post('/send', { number: FRIEND, message: 'after the restart' });
  const asked = (await w.ctl('state')).iqs.slice(from).filter((iq) => iq.startsWith('usync/'));
  say(sent.status === 200 && asked.length === 0, 'and somebody known is written to without a look-up, after the restart too', asked);
}

/** Yesterday's profile is restored: the page continues from its old row number, with other messages. */
export async function restored(claims) {
  const { w, say } = claims;
  const [profile, copy] = [path.join(w.dir, 'tokens', 'admin'), path.join(w.dir, 'yesterday')];
  await w.until('READY', 60000);
  await w.halt();
  fs.cpSync(profile, copy, { recursive: true });
  await w.service();
  await w.until('READY', 60000);
  for (let n = 0; n < 5; n += 1) await w.ctl('incoming', { from: FRIEND, text: `before the restore ${n}` });
  await claims.row(({ body }) => body === 'before the restore 4');
  await w.halt();
  fs.rmSync(profile, { recursive: true });
  fs.renameSync(copy, profile);
  for (let n = 0; n < 5; n += 1) await w.ctl('incoming', { from: FRIEND, text: `after the restore ${n}` });
  await w.service();
  const ready = await w.until('READY', 60000);
  say(ready.ms !== null, 'with an older profile put back: READY', ready.ms);
  await claims.row(({ body }) => body === 'after the restore 4', 20000);
  const bodies = (await claims.all()).map(({ body }) => body).filter((body) => / the restore \d$/.test(body));
  const expected = ['before', 'after'].flatMap((when) => [0, 1, 2, 3, 4].map((n) => `${when} the restore ${n}`));
  say(JSON.stringify(bodies) === JSON.stringify(expected), 'what came before and after is in the log, once and in order', bodies.length);
}
