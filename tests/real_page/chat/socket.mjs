// The page's connection: the Noise handshake, binary XML, and the dispatch of stanzas.
import { node, J, encodeStanza, decodeStanza, pb, attr, kid, kids, xml } from '../realnode.mjs';
import { keyPair, dh, sign, Noise } from '../keys.mjs';
import { iq } from './iq.mjs';
import { sendCodes } from './link.mjs';
import { afterActive, lot, outgoing } from './messages.mjs';
import { reupload } from './reupload.mjs';
import { Adv, P, middle, note, now, own, root, state } from './state.mjs';

export function attachChat(server, nodeRequire) {
  const { WebSocketServer } = nodeRequire('ws');
  const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on('upgrade', (req, socket, head) => {
    if (!req.url.startsWith('/ws/chat') || state.refuse) {
      socket.destroy();
      return;
    }
    wss.handleUpgrade(req, socket, head, (ws) => open(ws));
  });
}

export function open(ws) {
  let buf = Buffer.alloc(0),
    first = true,
    step = 0,
    noise,
    eph,
    header,
    io = null,
    payload = null;
  const s = {
    ws,
    alive: true,
    login: false,
    send: (n) => {
      if (ws.readyState !== 1 || !io) return;
      note('S>', xml(n));
      frame(io.write(encodeStanza(n)));
    },
    close: () => ws.close(),
    kill: () => ws.terminate(),
  };
  state.sockets.add(s);
  const frame = (b) => {
    const h = Buffer.alloc(3);
    h.writeUIntBE(b.length, 0, 3);
    ws.send(Buffer.concat([h, Buffer.from(b)]));
  };
  ws.on('close', () => {
    state.sockets.delete(s);
    if (state.current === s) state.current = null;
    note('--', 'socket closed by ' + (s.closing ? 'us' : 'page'));
  });
  ws.on('error', () => {});
  let turn = Promise.resolve();
  ws.on('message', (d) => {
    turn = turn
      .then(() => feed(Buffer.from(d)))
      .catch((e) => {
        note('!!', e.stack);
        ws.terminate();
      });
  });
  async function feed(d) {
    buf = Buffer.concat([buf, d]);
    if (first) {
      if (buf.length >= 4 && buf.toString('latin1', 0, 2) === 'ED') {
        const n = 7 + buf.readUIntBE(4, 3);
        if (buf.length < n) return;
        buf = buf.subarray(n);
      }
      if (buf.length < 4) return;
      header = buf.subarray(0, 4);
      buf = buf.subarray(4);
      first = false;
    }
    while (buf.length >= 3) {
      const n = buf.readUIntBE(0, 3);
      if (buf.length < 3 + n) return;
      const f = buf.subarray(3, 3 + n);
      buf = buf.subarray(3 + n);
      await one(new Uint8Array(f));
    }
  }
  async function one(f) {
    const HS = P('WAWebProtobufsWa6', 'HandshakeMessage');
    if (step === 0) {
      const hello = pb.decode(HS, f).clientHello;
      const resume = hello.static != null;
      noise = new Noise(
        resume ? 'Noise_XXfallback_25519_AESGCM_SHA256' : 'Noise_XX_25519_AESGCM_SHA256\0\0\0\0',
        header,
      );
      const ce = new Uint8Array(hello.ephemeral);
      noise.mix(ce);
      eph = keyPair();
      noise.mix(eph.pub);
      noise.key(dh(eph.priv, ce));
      const st = noise.encrypt(own.pub);
      noise.key(dh(own.priv, ce));
      const Details = P('WACert', 'CertChain$NoiseCertificate$Details'),
        c = (serial, issuerSerial, key, by) => {
          const details = pb.encode(Details, {
            serial,
            issuerSerial,
            key,
            notBefore: now() - 86400,
            notAfter: now() + 86400 * 365,
          });
          return { details, signature: sign(by, details) };
        };
      const chain = pb.encode(P('WACert', 'CertChain'), {
        leaf: c(2, 1, own.pub, middle),
        intermediate: c(1, 0, middle.pub, root),
      });
      frame(pb.encode(HS, { serverHello: { ephemeral: eph.pub, static: st, payload: noise.encrypt(chain) } }));
      step = 1;
      note('--', 'hello' + (resume ? ' (resume, we fall back)' : ''));
    } else if (step === 1) {
      const fin = pb.decode(HS, f).clientFinish;
      const cs = noise.decrypt(new Uint8Array(fin.static));
      noise.key(dh(eph.priv, cs));
      payload = pb.decode(P('WAWebProtobufsWa6', 'ClientPayload'), noise.decrypt(new Uint8Array(fin.payload)));
      io = noise.finish();
      s.noiseKey = cs;
      s.payload = payload;
      step = 2;
      begin(s, payload);
    } else {
      const n = await decodeStanza(io.read(f));
      if (!state.mute) await handle(s, n);
    }
  }
}

export function begin(s, payload) {
  const registering = payload.devicePairingData != null;
  note(
    '--',
    registering
      ? 'connected to register'
      : `connected to log in as ${payload.username}:${payload.device} passive=${payload.passive}`,
  );
  state.current = s;
  s.login = !registering;
  if (!registering) state.logins += 1;
  s.registering = registering;
  const fail = registering ? null : state.fail;
  if (fail) {
    s.send(node('failure', { reason: String(fail.reason), location: 'lla', ...(fail.attrs || {}) }));
    s.closing = true;
    setTimeout(s.close, 300);
    return;
  }
  if (registering) {
    s.reg = payload.devicePairingData;
    sendCodes(s);
    return;
  }
  const l = state.linked;
  if (!l || l.unlinked || Number(payload.device) !== l.device) {
    s.send(node('failure', { reason: '401', location: 'lla' }));
    s.closing = true;
    setTimeout(s.close, 300);
    return;
  }
  s.send(
    node('success', {
      t: String(now()),
      props: '27',
      companion_enc_static: Buffer.from(l.enc).toString('base64'),
      lid: J(`${state.me.lid}:${l.device}@lid`),
      display_name: state.me.name,
      abprops: String(state.settings),
      group_abprops: '1',
      location: 'lla',
    }),
  );
  if (!payload.passive) afterActive(s);
}

export async function handle(s, n) {
  note('<P', xml(n));
  const id = attr(n, 'id'),
    type = attr(n, 'type');
  if (n.tag === 'iq') return type === 'get' || type === 'set' ? iq(s, n) : iqAnswer(s, n);
  if (n.tag === 'message') return outgoing(s, n);
  if (n.tag === 'ib') {
    const b = kid(n, 'offline_batch');
    if (b) lot(s, Number(attr(b, 'count')));
    return;
  }
  if (n.tag === 'ack') {
    state.waiting.delete(id);
    return;
  }
  if (n.tag === 'call') {
    for (const one of kids(n)) state.calls.push({ what: one.tag, id: attr(one, 'call-id'), to: attr(n, 'to') });
    return;
  }
  if (n.tag === 'receipt') {
    state.waiting.delete(id);
    for (const x of kids(kid(n, 'list'))) state.waiting.delete(attr(x, 'id'));
    state.receipts.push({ id, type: type || 'delivery', to: attr(n, 'to') });
    s.send(node('ack', { class: 'receipt', id, from: n.attrs.to, ...(type ? { type } : {}) }));
    if (type === 'server-error') reupload(s, n);
    return;
  }
  if (n.tag === 'presence' && type === 'subscribe') state.subscriptions.push(attr(n, 'to'));
  else if (n.tag === 'presence') state.presences.push(type ?? 'name only');
  if (n.tag === 'chatstate') {
    const [shown] = n.content ?? [];
    state.chatStates.push([shown?.tag, shown && attr(shown, 'media')].filter(Boolean).join(' '));
  }
}

export function iqAnswer(s, n) {
  const sign = kid(n, 'pair-device-sign');
  if (!sign) return;
  state.linked = { ...state.pendingLink, prekeys: [], history: false };
  const ident = pb.decode(Adv('ADVSignedDeviceIdentity'), kid(sign, 'device-identity').content);
  state.linked.signedIdentity = ident;
  note('--', 'linked as device ' + state.linked.device);
  setTimeout(() => {
    s.send(node('stream:error', { code: '515' }));
    s.closing = true;
    setTimeout(s.close, 200);
  }, 100);
}
