// The host of media files: it keeps each file encrypted as WhatsApp's phones encrypt them, and answers for its path.
import crypto from 'node:crypto';
import { hkdf, sha256 } from '../keys.mjs';
import { incoming } from './messages.mjs';
import { now, state } from './state.mjs';

/** The kinds of media: the protobuf's field, the name in the key's derivation, the folder of the host, the defaults. */
const KINDS = {
  image: ['imageMessage', 'Image', 't62.7118-24', { mimetype: 'image/png', width: 1, height: 1 }],
  video: ['videoMessage', 'Video', 't62.7161-24', { mimetype: 'video/mp4', width: 64, height: 48, seconds: 3 }],
  gif: ['videoMessage', 'Video', 't62.7161-24', { mimetype: 'video/mp4', width: 64, height: 48, seconds: 2, gifPlayback: true }],
  ptv: ['ptvMessage', 'Video', 't62.7161-24', { mimetype: 'video/mp4', width: 64, height: 64, seconds: 4 }],
  audio: ['audioMessage', 'Audio', 't62.7114-24', { mimetype: 'audio/mp4', seconds: 7 }],
  ptt: ['audioMessage', 'Audio', 't62.7117-24', { mimetype: 'audio/ogg; codecs=opus', seconds: 5, ptt: true }],
  document: ['documentMessage', 'Document', 't62.7119-24', { mimetype: 'application/pdf', fileName: 'a file.pdf', pageCount: 2 }],
  sticker: ['stickerMessage', 'Image', 't62.15575-24', { mimetype: 'image/webp', width: 1, height: 1 }],
};
/** A link to a file is good for two weeks. */
const LIFE_S = 14 * 86_400;
const MAC_SIZE = 10;

/** A picture of one pixel. A reader of PNG ignores what follows its end. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** A file like no other: the page keeps the files that it has fetched, by their hash. */
const another = (size = 32) => Buffer.concat([PIXEL, crypto.randomBytes(size)]);

/** The path of each file → its bytes as they lie on the host, and how the host answers for it. */
const files = new Map();

/** The first 112 bytes that follow from a media key: the IV, the key of the cipher, the key of the MAC. */
function keys(mediaKey, name) {
  const all = Buffer.from(hkdf(mediaKey, Buffer.alloc(32), `WhatsApp ${name} Keys`, 112));
  return { iv: all.subarray(0, 16), cipher: all.subarray(16, 48), mac: all.subarray(48, 80) };
}

function encrypt(plain, mediaKey, name) {
  const { iv, cipher, mac } = keys(mediaKey, name);
  const aes = crypto.createCipheriv('aes-256-cbc', cipher, iv);
  const sealed = Buffer.concat([aes.update(plain), aes.final()]);
  const tag = crypto.createHmac('sha256', mac).update(iv).update(sealed).digest().subarray(0, MAC_SIZE);
  return Buffer.concat([sealed, tag]);
}

/** The bytes of a file as the host keeps it; null if its MAC or its padding is wrong. */
export function decrypt(sealed, mediaKey, name) {
  const { iv, cipher, mac } = keys(mediaKey, name);
  const body = sealed.subarray(0, -MAC_SIZE);
  const tag = crypto.createHmac('sha256', mac).update(iv).update(body).digest().subarray(0, MAC_SIZE);
  if (!tag.equals(sealed.subarray(-MAC_SIZE))) return null;
  const aes = crypto.createDecipheriv('aes-256-cbc', cipher, iv);
  return Buffer.concat([aes.update(body), aes.final()]);
}

/** Puts a file on the host; returns its path, which is signed until `until_s`. */
export function place(folder, bytes, until_s = now() + LIFE_S) {
  const name = `/v/${folder}/${crypto.randomBytes(12).toString('hex')}_n.enc`;
  files.set(name, { bytes, folder, answer: 'serve' });
  return `${name}?ccb=11-4&oh=01_Q5AaI${crypto.randomBytes(8).toString('hex')}&oe=${until_s.toString(16).toUpperCase()}&_nc_sid=5e03e0`;
}

const bare = (path) => path.split('?')[0];

/** The bytes that lie under a path. */
export const kept = (path) => files.get(bare(path))?.bytes;
/** The protobuf's field of each kind of file, and its name in the key's derivation. */
export const FIELDS = Object.values(KINDS);
const base64 = (bytes) => Buffer.from(bytes).toString('base64');

/**
 * Somebody sends a file. `options`: `bytes` or their `size`, `fields` of the protobuf, `thumbnail`, `expired` (the path's signature has
 * passed), and `wrong`, what the message says wrongly of the file: `key`, `filehash`, `encFilehash` or `mac`.
 */
export function media(pn, kind, { size, bytes = another(size), fields = {}, expired, wrong, from, extra } = {}) {
  const [field, name, folder, defaults] = KINDS[kind];
  const mediaKey = crypto.randomBytes(32);
  const sealed = encrypt(bytes, mediaKey, name);
  if (wrong === 'mac') sealed[sealed.length - 1] ^= 1;
  const directPath = place(folder, sealed, now() + (expired ? -60 : LIFE_S));
  const other = (isWrong, value) => (isWrong ? crypto.randomBytes(32) : value);
  const about = {
    url: `https://mmg.whatsapp.net${directPath}&mms3=true`,
    directPath,
    mediaKey: other(wrong === 'key', mediaKey),
    mediaKeyTimestamp: now(),
    fileSha256: other(wrong === 'filehash', sha256(bytes)),
    fileEncSha256: other(wrong === 'encFilehash', sha256(sealed)),
    fileLength: bytes.length,
    ...defaults,
    ...fields,
  };
  const id = incoming(pn, '', { message: { [field]: about }, from, extra: { type: 'media', ...extra } });
  const sent = {
    id,
    directPath,
    mediaKey: base64(about.mediaKey),
    filehash: base64(about.fileSha256),
    encFilehash: base64(about.fileEncSha256),
    size: bytes.length,
  };
  state.media.set(id, sent);
  return sent;
}

/**
 * Changes how the host answers for a file: `serve`, `slow` (in parts, with pauses), `gone` (404), `expired` (403 with
 * WhatsApp's words for it), `hang`, `cut` (half of the file), or the number of a status.
 */
export function answerFor(path, answer) {
  const file = files.get(bare(path));
  if (!file) throw new Error(`no file ${bare(path)}`);
  file.answer = answer;
}

/** Puts the bytes of a file under a new path, as a phone does that is asked to upload it again. */
export function placeAgain(path) {
  const { bytes, folder } = files.get(bare(path));
  return place(folder, bytes);
}

const PARTS = 4;
const PAUSE_MS = 300;

/** Sends a file in parts, with pauses between them. */
async function slowly(response, about, bytes) {
  response.writeHead(200, { ...about, 'content-length': bytes.length });
  const part = Math.ceil(bytes.length / PARTS);
  for (let at = 0; at < bytes.length && !response.destroyed; at += part) {
    response.write(bytes.subarray(at, at + part));
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  response.end();
}

/** Answers a request to the host of media; returns false if the request is not for it. */
export function serve(request, response, url) {
  if (!url.pathname.startsWith('/v/')) return false;
  const about = { 'access-control-allow-origin': '*', 'content-type': 'application/octet-stream' };
  const end = (status, body) => {
    response.writeHead(status, { ...about, 'content-length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const file = files.get(url.pathname);
  const signature = ['ccb', 'oh', 'oe', '_nc_sid'];
  const added = [...url.searchParams.keys()].filter((key) => !signature.includes(key));
  state.mediaRequests.push({ method: request.method, host: request.headers.host, path: url.pathname, added: added.sort() });
  if (!file || file.answer === 'gone') end(404, Buffer.from('not found'));
  else if (file.answer === 'expired') end(403, Buffer.from('URL signature expired'));
  else if (file.answer === 'cut') {
    response.writeHead(200, { ...about, 'content-length': file.bytes.length });
    response.write(file.bytes.subarray(0, Math.floor(file.bytes.length / 2)), () => response.destroy());
  } else if (file.answer === 'slow') slowly(response, about, file.bytes);
  else if (file.answer === 'serve') end(200, file.bytes);
  else if (file.answer !== 'hang') end(Number(file.answer), Buffer.from('refused'));
  return true;
}

