// What the fact sheets say of the page, asked of the real modules: node facts.mjs. Prints one line per claim, exit 1 on any NO.
import { fromWork } from './where.mjs';
import fs from 'node:fs';
import { World, sleep } from './world.mjs';
import { flags } from './flags.mjs';
const puppeteer = fromWork('puppeteer-core');
const w = new World();
await w.start();
const only = process.argv.slice(2);
let no = 0;
const seen = [];
const say = (ok, what, got) => {
  if (!ok) no += 1;
  const line = `${ok ? 'yes' : 'NO '} ${what}${got === undefined ? '' : ' — ' + JSON.stringify(got)}`;
  seen.push(line);
  console.log(line);
};
const tell = (what, got) => console.log('    ' + what + ': ' + JSON.stringify(got)); // seen, not judged
const browser = await puppeteer.launch({
  executablePath: process.env.REAL_CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  pipe: true,
  userDataDir: w.dir + '/profile',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    ...flags(w.real),
    '--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
  ],
});
const page = await browser.newPage();
const navs = [];
page.on('framenavigated', (f) => navs.push(f.url()));
if (process.env.VERBOSE) page.on('console', (m) => console.log('   C', m.text().slice(0, 300)));
// our ears, before the page's own code: every event of the models and of Cmd, with the time
await page.evaluateOnNewDocument(() => {
  window.__ev = [];
  const t = setInterval(() => {
    if (!window.__real || !window.__real.boot) return;
    clearInterval(t);
    const q = window.require,
      t0 = performance.now(),
      push = (s) => window.__ev.push([Math.round(performance.now() - t0), s]);
    const S = q('WAWebSocketModel').Socket,
      C = q('WAWebConnModel').Conn,
      Cmd = q('WAWebCmd').Cmd;
    for (const k of ['state', 'stream', 'hasSynced']) S.on('change:' + k, (m, v) => push(`${k}=${v}`));
    C.on('change:ref', (m, v) => push(`ref ${S.state}`));
    const tr = Cmd.trigger;
    Cmd.trigger = function (n, ...a) {
      if (/logout|critical|offline|main_stream|ban|503|capping|timelock|synced|brigading/.test(n))
        push('cmd ' + n + (a.length ? ' ' + JSON.stringify(a).slice(0, 120) : ''));
      return tr.call(this, n, ...a);
    };
  }, 1);
});
const E = (f, ...a) => page.evaluate(f, ...a);
const open = async () => {
  await page.goto('https://web.whatsapp.com/', { waitUntil: 'domcontentloaded' });
};
const until = async (f, ms = 30000) => {
  const end = Date.now() + ms;
  let v;
  while (Date.now() < end) {
    v = await E(f).catch(() => null);
    if (v) return v;
    await sleep(100);
  }
  return v;
};
const events = () => E(() => window.__ev.map((e) => e[1]));
const code = () =>
  E(async () => {
    const q = require,
      b = q('WABase64').encodeB64;
    return [
      q('WAWebConnModel').Conn.ref,
      b((await q('WAWebUserPrefsInfoStore').waNoiseInfo.get()).staticKeyPair.pubKey),
      b((await q('WAWebSignalStoreApi').waSignalStore.getRegistrationInfo()).identityKeyPair.pubKey),
      await q('WAWebAdvSignatureApi').getADVSecretKey(),
      q('WAWebCompanionRegClientUtils').DEVICE_PLATFORM,
    ].join(',');
  });
const link = async () => {
  await until(() => require('WAWebSocketModel').Socket.state === 'UNPAIRED' && require('WAWebConnModel').Conn.ref);
  const r = await w.ctl('scan', { code: await code(), opt: { history: 30 } });
  if (r.error) throw new Error(r.error);
  return until(
    () => require('WAWebSocketModel').Socket.hasSynced && require('WAWebSocketModel').Socket.stream === 'CONNECTED',
  );
};
const S = () =>
  E(() => {
    const q = require,
      s = q('WAWebSocketModel').Socket;
    return {
      state: s.state,
      stream: s.stream,
      synced: s.hasSynced,
      mode: q('WAWebStreamModel').Stream.mode,
      end: q('WAWebBackendEventBus').BackendEventBus.isOfflineDeliveryEnd,
      comms: !!q('WAComms').getComms(),
    };
  });
const part = async (name, f) => {
  if (only.length && !only.includes(name)) return;
  console.log('# ' + name);
  try {
    await f();
  } catch (e) {
    say(false, name + ' broke off: ' + e.message);
  }
};

await open();
await part('code', async () => {
  await until(() => require('WAWebSocketModel').Socket.state === 'UNPAIRED');
  const ev = await events();
  say(
    ev.indexOf('ref PAIRING') >= 0 && ev.indexOf('ref PAIRING') < ev.indexOf('state=UNPAIRED'),
    'the ref is there before UNPAIRED',
    ev,
  );
  say(ev.join(' ').includes('state=OPENING state=PAIRING'), 'OPENING, then PAIRING');
  say((await E(() => require('WAWebConnModel').Conn.refTTL)) === 60000, 'first code lives 60 s');
  say((await E(() => typeof require('WAWebCmd').Cmd.refreshQR)) === 'undefined', 'Cmd.refreshQR does not exist');
  say(
    /Takeover/.test(
      await E(() => {
        try {
          require('WAWebSocketModel').Socket.takeover();
          return 'no';
        } catch (e) {
          return e.message;
        }
      }),
    ),
    'takeover throws',
  );
  const a = await code();
  await E(() => require('WAWebBackendEventBus').BackendEventBus.triggerRefreshQR());
  await sleep(500);
  await until(() => require('WAWebSocketModel').Socket.state === 'UNPAIRED');
  const b = await code();
  say(
    a.split(',')[0] !== b.split(',')[0] && a.split(',')[3] !== b.split(',')[3],
    'triggerRefreshQR gives a new ref and a new secret',
  );
  say(a.split(',')[1] === b.split(',')[1] && a.split(',')[2] === b.split(',')[2], 'and keeps noise and identity key');
  say(
    b.split(',')[4] === '1' &&
      (await E(() => typeof require('WAWebCompanionRegClientUtils').DEVICE_PLATFORM)) === 'string',
    'DEVICE_PLATFORM is the text "1"',
  );
  await w.ctl('rotate');
  await sleep(800);
  const c = await code();
  say(
    c.split(',')[0] === b.split(',')[0] && c.split(',')[3] !== b.split(',')[3],
    'companion_reg_refresh: a new secret under the same ref',
  );
  await E(() => require('WAWebAltDeviceLinkingApi').initializeAltDeviceLinking());
  say(
    (await E(() =>
      require('WAWebAdvSignatureApi')
        .getADVSecretKey()
        .then(
          () => 'there',
          (e) => e.message,
        ),
    )) !== 'there',
    'initializeAltDeviceLinking removes the ADV secret',
  );
  const r = await E(async () => {
    try {
      return await Promise.race([
        require('WAWebAltDeviceLinkingApi').startAltLinkingFlow('5491150000001', true),
        new Promise((r) => setTimeout(() => r('nothing in 5 s'), 5000)),
      ]);
    } catch (e) {
      return 'error ' + e.name + ' ' + e.message;
    }
  });
  say(/^[1-9A-HJ-NP-TV-Z]{8}$/.test(r), 'startAltLinkingFlow returns 8 characters', r);
  const again = await E(async () => {
    try {
      await require('WAWebAltDeviceLinkingApi').startAltLinkingFlow('5491150000001', true);
      return 'no';
    } catch (e) {
      return e.message;
    }
  });
  say(again !== 'no', 'a second time throws', again);
  await E(async () => {
    require('WAWebBackendEventBus').BackendEventBus.triggerRefreshQR();
    await require('WAWebAltDeviceLinkingApi').initializeQRLinking();
    require('WAWebAltDeviceLinkingApi').setPairingType(require('WAWebPairingType').PairingType.QR_CODE);
  });
  await sleep(1000);
});
await part('link', async () => {
  say(await link(), 'linked and synced without a page load', navs.length);
  const ev = await events();
  tell(
    'events',
    ev.filter((e) => !/progress/.test(e)),
  );
  say(ev.filter((e) => e === 'state=PAIRING').length >= 2, 'PAIRING is passed at the login too');
});
const msgs = () =>
  E(() =>
    require('WAWebCollections')
      .Msg.getModelsArray()
      .map((m) => ({
        key: String(m.id),
        type: m.type,
        subtype: m.subtype,
        body: m.body,
        new: m.isNewMsg,
        row: m.rowId,
        ack: m.ack,
      })),
  );
await part('message', async () => {
  await w.ctl('incoming', { from: '5491122334455', text: 'hola', opt: { id: '3EB0AAAA0000000000000001' } });
  await until(() =>
    require('WAWebCollections')
      .Msg.getModelsArray()
      .some((m) => m.body === 'hola'),
  );
  const m = (await msgs()).find((x) => x.body === 'hola');
  say(!!m, 'a text is decrypted and in the collection', m);
  const form = await E(() => {
    const k = require('WAWebCollections')
      .Msg.getModelsArray()
      .find((m) => m.body === 'hola').id;
    return k._serialized === undefined ? 'no _serialized' : k._serialized;
  });
  say(form === 'no _serialized', 'keys have no _serialized', form);
});
await part('kinds', async () => {
  const list = {
    button: { buttonsResponseMessage: { selectedButtonId: 'si', selectedDisplayText: 'Sí, quiero', type: 1 } },
    list: {
      listResponseMessage: {
        title: 'Turno de las 10',
        listType: 1,
        singleSelectReply: { selectedRowId: 't10' },
        description: 'mañana',
      },
    },
    template: { templateButtonReplyMessage: { selectedId: 'ok', selectedDisplayText: 'De acuerdo', selectedIndex: 0 } },
    interactive: {
      interactiveResponseMessage: {
        body: { text: 'Elegí esto' },
        nativeFlowResponseMessage: { name: 'menu_options', paramsJson: '{"id":"x"}', version: 3 },
      },
    },
    location: {
      locationMessage: { degreesLatitude: -34.6, degreesLongitude: -58.4, name: 'Obelisco', address: 'CABA' },
    },
    contact: {
      contactMessage: {
        displayName: 'Ana',
        vcard: 'BEGIN:VCARD\nVERSION:3.0\nFN:Ana\nTEL;waid=5491133334444:+54 9 11 3333-4444\nEND:VCARD',
      },
    },
    poll: {
      pollCreationMessageV3: {
        name: '¿Cuándo?',
        options: [{ optionName: 'hoy' }, { optionName: 'mañana' }],
        selectableOptionsCount: 1,
      },
      messageContextInfo: { messageSecret: { $b64: Buffer.alloc(32, 7).toString('base64') } },
    },
    extended: { extendedTextMessage: { text: 'mirá https://example.org' } },
  };
  for (const [k, message] of Object.entries(list))
    await w.ctl('incoming', {
      from: '5491122334455',
      opt: { id: '3EB0BBBB' + k.padEnd(12, '0').slice(0, 12).toUpperCase(), message },
    });
  await sleep(4000);
  for (const k of Object.keys(list)) {
    const id = '3EB0BBBB' + k.padEnd(12, '0').slice(0, 12).toUpperCase();
    const m = await E((id) => {
      const m = require('WAWebCollections')
        .Msg.getModelsArray()
        .find((m) => m.id.id === id);
      return (
        m && {
          type: m.type,
          body: m.body,
          keys: Object.keys(m.attributes || m).filter((k) => {
            const v = m[k];
            return (
              v &&
              (typeof v === 'string'
                ? /quiero|Turno|acuerdo|Elegí|Obelisco|Ana|Cuándo|mirá/.test(v)
                : typeof v === 'object' &&
                  !Array.isArray(v) &&
                  k !== 'id' &&
                  (() => {
                    try {
                      return /quiero|Turno|acuerdo|Elegí|Obelisco|Ana|Cuándo|mirá/.test(JSON.stringify(v));
                    } catch {
                      return false;
                    }
                  })())
            );
          }),
        }
      );
    }, id);
    say(!!m, 'kind ' + k, m);
  }
});
await part('change', async () => {
  const id = '3EB0AAAA0000000000000001',
    at = { remoteJid: '100000000000001@lid', fromMe: true, id };
  await w.ctl('incoming', { from: '5491122334455', text: 'otra', opt: { id: '3EB0AAAA0000000000000002' } });
  await until(() =>
    require('WAWebCollections')
      .Msg.getModelsArray()
      .some((m) => m.body === 'otra'),
  );
  await E(() => {
    window.__col = [];
    const M = require('WAWebCollections').Msg;
    M.on(
      'all',
      (n, m) =>
        /^(add|remove|change:(type|body|subtype|caption|latestEditMsgKey|protocolMessageKey|isNewMsg))/.test(n) &&
        window.__col.push(n + ' ' + (m && m.id && m.id.id) + ' ' + (m && m.type) + '/' + (m && m.subtype)),
    );
  });
  await w.ctl('incoming', {
    from: '5491122334455',
    opt: {
      id: '3EB0CCCC0000000000000001',
      message: {
        editedMessage: {
          message: {
            protocolMessage: {
              key: { ...at, id: '3EB0AAAA0000000000000002' },
              type: 14,
              editedMessage: { conversation: 'otra (corregida)' },
              timestampMs: Date.now(),
            },
          },
        },
      },
      extra: { edit: '1' },
    },
  });
  await sleep(2000);
  say(
    (await E(
      () =>
        require('WAWebCollections')
          .Msg.getModelsArray()
          .find((m) => m.id.id === '3EB0AAAA0000000000000002').body,
    )) === 'otra (corregida)',
    'an edit changes the body',
    await E(() => window.__col.splice(0)),
  );
  await w.ctl('incoming', {
    from: '5491122334455',
    opt: {
      id: '3EB0CCCC0000000000000003',
      message: {
        reactionMessage: { key: { ...at, id: '3EB0AAAA0000000000000002' }, text: '👍', senderTimestampMs: Date.now() },
      },
    },
  });
  await sleep(1500);
  tell(
    'a reaction',
    await E(() => ({
      col: window.__col.splice(0),
      reactions: require('WAWebCollections').Reactions && require('WAWebCollections').Reactions.getModelsArray().length,
    })),
  );
  await w.ctl('incoming', {
    from: '5491122334455',
    opt: { id: '3EB0CCCC0000000000000002', message: { protocolMessage: { key: at, type: 0 } }, extra: { edit: '7' } },
  });
  await sleep(2000);
  const m = await E(() =>
    require('WAWebCollections')
      .Msg.getModelsArray()
      .filter((m) => /3EB0AAAA0000000000000001|3EB0CCCC0000000000000002/.test(m.id.id))
      .map((m) => ({
        key: String(m.id),
        type: m.type,
        subtype: m.subtype,
        body: m.body,
        protocolMessageKey: m.protocolMessageKey && String(m.protocolMessageKey),
        revokeSender: m.revokeSender,
        t: m.revokeTimestamp,
      })),
  );
  say(
    m.some((x) => x.type === 'revoked'),
    'a deletion makes type revoked',
    { m, col: await E(() => window.__col.splice(0)) },
  );
});
await part('rows', async () => {
  const r = await E(async () => {
    const T = require('WAWebSchemaMessage').getMessageTable();
    const keys = await T.all({ index: ['rowId'], reverse: true, limit: 3, returnKeyType: 'keys' }, false).catch(
      (e) => 'error ' + e.message,
    );
    const rows = await T.all({ index: ['rowId'], reverse: true, limit: 3 }, false).catch((e) => 'error ' + e.message);
    const between = await T.between(['rowId'], 1000000000, 9999999999, { limit: 3 }).then(
      (x) => x.map((y) => [y.id, y.rowId]),
      (e) => 'error ' + e.message,
    );
    const all = (await T.all({ index: ['rowId'], limit: 500 }, false)).filter((x) => /3EB0EEEE/.test(x.id));
    const old = {
      n: all.length,
      below: all.filter((x) => x.rowId < 1e9).length,
      first: all.slice(0, 2).map((x) => [x.id.slice(-3), x.rowId]),
      last: all.slice(-3).map((x) => [x.id.slice(-3), x.rowId]),
    };
    return {
      keys,
      rows: Array.isArray(rows) ? rows.map((x) => [x.id, x.rowId, x.protocolMessageKey]) : rows,
      between,
      old,
    };
  });
  say(
    Array.isArray(r.rows) && r.rows.every((x) => x[1] > 1e9),
    'live rows have rowId above 1e9; all() by rowId works',
    r.rows,
  );
  say(Array.isArray(r.between) && r.between.length > 0, 'between([rowId]) works', r.between);
  say(
    r.old.n === 30 && r.old.below === 29 && r.old.last.at(-1)[1] === 1e9,
    'history goes down from 1e9 INCLUSIVE: its newest row is exactly 1e9, live rows begin at 1e9 + 1',
    r.old,
  );
  say(r.between[0][1] === 1e9 + 1, 'between() leaves its lower bound out unless told otherwise', r.between[0]);
  const h = await E(() =>
    require('WAWebCollections')
      .Msg.getModelsArray()
      .filter((m) => /^vieja/.test(m.body))
      .map((m) => [m.body, m.isNewMsg]),
  );
  say(
    h.every((x) => !x[1]),
    'history in memory is not isNewMsg',
    h.slice(0, 3),
  );
});
const sendText = (pn, text) =>
  E(
    async (pn, text) => {
      const q = require;
      try {
        const wid = q('WAWebWidFactory').createWid(pn + '@c.us');
        const x = await q('WAWebQueryExistsJob').queryWidExists(wid);
        const { chat } = await q('WAWebFindChatAction').findOrCreateLatestChat(x.wid);
        const data = await q('WAWebSendTextMsgChatAction').createTextMsgData(chat, text, {});
        const [a, b] = q('WAWebSendMsgChatAction').addAndSendMsgToChat(chat, data);
        const m = await a;
        window.__last = m;
        const r = await Promise.race([b, new Promise((r) => setTimeout(() => r('pending'), 6000))]);
        return { r, id: m.id.id, ack: m.ack, fail: !!m.isSendFailure };
      } catch (e) {
        return { error: e.name + ' ' + e.message };
      }
    },
    pn,
    text,
  );
await part('send', async () => {
  const a = await sendText('5491122334455', 'por createTextMsgData');
  say(a.r && a.r.messageSendResult === 'OK' && a.ack === 1, 'createTextMsgData + addAndSendMsgToChat: OK, ack 1', a);
  await w.ctl('ack', { rule: '475' });
  const b = await sendText('5491122334455', 'no');
  say(b.r && b.r.ackErrorCode == 475 && b.ack === -1, 'nack 475: resolves, ackErrorCode, ack -1', b);
  await w.ctl('ack', { rule: 'silent' });
  const c = await sendText('5491122334455', 'sin respuesta');
  say(c.r === 'pending' && c.ack === 0 && !c.fail, 'no answer: waits, ack 0, no failure', c);
  await w.ctl('ack', { rule: 'ack' });
  await w.ctl('drop');
  await sleep(6000);
  const n = (await w.ctl('state')).sent.filter((x) => x.id === c.id).length;
  say(
    n === 2 && (await E(() => window.__last.ack)) >= 1,
    'after a reconnect of the same document the same stanza is sent again',
    { copies: n },
  );
});
await part('unsent', async () => {
  await w.ctl('hold', { iq: 'encrypt/key' });
  const a = await sendText('5491188889999', 'bajo fuego');
  say(a.r === 'pending' && a.ack === 0, 'held before it leaves: pending', a);
  await page.reload({ waitUntil: 'domcontentloaded' });
  await w.ctl('hold', {});
  await until(() => require('WAWebSocketModel').Socket.stream === 'CONNECTED');
  await sleep(8000);
  const sent = (await w.ctl('state')).sent.some((x) => x.id === a.id);
  say(!sent, 'after a reload the page does not send it by itself');
  const m = await E((id) => {
    const m = require('WAWebCollections')
      .Msg.getModelsArray()
      .find((m) => m.id.id === id);
    window.__u = m;
    return m && { ack: m.ack, fail: m.isSendFailure };
  }, a.id);
  say(m && m.ack === 0 && m.fail === true, 'the model is restored with ack 0 and isSendFailure', m);
  const r = await E(async () => {
    try {
      return String(await require('WAWebResendMsgAction').resendMsg(window.__u));
    } catch (e) {
      return 'error ' + e.message;
    }
  });
  await sleep(1000);
  const copies = (await w.ctl('state')).sent.filter((x) => x.id === a.id);
  say(copies.length === 1, 'resendMsg sends it, once, under the same id', {
    r,
    encs: copies[0] && copies[0].encs.map((e) => [e.jid, e.type, e.message && e.message.conversation]),
  });
});
await part('listener', async () => {
  await E(() => {
    window.__thrown = 0;
    require('WAWebCollections').Msg.on('add', () => {
      if (window.__thrown++ === 0) throw new Error('ours');
    });
    window.__after = 0;
    require('WAWebCollections').Msg.on('add', () => {
      window.__after++;
    });
  });
  await w.ctl('incoming', { from: '5491122334455', text: 'con oyente roto', opt: { id: '3EB0FFFF0000000000000001' } });
  await sleep(2000);
  const r = await E(() => ({
    thrown: window.__thrown,
    after: window.__after,
    there: !!require('WAWebCollections')
      .Msg.getModelsArray()
      .find((m) => m.body === 'con oyente roto'),
    inChat: require('WAWebCollections')
      .Chat.getModelsArray()
      .some((c) => c.msgs && c.msgs.getModelsArray().some((m) => m.body === 'con oyente roto')),
  }));
  say(r.after === 0, 'a listener that throws skips the ones after it', r);
});
await part('backlog', async () => {
  const big = 1200,
    n0 = navs.length;
  const mark = await E(
    async () =>
      (
        await require('WAWebSchemaMessage')
          .getMessageTable()
          .all({ index: ['rowId'], reverse: true, limit: 1 }, false)
      )[0].rowId,
  );
  await w.ctl('refuse', { on: 1 });
  await w.ctl('drop');
  await sleep(300);
  await w.ctl('burst', { n: big, prefix: 'lote' });
  await w.ctl('refuse', { on: 0 });
  const t = Date.now();
  for (let i = 0; i < 300 && navs.length === n0; i++) await sleep(100);
  say(navs.length > n0, `a backlog of ${big} on an open page: the page reloads itself`, {
    navs: navs.length - n0,
    ms: Date.now() - t,
  });
  await E(() => {
    window.__adds = 0;
  }).catch(() => {});
  await until(
    () =>
      require('WAWebBackendEventBus').BackendEventBus.isOfflineDeliveryEnd &&
      require('WAWebSocketModel').Socket.stream === 'CONNECTED',
    90000,
  );
  const rows = await E(async (mark) => {
    const T = require('WAWebSchemaMessage').getMessageTable();
    const x = await T.between(['rowId'], mark, 9999999999, {});
    return x.length;
  }, mark);
  say(rows === big, 'and after it every one has its row, once', { rows, ms: Date.now() - t });
});
await part('tab', async () => {
  const second = await browser.newPage();
  await second.goto('https://web.whatsapp.com/', { waitUntil: 'domcontentloaded' });
  await sleep(9000);
  const a = await S(),
    b = await second.evaluate(() => ({
      state: require('WAWebSocketModel').Socket.state,
      stream: require('WAWebSocketModel').Socket.stream,
    }));
  say(
    a.state === 'CONNECTED' && a.stream === 'DISCONNECTED' && a.comms && b.stream === 'CONNECTED',
    'a second tab takes over; the first: state CONNECTED, stream DISCONNECTED, getComms() NOT null',
    { first: a, second: b },
  );
  say(
    (await E(() => require('WAWebUserPrefsTabMutex').currentTabHasMutex())) === false,
    'currentTabHasMutex() is false in the first',
  );
  await second.close();
  await page.reload({ waitUntil: 'domcontentloaded' });
  await until(() => require('WAWebSocketModel').Socket.stream === 'CONNECTED');
});
await part('line', async () => {
  const before = await S();
  await w.ctl('refuse', { on: 1 });
  await w.ctl('drop');
  await sleep(1500);
  const lost = await S();
  say(lost.stream === 'DISCONNECTED', 'line lost: stream DISCONNECTED', lost);
  say(lost.synced === true, 'hasSynced stays true', lost.synced);
  await sleep(6000);
  tell('seven seconds later', await S());
  await w.ctl('refuse', { on: 0 });
  const t = Date.now();
  await until(() => require('WAWebSocketModel').Socket.stream === 'CONNECTED', 30000);
  tell('back after ms', Date.now() - t);
});
await part('refusals', async () => {
  for (const [reason, attrs] of [
    ['503', {}],
    ['402', { code: '101', expire: '3600' }],
    ['500', {}],
  ]) {
    const n0 = (await events()).length;
    const nav0 = navs.length;
    await w.ctl('fail', { reason, attrs, now: 1 });
    await sleep(5000);
    tell(`failure ${reason}`, { events: (await events()).slice(n0), navs: navs.slice(nav0), now: await S() });
    await w.ctl('fail', {});
    await E(() => require('WAComms').forceResetSocketLoop());
    say(
      await until(() => require('WAWebSocketModel').Socket.stream === 'CONNECTED', 8000),
      'WAComms.forceResetSocketLoop() connects at once',
    );
    await sleep(11000);
  }
  for (const reason of ['405', '409']) {
    const nav0 = navs.length;
    await w.ctl('fail', { reason, now: 1 });
    await sleep(8000);
    say(navs.length > nav0, `failure ${reason}: the page reloads itself`, navs.slice(nav0).length);
    await w.ctl('fail', {});
    await sleep(3000);
    await until(() => require('WAWebSocketModel').Socket.stream === 'CONNECTED', 30000);
  }
});
await part('replaced', async () => {
  const n0 = (await events()).length;
  await w.ctl('replaced');
  await sleep(12000);
  const s = await S();
  say(
    s.state === 'CONNECTED' && s.stream === 'DISCONNECTED' && !s.comms,
    'replaced: state CONNECTED, stream DISCONNECTED, no comms, silence',
    { s, events: (await events()).slice(n0) },
  );
  say(
    /before startComms/.test(
      await E(() => {
        try {
          require('WAWebSocketModel').Socket.reconnect();
          return 'no';
        } catch (e) {
          return e.message;
        }
      }),
    ),
    'reconnect() then throws',
    await E(() => {
      try {
        require('WAWebSocketModel').Socket.reconnect();
        return 'no';
      } catch (e) {
        return e.message;
      }
    }),
  );
  await page.reload({ waitUntil: 'domcontentloaded' });
  say(await until(() => require('WAWebSocketModel').Socket.stream === 'CONNECTED', 30000), 'a reload brings it back');
});
await part('logout', async () => {
  const nav0 = navs.length;
  await E(() => {
    window.__lo = [];
    const C = require('WAWebCmd').Cmd;
    C.on('starting_logout_from_bridge', () => window.__lo.push('starting'));
    C.on('logout_from_bridge', () => window.__lo.push('logout'));
  });
  await w.ctl('unlink');
  await sleep(6000);
  say(
    navs.slice(nav0).some((u) => /post_logout=1/.test(u)),
    'unlinked by the phone: navigates with post_logout=1',
    navs.slice(nav0),
  );
  await until(() => require('WAWebSocketModel').Socket.state === 'UNPAIRED');
  say((await E(() => require('WAWebSocketModel').Socket.state)) === 'UNPAIRED', 'and offers a new code');
});
await browser.close();
await w.stop();
console.log(`${seen.length} claims, ${no} NO`);
process.exit(no ? 1 : 0);
