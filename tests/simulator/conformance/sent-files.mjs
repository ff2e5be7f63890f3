// Files that clients send: what they are given, and what their receivers must find.
import { createHash } from 'node:crypto';

const RATE = 8000;

/** A second of a tone that rises, as WAV: browsers look at the bytes, whatever type is claimed. */
function tone() {
  const samples = Buffer.from(Array.from({ length: RATE }, (_, n) => 128 + Math.round((n / RATE) * 100 * Math.sin(n / 3))));
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]).toString('base64');
}

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const WEBP = 'UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA';

/** By name: the file, and what the server gets of it. `same`: the bytes come as they were; the page draws pictures again. */
export const SENT = {
  image: { mimetype: 'image/png', data: PIXEL, caption: 'a picture', got: ['image', 'image/jpeg', 'a picture'], same: false },
  voice: { mimetype: 'audio/ogg; codecs=opus', data: tone(), got: ['ptt', 'audio/ogg; codecs=opus', undefined], same: true },
  document: {
    mimetype: 'application/pdf', data: Buffer.from('%PDF-1.4 a list of prices').toString('base64'), filename: 'prices.pdf',
    caption: 'please read', got: ['document', 'application/pdf', 'please read'], same: true,
  },
  sticker: { mimetype: 'image/webp', data: WEBP, got: ['sticker', 'image/webp', undefined], same: true },
};

export const sha256 = (data) => createHash('sha256').update(Buffer.from(data, 'base64')).digest('base64');
