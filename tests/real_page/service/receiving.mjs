// Claims of what arrives: while the page is open, over a lost line, and in an absence.
import { FRIEND, bytes } from './claims.mjs';

export async function text(claims) {
  const { w, say } = claims;
  await w.ctl('incoming', { from: FRIEND, text: 'hola', opt: { id: '3EB0AAAA0000000000000001' } });
  const m = await claims.row((x) => x.body === 'hola');
  say(
    m && m.phone === FRIEND && m.direction === 'in',
    'an incoming text is in GET /messages, with the phone behind the LID',
    m && { id: m.id, phone: m.phone, name: m.name },
  );
  const s = await w.post('/send', { number: FRIEND, message: 'respuesta' });
  say(s.status === 200, 'POST /send to somebody known: 200', s.status);
  const q = (await w.ctl('state')).iqs.length;
  const s2 = await w.post('/send', { number: FRIEND, message: 'otra' });
  say(
    s2.status === 200 && (await w.ctl('state')).iqs.slice(q).filter((x) => /usync/.test(x)).length === 0,
    'a second one makes no look-up',
    (await w.ctl('state')).iqs.slice(q),
  );
  const s3 = await w.post('/send', { number: '5491166667777', message: 'a un extraño' });
  say(s3.status === 200, 'to a stranger: 200', s3.status);
  const sent = (await w.ctl('state')).sent;
  say(
    sent.at(-1).encs[0].message.conversation === 'a un extraño',
    'and the contact can open it',
    sent.at(-1).encs.map((e) => [e.jid, e.type]),
  );
  const ack = await claims.row((x) => x.body === 'respuesta' && x.ack === 2);
  say(!!ack, 'the delivery receipt is seen (ack 2)');
}

export async function kinds(claims) {
  const { w, say } = claims;
  const list = {
    '3EB0BBBB000000000000BU': [
      'Sí, quiero',
      { buttonsResponseMessage: { selectedButtonId: 'si', selectedDisplayText: 'Sí, quiero', type: 1 } },
    ],
    '3EB0BBBB000000000000LI': [
      'Turno de las 10',
      {
        listResponseMessage: {
          title: 'Turno de las 10',
          listType: 1,
          singleSelectReply: { selectedRowId: 't10' },
          description: 'mañana',
        },
      },
    ],
    '3EB0BBBB000000000000TE': [
      'De acuerdo',
      { templateButtonReplyMessage: { selectedId: 'ok', selectedDisplayText: 'De acuerdo', selectedIndex: 0 } },
    ],
    '3EB0BBBB000000000000LO': [
      'Obelisco',
      { locationMessage: { degreesLatitude: -34.6, degreesLongitude: -58.4, name: 'Obelisco', address: 'CABA' } },
    ],
    '3EB0BBBB000000000000CO': [
      'Ana',
      {
        contactMessage: {
          displayName: 'Ana',
          vcard: 'BEGIN:VCARD\nVERSION:3.0\nFN:Ana\nTEL;waid=5491133334444:+54 9 11 3333-4444\nEND:VCARD',
        },
      },
    ],
    '3EB0BBBB000000000000PO': [
      '¿Cuándo?',
      {
        pollCreationMessageV3: {
          name: '¿Cuándo?',
          options: [{ optionName: 'hoy' }, { optionName: 'mañana' }],
          selectableOptionsCount: 1,
        },
        messageContextInfo: { messageSecret: bytes('7'.repeat(32)) },
      },
    ],
    '3EB0BBBB000000000000EX': ['mirá', { extendedTextMessage: { text: 'mirá https://example.org' } }],
  };
  for (const [id, [, m]] of Object.entries(list)) await claims.fromFriend(m, id);
  for (const [id, [word]] of Object.entries(list)) {
    const m = await claims.row((x) => x.id.includes(id), 4000);
    say(m && m.body.includes(word), `${m ? m.type : 'nothing'}: its words are in body`, m && m.body);
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
  await w.ctl('incoming', { from: FRIEND, text: 'en la oscuridad' });
  await w.ctl('refuse', { on: 0 });
  const b = await w.until('READY', 60000);
  say(b.ms !== null, 'back to READY', b.ms);
  say(!!(await claims.row((x) => x.body === 'en la oscuridad')), 'what came meanwhile is there');
}

export async function restart(claims) {
  const { w, say } = claims;
  await w.halt();
  for (let i = 0; i < 5; i++) await w.ctl('incoming', { from: FRIEND, text: 'ausente ' + i });
  await w.service();
  const b = await w.until('READY', 60000);
  say(b.ms !== null, 'same tokens: READY without a code', b.ms);
  await claims.row((x) => x.body === 'ausente 4');
  const got = (await claims.rows()).filter((x) => /^ausente/.test(x.body));
  say(
    got.length === 5 && got.every((x, i) => x.body === 'ausente ' + i),
    'what came in the absence: all, once, in order',
    got.map((x) => [x.body, x.recovered]),
  );
}
