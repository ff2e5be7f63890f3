// Encrypts a file and uploads it to the host.
import { config } from '/config.js';
import {
  AbortError,
  HttpNetworkError,
  HttpStatusCodeError,
  MMSThrottleError,
  MMSUnauthorizedError,
  MediaInvalidError,
  MediaTooLargeError,
} from '/static/file-errors.js';
import { ALLOWED, infoOf } from '/static/file-kinds.js';
import { MAC, encode, hash, keysOf, tried } from '/static/download.js';
import { bytes as random } from '/static/random.js';

const MIB = 1024 * 1024;
const DOCUMENT_MAX = 2000 * MIB;
const DOCUMENTS = ['document', 'sticker-pack'];
const OTHERS = ['image', 'sticker', 'video', 'audio'];

/** The most bytes of a kind of file; status files have no limit of their own here. */
export function getUploadLimit(kind) {
  if (DOCUMENTS.includes(kind)) return DOCUMENT_MAX;
  if (OTHERS.includes(kind)) return config.build.media_limit_mb * MIB;
  throw new Error(`Match: No case succesfully matched. Argument: ${kind}`);
}

/** The MIME types of a type of messages, if they are restricted. Stickers may be drawings, too. */
export function getValidMimeTypes(type) {
  if (!(type in ALLOWED) || type === 'gif') return undefined;
  return new Set([...ALLOWED[type], ...(type === 'sticker' ? ['application/was'] : [])]);
}

const urlSafe = (text) => text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');

function refusal(status) {
  const words = 'mmsUpload';
  if (status === 401) return new MMSUnauthorizedError(words);
  if (status === 413) return new MediaTooLargeError(words);
  if (status === 415) return new MediaInvalidError('mmsUpload: hash mismatch');
  if (status === 507) return new MMSThrottleError(words);
  return new HttpStatusCodeError(status, words);
}

/** One request; resolves with what the host says of the file. */
function post(address, body, { signal, onProgress }) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new AbortError());
    const request = new XMLHttpRequest();
    signal?.addEventListener('abort', () => {
      request.abort();
      reject(new AbortError());
    });
    request.upload.onprogress = onProgress;
    request.onerror = () => reject(new HttpNetworkError('fetch error: unexpected status 0'));
    request.onload = () => {
      if (request.status < 200 || request.status > 299) return reject(refusal(request.status));
      const { url, direct_path: directPath } = JSON.parse(request.responseText);
      resolve({ url, directPath });
    };
    request.open('POST', address);
    request.send(body);
  });
}

async function sealed(plain, { iv, cipher, sum }) {
  const aes = await crypto.subtle.importKey('raw', cipher, 'AES-GCM', false, ['encrypt']);
  const body = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv: iv.slice(0, 12) }, aes, plain));
  const key = await crypto.subtle.importKey('raw', sum, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const summed = new Uint8Array(iv.length + body.length);
  summed.set(iv);
  summed.set(body, iv.length);
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, summed)).slice(0, MAC);
  const whole = new Uint8Array(body.length + MAC);
  whole.set(body);
  whole.set(mac, body.length);
  return whole;
}

/** The kinds whose files can be played while they are fetched: they have sums of their parts of 64 KiB. */
const STREAMED = ['video', 'audio'];
const sums = (size) => random(10 * Math.ceil(size / 65_536));

/** A document that is larger on the host is uploaded in parts of this size, which are put together by a last request. */
const PART = 50 * MIB;

async function uploaded(file, { type, query, name, signal, onProgress }) {
  const request = (more, body, offset = 0) => {
    const address = `/mms/${type}/${name}?${new URLSearchParams({ ...query, ...more })}`;
    return tried(() => post(address, body, { signal, onProgress: (event) => onProgress?.(event, offset) }), signal);
  };
  if (type !== 'document' || file.length <= PART) return request({}, file);
  for (let start = 0; start < file.length; start += PART) {
    await request({ stream: 1, bytestart: start, byteend: start + PART }, file.subarray(start, start + PART), start);
  }
  return request({ stream: 1, final_hash: name });
}

let uploads = 0;

/** Uploads anew each time: without a given key each upload has another one. */
export async function encryptAndUpload(wanted) {
  const { blob, type, signal, onProgress, uploadQpl, mediaKey = encode(random(32)) } = wanted;
  uploadQpl.addPoint('upload_start');
  try {
    const plain = blob instanceof Blob ? await blob.arrayBuffer() : blob;
    const file = await sealed(plain, await keysOf(mediaKey, infoOf(type)));
    const encFilehash = await hash(file);
    uploads += 1;
    const name = urlSafe(encFilehash);
    const query = { auth: 'AUTH', media_id: uploads, token: name };
    const { url, directPath } = await uploaded(file, { type, query, name, signal, onProgress });
    uploadQpl.endSuccess();
    const mediaKeyTimestamp = wanted.mediaKeyTimestamp ?? Math.floor(Date.now() / 1000);
    const sidecar = STREAMED.includes(type) ? sums(file.length).buffer : undefined;
    const moves = type === 'sticker' && parseWebp(plain).firstFrameLength !== undefined;
    const firstFrameSidecar = moves ? sums(1).buffer : undefined;
    return { directPath, encFilehash, mediaKey, mediaKeyTimestamp, sidecar, firstFrameSidecar, url, handle: undefined };
  } catch (error) {
    if (error instanceof AbortError) uploadQpl.endFailWithError('upload_canceled', 'aborted');
    else uploadQpl.endFailWithError('upload_failed', error.message);
    throw error;
  }
}

const named = (buffer, from, to) => String.fromCharCode(...new Uint8Array(buffer).slice(from, to));
const ANIMATED = 0x02;

/** What a sticker says of itself; `firstFrameLength` only if it moves. */
export function parseWebp(buffer) {
  const isExtended = named(buffer, 0, 4) === 'RIFF' && named(buffer, 8, 16) === 'WEBPVP8X';
  const moves = isExtended && (new Uint8Array(buffer)[20] & ANIMATED) !== 0;
  return { animationDuration: 0, ...(moves && { firstFrameLength: Math.min(buffer.byteLength, 100) }) };
}
