// Fetches a file from the host, checks it against what its message says, and opens it.
import { config } from '/config.js';
import {
  AbortError,
  HttpNetworkError,
  HttpStatusCodeError,
  InvalidMediaFileType,
  MMSForbiddenError,
  MMSThrottleError,
  MMSUnauthorizedError,
  MediaDecryptionError,
  MediaNotFoundError,
  MmsDownloadFilehashMismatchError,
} from '/static/file-errors.js';
import { infoOf, isAllowed } from '/static/file-kinds.js';
import { wait } from '/static/clock.js';

/** The pauses before the next attempts, in seconds. */
const RETRIES = [1, 2, 4];
export const MAC = 10;
const CACHE = 'lru-media-array-buffer-cache';

const decode = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
export const encode = (buffer) => btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(''));
export const hash = async (buffer) => encode(await crypto.subtle.digest('SHA-256', buffer));

/** The files that were fetched, by the hash of their bytes; they outlive the page. */
const place = (filehash) => `/lru/${encodeURIComponent(filehash)}`;
export const LruMediaStore = {
  getName: async () => 'cache_storage',
  async get(filehash) {
    const found = await (await caches.open(CACHE)).match(place(filehash));
    return found ? found.arrayBuffer() : null;
  },
  async put(filehash, buffer) {
    await (await caches.open(CACHE)).put(place(filehash), new Response(buffer));
  },
  has: async (filehash) => Boolean(await (await caches.open(CACHE)).match(place(filehash))),
  del: async (filehash) => (await caches.open(CACHE)).delete(place(filehash)),
  count: async () => (await (await caches.open(CACHE)).keys()).length,
  clear: () => caches.delete(CACHE),
};

/** When a path's signature ends, in Unix seconds. */
function signedUntil(path) {
  const end = new URLSearchParams(path.split('?')[1]).get('oe');
  return end === null ? Infinity : Number.parseInt(end, 16);
}

async function refusal(response, path) {
  const words = 'mmsDownload';
  const { status } = response;
  if (status === 401) return new MMSUnauthorizedError(words);
  if (status === 507) return new MMSThrottleError(words);
  if (status === 404 || status === 410) return new MediaNotFoundError(words);
  if (status !== 403) return new HttpStatusCodeError(status, words);
  const expired = (await response.text()).includes('URL signature expired') || signedUntil(path) * 1000 <= Date.now();
  return expired ? new MediaNotFoundError(words) : new MMSForbiddenError(words);
}

function address({ directPath, encFilehash, type, mode }) {
  const url = new URL(directPath || '/v/none/none', location.origin);
  const added = { hash: encFilehash, mode, 'mms-type': type, '__wa-mms': '' };
  for (const [name, value] of Object.entries(added)) if (value !== undefined && value !== null) url.searchParams.set(name, value);
  return url;
}

/** The bytes of an answer, with a report each time that some have come. */
async function arrived(response, onProgress = () => {}) {
  const total = Number(response.headers.get('content-length'));
  const parts = [];
  let loaded = 0;
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    loaded += part.value.length;
    onProgress({ loaded, total, lengthComputable: true });
  }
  return new Blob(parts).arrayBuffer();
}

async function attempt(wanted) {
  let response;
  try {
    response = await fetch(address(wanted), { signal: wanted.signal });
    if (response.ok) return await arrived(response, wanted.onProgress);
  } catch (error) {
    if (error.name === 'AbortError') throw new AbortError();
    throw new HttpNetworkError('fetch error: unexpected status 0');
  }
  throw await refusal(response, wanted.directPath ?? '');
}

const isTemporary = (error) =>
  !(error instanceof MMSThrottleError) &&
  (error instanceof HttpNetworkError || error instanceof MMSUnauthorizedError || error.status >= 500);

/** Tries again after errors that may pass. */
export async function tried(request, signal) {
  for (const pause of [...RETRIES, null]) {
    try {
      return await request();
    } catch (error) {
      if (pause === null || !isTemporary(error)) throw error;
      await wait(pause);
      if (signal?.aborted) throw new AbortError();
    }
  }
  return undefined;
}

const fetched = (wanted) => tried(() => attempt(wanted), wanted.signal);

/** The keys of a file: 16 bytes of IV, then the keys of the cipher and of the sum. */
export async function keysOf(mediaKey, info) {
  const base = await crypto.subtle.importKey('raw', decode(mediaKey), 'HKDF', false, ['deriveBits']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info: new TextEncoder().encode(info) };
  const all = new Uint8Array(await crypto.subtle.deriveBits(how, base, 80 * 8));
  return { iv: all.slice(0, 16), cipher: all.slice(16, 48), sum: all.slice(48, 80) };
}

async function opened(file, { iv, cipher, sum }) {
  const [sealed, mac] = [file.slice(0, -MAC), encode(file.slice(-MAC))];
  const key = await crypto.subtle.importKey('raw', sum, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const summed = new Uint8Array(iv.length + sealed.byteLength);
  summed.set(iv);
  summed.set(new Uint8Array(sealed), iv.length);
  const signed = await crypto.subtle.sign('HMAC', key, summed);
  if (encode(signed.slice(0, MAC)) !== mac) throw new MediaDecryptionError('decryptMedia: hmac mismatch');
  const aes = await crypto.subtle.importKey('raw', cipher, 'AES-GCM', false, ['decrypt']);
  return crypto.subtle.decrypt({ name: 'AES-GCM', iv: iv.slice(0, 12) }, aes, sealed);
}

async function download(wanted) {
  const { type, mediaKey, encFilehash, filehash, downloadQpl, onDecryptStart } = wanted;
  const known = filehash === undefined ? null : await LruMediaStore.get(filehash);
  if (known) return known;
  infoOf(type);
  for (const [what, value] of [['key', mediaKey], ['encFilehash', encFilehash]]) {
    if (value === undefined || value === null) throw new MediaDecryptionError(`decryptMedia: missing ${what} for type ${type}`);
  }
  downloadQpl.addPoint('download_and_decrypt_start');
  const [keys, file] = await Promise.all([keysOf(mediaKey, infoOf(type)), fetched(wanted)]);
  if ((await hash(file)) !== encFilehash) throw new MmsDownloadFilehashMismatchError();
  onDecryptStart?.();
  const plain = await opened(file, keys);
  if (filehash !== undefined && (await hash(plain)) !== filehash) {
    throw new MediaDecryptionError('decryptMedia: plaintext hash mismatch');
  }
  const { mimetype = 'application/octet-stream' } = wanted;
  if (config.build.checks_mimetypes && !isAllowed(type, mimetype)) {
    throw new InvalidMediaFileType(`Unexpected mimetype ${mimetype} for media type ${type}`);
  }
  if (filehash !== undefined) await LruMediaStore.put(filehash, plain);
  downloadQpl.addPoint('download_and_decrypt_end', { int: { byteLength: plain.byteLength } });
  return plain;
}

/** The downloads that are under way, by the hash of the bytes: the same file is not fetched twice at once. */
const running = new Map();

/** Throws at once without `downloadQpl`, as the real one. */
export function downloadAndMaybeDecrypt(wanted) {
  wanted.downloadQpl.addAnnotations({ string: { mediaType: wanted.type } });
  const { filehash } = wanted;
  if (!running.has(filehash)) running.set(filehash, download(wanted).finally(() => running.delete(filehash)));
  return running.get(filehash);
}
