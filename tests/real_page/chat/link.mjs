// Linking: refs, a phone that scans or types the pairing code, and the phone's signatures.
import crypto from 'node:crypto';
import { node, J, pb, kid } from '../realnode.mjs';
import { keyPair, dh, sign, hmac, hkdf, cat, ungcm } from '../keys.mjs';
import { Adv, HOST, P, nextId, now, state } from './state.mjs';

export function sendCodes(s, refs) {
  const list =
    refs || Array.from({ length: 6 }, () => '2@' + crypto.randomBytes(60).toString('base64').replace(/[,]/g, ''));
  state.codes = list;
  state.codesSent += 1;
  s.send(
    node(
      'iq',
      { from: HOST, type: 'set', id: String(nextId()), xmlns: 'md' },
      node(
        'pair-device',
        {},
        list.map((r) => node('ref', {}, r)),
      ),
    ),
  );
}

/** The phone scans: the code's text contains the companion's keys and the ADV secret. */
export function scan(code, opt = {}) {
  const s = state.current;
  const text = code.replace(/^https:\/\/wa\.me\/settings\/linked_devices#/, '');
  const [ref, noiseKey, identity, secret, platform] = text.split(',');
  if (!s || !s.registering) throw new Error('no page waits for a phone');
  if (!state.codes.includes(ref)) throw new Error('a code we never gave');
  const companion = new Uint8Array(Buffer.from(identity, 'base64'));
  if (Buffer.compare(Buffer.from(noiseKey, 'base64'), Buffer.from(s.noiseKey)))
    throw new Error('noise key differs from the connection');
  if (Buffer.compare(companion, Buffer.from(s.reg.eIdent))) throw new Error('identity key differs from the connection');
  return pair(s, secret, companion, platform, opt);
}

export function pair(s, secret, companion, platform, opt) {
  state.history = opt.history || 0;
  state.historySince = opt.since || now() - 86400 * 3;
  const device = opt.device || ++state.device + 10,
    keyIndex = device;
  const details = pb.encode(Adv('ADVDeviceIdentity'), {
    rawId: state.rawId,
    timestamp: now(),
    keyIndex,
    accountType: 0,
    deviceType: 0,
  });
  const signed = pb.encode(Adv('ADVSignedDeviceIdentity'), {
    details,
    accountSignatureKey: state.phone.id.pub,
    accountSignature: sign(state.phone.id, cat([6, 0], details, companion)),
  });
  const outer = pb.encode(Adv('ADVSignedDeviceIdentityHMAC'), {
    details: signed,
    hmac: hmac(Buffer.from(opt.badHmac ? 'AAAA' : secret, 'base64'), signed),
    accountType: 0,
  });
  const { eSkeyId, eSkeyVal, eSkeySig, eRegid } = s.reg;
  state.waiting.clear();
  state.pendingLink = {
    device,
    keyIndex,
    identity: companion,
    platform,
    enc: crypto.randomBytes(32),
    reg: Buffer.from(eRegid).readUInt32BE(0),
    spk: { id: Buffer.from(eSkeyId).readUIntBE(0, 3), pub: new Uint8Array(eSkeyVal) },
  };
  const props = pb.encode(P('WAWebProtobufsCompanionReg', 'ClientPairingProps'), {
    isChatDbLidMigrated: true,
    isSyncdPureLidSession: true,
    isSyncdSnapshotRecoveryEnabled: false,
  });
  s.send(
    node(
      'iq',
      { from: HOST, type: 'set', id: String(nextId()), xmlns: 'md' },
      node(
        'pair-success',
        {},
        node('device-identity', {}, outer),
        node('device', { jid: J(`${state.me.pn}:${device}@s.whatsapp.net`), lid: J(`${state.me.lid}:${device}@lid`) }),
        node('platform', { name: opt.platform || 'android' }),
        node('client-props', {}, props),
      ),
    ),
  );
  return { device };
}

/** A person types the pairing code on the phone: the phone's half of the exchange, then pair-success. */
export async function enter(code, opt = {}) {
  const s = state.current,
    h = state.hello;
  if (!s || !h) throw new Error('no page asked for a code');
  const wrapped = Buffer.from(kid(h, 'link_code_pairing_wrapped_companion_ephemeral_pub').content),
    key = (salt) => crypto.pbkdf2Sync(code, salt, 2 << 16, 32, 'sha256');
  const open = crypto.createDecipheriv('aes-256-ctr', key(wrapped.subarray(0, 32)), wrapped.subarray(32, 48));
  const theirs = new Uint8Array(open.update(wrapped.subarray(48))),
    eph = keyPair(),
    salt = crypto.randomBytes(32),
    iv = crypto.randomBytes(16);
  const seal = crypto.createCipheriv('aes-256-ctr', key(salt), iv);
  state.finish = null;
  s.send(
    node(
      'notification',
      { type: 'link_code_companion_reg', from: HOST, id: String(nextId()), t: String(now()) },
      node(
        'link_code_companion_reg',
        { stage: 'primary_hello' },
        node('link_code_pairing_wrapped_primary_ephemeral_pub', {}, cat(salt, iv, seal.update(eph.pub))),
        node('primary_identity_pub', {}, state.phone.id.pub),
        node('link_code_pairing_ref', {}, state.helloRef),
      ),
    ),
  );
  for (let i = 0; i < 100 && !state.finish; i++) await new Promise((r) => setTimeout(r, 50));
  if (!state.finish) throw new Error('the page did not finish');
  const b = new Uint8Array(kid(state.finish, 'link_code_pairing_wrapped_key_bundle').content),
    shared = dh(eph.priv, theirs);
  const bundle = ungcm(
    hkdf(shared, b.subarray(0, 32), 'link_code_pairing_key_bundle_encryption_key', 32),
    b.subarray(32, 44),
    b.subarray(44),
    new Uint8Array(0),
  );
  const companion = bundle.slice(0, 32),
    random = bundle.slice(64, 96);
  const secret = hkdf(cat(shared, dh(state.phone.id.priv, companion), random), Buffer.alloc(32), 'adv_secret', 32);
  return pair(s, Buffer.from(secret).toString('base64'), companion, '1', opt);
}
