// Our service on the real page: node service.mjs [part…]. One line per claim; exit 1 on any NO. SM_BIN = the binary.
import { World, sleep } from './world.mjs';
const w = new World({ env: { SEND_RATE_PER_MINUTE: '6000', SEND_PAUSE_MS: '0' } });
const only = process.argv.slice(2);
let no = 0,
  n = 0;
const say = (ok, what, got) => {
  n += 1;
  if (!ok) no += 1;
  console.log(`${ok ? 'yes' : 'NO '} ${what}${got === undefined ? '' : ' — ' + JSON.stringify(got)}`);
};
const part = async (name, f) => {
  if (only.length && !only.includes(name)) return;
  console.log('# ' + name);
  try {
    await f();
  } catch (e) {
    say(false, name + ' broke off: ' + e.message);
  }
};
const them = '5491122334455',
  LID = '205491122334455@lid';
const rows = async () => (await w.get('/messages?limit=500')).items;
const row = async (f, ms = 6000) => {
  const end = Date.now() + ms;
  for (;;) {
    const r = (await rows()).find(f);
    if (r || Date.now() > end) return r;
    await sleep(200);
  }
};
const msg = (message, id, extra) => w.ctl('incoming', { from: them, opt: { id, message, extra } });
const $b = (s) => ({ $b64: Buffer.from(s).toString('base64') });
await w.start();
try {
  await w.service();
  if (only.includes('idle'))
    await part('idle', async () => {
      // three minutes
      await w.until('QR_REQUIRED');
      let last = null,
        t0 = Date.now();
      while (Date.now() - t0 < 200000) {
        const q = await w.get('/qr');
        if (q.status !== last) console.log('    ', Math.round((Date.now() - t0) / 1000), 's', q.status);
        last = q.status;
        await sleep(1000);
      }
      say(last === 'QR_AVAILABLE', '200 s without a scan: there is a code', {
        batches: (await w.ctl('state')).codesSent,
      });
    });
  await part('pairing code', async () => {
    await w.until('QR_REQUIRED');
    await sleep(1500);
    const p = await w.post('/pairing-code', { phone_number: '5491150000001' }),
      code = p.body && (p.body.code || p.body.pairing_code || '');
    say(p.status === 200 && /^[1-9A-Z]{4}-?[1-9A-Z]{4}$/.test(code), 'POST /pairing-code gives eight characters', {
      status: p.status,
      code,
    });
    const q = await w.get('/qr');
    say(q.status !== 'QR_AVAILABLE', 'and no QR that no phone could scan any more is offered beside it', {
      status: q.status,
    });
    const e = await w.ctl('enter', { code: code.replace('-', '') });
    const r = await w.until('READY', 60000);
    say(!e.error && r.ms !== null, 'typed on the phone: READY', { e, state: r.state, ms: r.ms });
    await w.ctl('unlink');
    await w.until((x) => x.reason === 'LOGGED_OUT', 15000);
    await w.post('/connect');
  });
  const r = await w.link();
  say(r.state === 'READY' && r.ms !== null, 'linked: READY', r);
  await part('text', async () => {
    await w.ctl('incoming', { from: them, text: 'hola', opt: { id: '3EB0AAAA0000000000000001' } });
    const m = await row((x) => x.body === 'hola');
    say(
      m && m.phone === them && m.direction === 'in',
      'an incoming text is in GET /messages, with the phone behind the LID',
      m && { id: m.id, phone: m.phone, name: m.name },
    );
    const s = await w.post('/send', { number: them, message: 'respuesta' });
    say(s.status === 200, 'POST /send to somebody known: 200', s.status);
    const q = (await w.ctl('state')).iqs.length;
    const s2 = await w.post('/send', { number: them, message: 'otra' });
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
    await sleep(1200);
    const ack = await row((x) => x.body === 'respuesta' && x.ack === 2, 4000);
    say(!!ack, 'the delivery receipt is seen (ack 2)');
  });
  await part('kinds', async () => {
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
          messageContextInfo: { messageSecret: $b('7'.repeat(32)) },
        },
      ],
      '3EB0BBBB000000000000EX': ['mirá', { extendedTextMessage: { text: 'mirá https://example.org' } }],
    };
    for (const [id, [, m]] of Object.entries(list)) await msg(m, id);
    for (const [id, [word]] of Object.entries(list)) {
      const m = await row((x) => x.id.includes(id), 4000);
      say(m && m.body.includes(word), `${m ? m.type : 'nothing'}: its words are in body`, m && m.body);
    }
  });
  await part('change', async () => {
    const at = { remoteJid: '100000000000001@lid', fromMe: true };
    await w.ctl('incoming', { from: them, text: 'uno', opt: { id: '3EB0DDDD0000000000000001' } });
    await w.ctl('incoming', { from: them, text: 'dos', opt: { id: '3EB0DDDD0000000000000002' } });
    await row((x) => x.body === 'dos');
    await msg(
      {
        editedMessage: {
          message: {
            protocolMessage: {
              key: { ...at, id: '3EB0DDDD0000000000000001' },
              type: 14,
              editedMessage: { conversation: 'uno (corregido)' },
              timestampMs: Date.now(),
            },
          },
        },
      },
      '3EB0DDDD000000000000000E',
      { edit: '1' },
    );
    const e = await row((x) => x.id.includes('3EB0DDDD0000000000000001') && x.edited_at, 4000);
    say(e && e.body === 'uno (corregido)', 'an edit amends the entry', e && { body: e.body, edited_at: e.edited_at });
    await msg(
      { protocolMessage: { key: { ...at, id: '3EB0DDDD0000000000000002' }, type: 0 } },
      '3EB0DDDD000000000000000F',
      { edit: '7' },
    );
    const d = await row((x) => x.id.includes('3EB0DDDD0000000000000002') && x.revoked_at, 4000);
    say(
      !!d,
      'a deletion marks the entry',
      d
        ? { revoked_at: d.revoked_at }
        : (await rows()).filter((x) => /DDDD/.test(x.id)).map((x) => [x.id, x.type, x.body, x.revoked_at]),
    );
    await msg(
      {
        reactionMessage: { key: { ...at, id: '3EB0DDDD0000000000000001' }, text: '👍', senderTimestampMs: Date.now() },
      },
      '3EB0DDDD0000000000000010',
    );
    await sleep(1500);
    say(
      !(await rows()).some((x) => x.id.includes('3EB0DDDD0000000000000010') && x.body === ''),
      'a reaction is no empty message',
      (await rows()).filter((x) => x.id.includes('0000000010')).map((x) => [x.type, x.body]),
    );
  });
  await part('refused', async () => {
    for (const code of ['475', '479', '421', '403']) {
      await w.ctl('ack', { rule: code });
      const t = Date.now();
      const s = await w.post('/send', { number: them, message: 'no ' + code });
      say(s.status !== 200 && s.status !== 504 && Date.now() - t < 5000, `the server's no ${code} is said at once`, {
        status: s.status,
        code: s.body.code ?? s.body.error,
        ms: Date.now() - t,
      });
    }
    await w.ctl('ack', { rule: 'ack' });
    const s = await w.post('/send', { number: them, message: 'sí de nuevo' });
    say(s.status === 200, 'and the next one goes', s.status);
  });
  await part('numbers', async () => {
    await w.ctl('unknown', { list: '5491100000000' });
    const s = await w.post('/send', { number: '5491100000000', message: 'a nadie' });
    say(s.body && s.body.code === 'NOT_ON_WHATSAPP', 'a number without WhatsApp is refused', {
      status: s.status,
      body: s.body,
    });
  });
  await part('line', async () => {
    await w.ctl('drop');
    console.log('    dropped once, the service says: ' + JSON.stringify(await w.watch(4000)));
    await w.ctl('refuse', { on: 1 });
    await w.ctl('drop');
    const t = await w.until((x) => x.state !== 'READY', 20000);
    say(t.ms !== null && t.ms < 10000, 'a lost line is seen within 10 s', t);
    await w.ctl('incoming', { from: them, text: 'en la oscuridad' });
    await w.ctl('refuse', { on: 0 });
    const b = await w.until('READY', 60000);
    say(b.ms !== null, 'back to READY', b.ms);
    say(!!(await row((x) => x.body === 'en la oscuridad')), 'what came meanwhile is there');
  });
  await part('restart', async () => {
    await w.halt();
    for (let i = 0; i < 5; i++) await w.ctl('incoming', { from: them, text: 'ausente ' + i });
    await w.service();
    const b = await w.until('READY', 60000);
    say(b.ms !== null, 'same tokens: READY without a code', b.ms);
    await row((x) => x.body === 'ausente 4');
    const got = (await rows()).filter((x) => /^ausente/.test(x.body));
    say(
      got.length === 5 && got.every((x, i) => x.body === 'ausente ' + i),
      'what came in the absence: all, once, in order',
      got.map((x) => [x.body, x.recovered]),
    );
  });
  await part('kill', async () => {
    await w.ctl('ack', { rule: 'silent' });
    const p = w.post('/send', { number: them, message: 'bajo fuego', idempotency_key: 'k1' }).catch(() => null);
    await sleep(2500);
    w.sm.kill('SIGKILL');
    await w.gone;
    await p;
    w.sm = null;
    await w.ctl('ack', { rule: 'ack' });
    const before = (await w.ctl('state')).sent.filter((x) =>
      x.encs.some((e) => e.message && e.message.conversation === 'bajo fuego'),
    ).length;
    await w.service();
    await w.until('READY', 60000);
    await sleep(8000);
    const after = (await w.ctl('state')).sent.filter((x) =>
      x.encs.some((e) => e.message && e.message.conversation === 'bajo fuego'),
    );
    say(
      after.length >= 1 && new Set(after.map((x) => x.id)).size === 1,
      'killed during a send: it leaves once, under one id',
      { before, after: after.map((x) => x.id) },
    );
    const again = await w.post('/send', { number: them, message: 'bajo fuego', idempotency_key: 'k1' });
    const last = (await w.ctl('state')).sent.filter((x) =>
      x.encs.some((e) => e.message && e.message.conversation === 'bajo fuego'),
    );
    say(new Set(last.map((x) => x.id)).size === 1, 'the retry with the same key sends no second one', {
      status: again.status,
      ids: [...new Set(last.map((x) => x.id))],
    });
  });
  await part('kill early', async () => {
    const mine = async () =>
      (await w.ctl('state')).sent.filter((x) =>
        x.encs.some((e) => e.message && e.message.conversation === 'antes de salir'),
      );
    await w.ctl('hold', { iq: 'encrypt/key' });
    const p = w
      .post('/send', { number: '5491199990000', message: 'antes de salir', idempotency_key: 'k2' })
      .catch(() => null);
    await sleep(4000);
    w.sm.kill('SIGKILL');
    await w.gone;
    await p;
    w.sm = null;
    await w.ctl('hold', {});
    await w.service();
    await w.until('READY', 60000);
    await sleep(12000);
    const after = await mine();
    say(after.length === 1, 'killed before it left: after the restart it leaves, once', { sent: after.length });
    const again = await w.post('/send', { number: '5491199990000', message: 'antes de salir', idempotency_key: 'k2' });
    say((await mine()).length === 1, 'and a retry with its key ends with one message at the contact', {
      status: again.status,
      code: again.body && again.body.code,
      sent: (await mine()).length,
    });
  });
  await part('refusals', async () => {
    for (const [reason, attrs, word] of [
      ['405', {}, /version|old/i],
      ['503', {}, /503|unavailable/i],
      ['402', { code: '101', expire: '20' }, /ban/i],
    ]) {
      await w.ctl('fail', { reason, attrs, now: 1 });
      const seen = await w.watch(15000),
        s = await w.status();
      say(s.state !== 'READY', `login refused with ${reason}: not READY`, seen);
      say(word.test(s.reason + ' ' + s.detail), `${reason} is named`, { reason: s.reason, detail: s.detail });
      await w.ctl('fail', {});
      const t = Date.now();
      while (Date.now() - t < 90000 && !(await w.ctl('state')).active) await sleep(500);
      const b = await w.until('READY', 60000);
      say(b.ms !== null, 'back to READY by itself', Date.now() - t);
    }
  });
  await part('replaced', async () => {
    await w.ctl('replaced');
    const s = await w.until((x) => x.state !== 'READY', 40000);
    say(s.ms !== null, 'used elsewhere: no longer READY within 40 s', s);
    const b = await w.post('/disconnect');
    await w.post('/connect');
    await w.until('READY', 40000);
  });
  await part('logout', async () => {
    const s0 = await w.until('READY', 20000);
    await w.ctl('unlink');
    const s = await w.until((x) => x.reason === 'LOGGED_OUT', 20000);
    say(s.ms !== null, 'unlinked by the phone: LOGGED_OUT', s);
  });
} catch (e) {
  say(false, 'broke off: ' + e.message);
}
await w.stop();
console.log(`${n} claims, ${no} NO`);
process.exit(no ? 1 : 0);
