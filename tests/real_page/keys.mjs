// Curve25519, XEdDSA and a small Signal (X3DH + double ratchet) for the fake phone and the fake contacts. Node's crypto.
import crypto from 'node:crypto';
import { real } from './realnode.mjs';
const PK8 = Buffer.from('302e020100300506032b656e04220420', 'hex'),
  SPKI = Buffer.from('302a300506032b656e032100', 'hex');
const u8 = (b) => new Uint8Array(b);
export const cat = (...a) => u8(Buffer.concat(a.map((x) => Buffer.from(x))));
export function keyPair(priv = crypto.randomBytes(32)) {
  const p = Buffer.from(priv);
  p[0] &= 248;
  p[31] = (p[31] & 127) | 64;
  const k = crypto.createPrivateKey({ key: Buffer.concat([PK8, p]), format: 'der', type: 'pkcs8' });
  return { priv: u8(p), pub: u8(crypto.createPublicKey(k).export({ format: 'der', type: 'spki' }).subarray(-32)) };
}
export const dh = (priv, pub) =>
  u8(
    crypto.diffieHellman({
      privateKey: crypto.createPrivateKey({
        key: Buffer.concat([PK8, Buffer.from(priv)]),
        format: 'der',
        type: 'pkcs8',
      }),
      publicKey: crypto.createPublicKey({
        key: Buffer.concat([SPKI, Buffer.from(pub.length === 33 ? pub.subarray(1) : pub)]),
        format: 'der',
        type: 'spki',
      }),
    }),
  );
export const key33 = (pub) => (pub.length === 33 ? u8(pub) : cat([5], pub));
export const sign = (pair, msg) =>
  u8(
    real('WASignalSignatures').makeSignature(
      { publicKey: pair.pub, privateKey: pair.priv },
      u8(msg),
      u8(crypto.randomBytes(64)),
    ),
  );
export const hkdf = (ikm, salt, info, n) => u8(crypto.hkdfSync('sha256', ikm, salt, info, n));
export const hmac = (k, ...d) => {
  const h = crypto.createHmac('sha256', k);
  d.forEach((x) => h.update(x));
  return u8(h.digest());
};
export const sha256 = (d) => u8(crypto.createHash('sha256').update(d).digest());
const varint = (n) => {
  const o = [];
  do {
    o.push((n & 127) | (n > 127 ? 128 : 0));
    n = Math.floor(n / 128);
  } while (n);
  return o;
};
export const fInt = (i, n) => [...varint(i << 3), ...varint(n)],
  fBytes = (i, b) => cat(varint((i << 3) | 2), varint(b.length), b);
export function fields(b) {
  const out = {};
  let p = 0;
  const v = () => {
    let n = 0,
      s = 1,
      x;
    do {
      x = b[p++];
      n += (x & 127) * s;
      s *= 128;
    } while (x & 128);
    return n;
  };
  while (p < b.length) {
    const t = v();
    if ((t & 7) === 2) {
      const n = v();
      out[t >> 3] = b.subarray(p, p + n);
      p += n;
    } else out[t >> 3] = v();
  }
  return out;
}
function messageKeys(chain) {
  const k = hkdf(hmac(chain, [1].map((x) => Buffer.from([x]))[0]), Buffer.alloc(32), 'WhisperMessageKeys', 80);
  return { cipher: k.slice(0, 32), mac: k.slice(32, 64), iv: k.slice(64, 80), next: hmac(chain, Buffer.from([2])) };
}
export const aes = (dir, k, iv, d) => {
  const c = crypto[dir]('aes-256-cbc', k, iv);
  return u8(Buffer.concat([c.update(d), c.final()]));
};
export const pad = (b) => {
  const n = 1 + crypto.randomInt(16);
  return cat(b, new Uint8Array(n).fill(n));
};
export const unpad = (b) => b.subarray(0, b.length - b[b.length - 1]);
/** One party: an identity, a signed prekey and one-time prekeys; sessions by the other's address. */
export class Party {
  constructor() {
    this.id = keyPair();
    this.reg = 1 + crypto.randomInt(16000);
    this.spk = { id: 1, ...keyPair() };
    this.spk.sig = sign(this.id, key33(this.spk.pub));
    this.pre = new Map();
    this.sessions = new Map();
  }
  prekey() {
    const id = this.pre.size + 1,
      k = keyPair();
    this.pre.set(id, k);
    return { id, ...k };
  }
  /** bundle: {identity, reg, spk:{id,pub}, pre?:{id,pub}} of the other side */
  start(address, bundle) {
    const base = keyPair(),
      ratchet = keyPair();
    const dhs = [
      new Uint8Array(32).fill(255),
      dh(this.id.priv, bundle.spk.pub),
      dh(base.priv, bundle.identity),
      dh(base.priv, bundle.spk.pub),
    ];
    if (bundle.pre) dhs.push(dh(base.priv, bundle.pre.pub));
    const master = hkdf(cat(...dhs), Buffer.alloc(32), 'WhisperText', 64),
      root = hkdf(dh(ratchet.priv, bundle.spk.pub), master.slice(0, 32), 'WhisperRatchet', 64);
    this.sessions.set(address, {
      theirs: u8(bundle.identity),
      root: root.slice(0, 32),
      ratchet,
      send: { chain: root.slice(32), n: 0, prev: 0 },
      recv: new Map(),
      pending: { base, pre: bundle.pre && bundle.pre.id, spk: bundle.spk.id },
    });
  }
  encrypt(address, plain) {
    const s = this.sessions.get(address),
      k = messageKeys(s.send.chain);
    const body = cat(
      [0x33],
      fBytes(1, key33(s.ratchet.pub)),
      fInt(2, s.send.n),
      fInt(3, s.send.prev),
      fBytes(4, aes('createCipheriv', k.cipher, k.iv, pad(plain))),
    );
    s.send.chain = k.next;
    s.send.n += 1;
    const msg = cat(body, hmac(k.mac, key33(this.id.pub), key33(s.theirs), body).slice(0, 8));
    if (!s.pending) return { type: 'msg', bytes: msg };
    const p = s.pending;
    return {
      type: 'pkmsg',
      bytes: cat(
        [0x33],
        fInt(5, this.reg),
        p.pre ? fInt(1, p.pre) : [],
        fInt(6, p.spk),
        fBytes(2, key33(p.base.pub)),
        fBytes(3, key33(this.id.pub)),
        fBytes(4, msg),
      ),
    };
  }
  decrypt(address, type, bytes) {
    if (type === 'pkmsg') {
      const f = fields(bytes.subarray(1)),
        base = Buffer.from(f[2]).toString('hex');
      let s = this.sessions.get(address);
      if (!s || s.base !== base) {
        const dhs = [
          new Uint8Array(32).fill(255),
          dh(this.spk.priv, f[3]),
          dh(this.id.priv, f[2]),
          dh(this.spk.priv, f[2]),
        ];
        if (f[1]) dhs.push(dh(this.pre.get(f[1]).priv, f[2]));
        const master = hkdf(cat(...dhs), Buffer.alloc(32), 'WhisperText', 64);
        s = {
          theirs: u8(f[3].subarray(1)),
          root: master.slice(0, 32),
          ratchet: this.spk,
          send: null,
          recv: new Map(),
          base,
        };
        this.sessions.set(address, s);
      }
      return this.#open(s, f[4]);
    }
    return this.#open(this.sessions.get(address), bytes);
  }
  #open(s, msg) {
    const body = msg.subarray(0, -8),
      f = fields(body.subarray(1)),
      rk = Buffer.from(f[1]).toString('hex');
    if (!s.recv.has(rk)) {
      const a = hkdf(dh(s.ratchet.priv, f[1]), s.root, 'WhisperRatchet', 64);
      s.recv.set(rk, { chain: a.slice(32), n: 0, old: new Map() });
      const ratchet = keyPair(),
        b = hkdf(dh(ratchet.priv, f[1]), a.slice(0, 32), 'WhisperRatchet', 64);
      s.root = b.slice(0, 32);
      s.ratchet = ratchet;
      s.send = { chain: b.slice(32), n: 0, prev: s.send ? s.send.n : 0 };
      s.pending = null;
    }
    const c = s.recv.get(rk),
      want = f[2] || 0;
    while (c.n <= want) {
      const k = messageKeys(c.chain);
      c.old.set(c.n, k);
      c.chain = k.next;
      c.n += 1;
    }
    const k = c.old.get(want);
    if (!k) throw new Error('message key used twice');
    if (
      Buffer.compare(
        Buffer.from(hmac(k.mac, key33(s.theirs), key33(this.id.pub), body).slice(0, 8)),
        Buffer.from(msg.subarray(-8)),
      )
    )
      throw new Error('bad mac');
    c.old.delete(want);
    return unpad(aes('createDecipheriv', k.cipher, k.iv, f[4]));
  }
}
/** The Noise side of the server: XX, and XXfallback where the client tried to resume. */
export class Noise {
  constructor(name, header) {
    const n = Buffer.from(name);
    this.h = n.length === 32 ? u8(n) : sha256(n);
    this.ck = this.h;
    this.k = this.h;
    this.n = 0;
    this.mix(header);
  }
  mix(d) {
    this.h = sha256(cat(this.h, d));
  }
  key(secret) {
    const o = hkdf(secret, this.ck, '', 64);
    this.ck = o.slice(0, 32);
    this.k = o.slice(32);
    this.n = 0;
  }
  #iv() {
    const b = Buffer.alloc(12);
    b.writeUInt32BE(this.n++, 8);
    return b;
  }
  encrypt(d) {
    const c = gcm(this.k, this.#iv(), d, this.h);
    this.mix(c);
    return c;
  }
  decrypt(d) {
    const p = ungcm(this.k, this.#iv(), d, this.h);
    this.mix(d);
    return p;
  }
  finish() {
    const o = hkdf(new Uint8Array(0), this.ck, '', 64);
    return { read: counter(o.slice(0, 32), ungcm), write: counter(o.slice(32), gcm) };
  }
}
function counter(k, f) {
  let n = 0;
  return (d) => {
    const b = Buffer.alloc(12);
    b.writeUInt32BE(n++, 8);
    return f(k, b, d, new Uint8Array(0));
  };
}
export function gcm(k, iv, d, aad) {
  const c = crypto.createCipheriv('aes-256-gcm', k, iv);
  c.setAAD(aad);
  return cat(c.update(d), c.final(), c.getAuthTag());
}
export function ungcm(k, iv, d, aad) {
  const c = crypto.createDecipheriv('aes-256-gcm', k, iv);
  c.setAAD(aad);
  c.setAuthTag(d.subarray(-16));
  return cat(c.update(d.subarray(0, -16)), c.final());
}
