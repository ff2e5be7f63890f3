// Sender keys: a member of a group encrypts once for all members, after sending the key to each of them.
import crypto from 'node:crypto';
import { aes, cat, fBytes, fInt, fields, hkdf, hmac, key33, keyPair, pad, sign, unpad } from '../keys.mjs';

/** The first byte of both kinds of message: the version, twice. */
const VERSION = 0x33;
const SIGNATURE_BYTES = 64;
const step = (chain, n) => hmac(chain, Buffer.from([n]));

function keysOf(chain) {
  const derived = hkdf(step(chain, 1), Buffer.alloc(32), 'WhisperGroup', 48);
  return { iv: derived.subarray(0, 16), key: derived.subarray(16, 48) };
}

/** The key with which a person writes to a group. */
export class OwnSenderKey {
  #id = crypto.randomInt(2 ** 31);
  #n = 0;
  #chain = crypto.randomBytes(32);
  #pair = keyPair();

  /** The data that each member must get before they can decrypt. */
  told() {
    const key = [fInt(1, this.#id), fInt(2, this.#n), fBytes(3, this.#chain), fBytes(4, key33(this.#pair.pub))];
    return cat([VERSION], ...key);
  }

  encrypt(plain) {
    const { iv, key } = keysOf(this.#chain);
    const body = [fInt(1, this.#id), fInt(2, this.#n), fBytes(3, aes('createCipheriv', key, iv, pad(plain)))];
    const signed = cat([VERSION], ...body);
    this.#chain = step(this.#chain, 2);
    this.#n += 1;
    return cat(signed, sign(this.#pair, signed));
  }
}

/** Another person's key, as one member received it. */
export class LearntSenderKey {
  #n;
  #chain;
  #old = new Map();

  constructor(told) {
    const { 1: id, 2: n, 3: chain } = fields(new Uint8Array(told).subarray(1));
    Object.assign(this, { id });
    this.#n = n ?? 0;
    this.#chain = chain;
  }

  decrypt(bytes) {
    const { 1: id, 2: n = 0, 3: sealed } = fields(bytes.subarray(1, -SIGNATURE_BYTES));
    if (id !== this.id) throw new Error('another sender key');
    for (; this.#n <= n; this.#n += 1) {
      this.#old.set(this.#n, keysOf(this.#chain));
      this.#chain = step(this.#chain, 2);
    }
    const { key, iv } = this.#old.get(n);
    return unpad(aes('createDecipheriv', key, iv, sealed));
  }
}
