// What the page holds of the file of a message: `mediaData` beside the model, and `mediaObject`, which all messages with
// the same file share.
import { Model } from '/static/models.js';
import { MediaNotFoundError, MediaNotOnPhone } from '/static/file-errors.js';
import { getMsgMediaType, hasFile, isHeld } from '/static/file-kinds.js';
import { downloadAndMaybeDecrypt } from '/static/download.js';
import { rmr } from '/static/reupload.js';

/** The files that were fetched for a click, by hash. */
const held = new Map();
export const InMemoryMediaBlobCache = {
  get: (filehash) => held.get(filehash) ?? null,
  has: (filehash) => held.has(filehash),
  put: (filehash, blob) => void held.set(filehash, blob),
  delete: (filehash) => void held.delete(filehash),
  clear: () => held.clear(),
  canFitFile: (size) => size <= 250_000_000,
};

/** The only entry of a file: where it is and how it is opened. */
class Entry {
  constructor({ directPath, mediaKey, mediaKeyTimestamp, encFilehash }) {
    this.directPath = directPath;
    this.isGone = false;
    this.getMediaKey = () => mediaKey;
    this.getMediaKeyTimestamp = () => mediaKeyTimestamp;
    this.getEncfilehash = () => encFilehash;
  }
}

class Entries {
  #entry;

  constructor(message) {
    this.#entry = new Entry(message);
  }

  /** A file that was gone when it was asked for has no entry. */
  getDownloadEntry(_isEncrypted) {
    return this.#entry.isGone ? undefined : this.#entry;
  }

  lost() {
    this.#entry.isGone = true;
  }

  uploaded(directPath) {
    Object.assign(this.#entry, { directPath, isGone: false });
  }
}

class MediaObject {
  messages = [];
  /** What the page found out about the file before it was sent. */
  contentInfo = {};
  downloadStage = 'INIT';

  constructor(message) {
    this.filehash = message.filehash;
    this.type = message.type.toUpperCase();
    this.entries = new Entries(message);
    // A view-once file has no key here, and waits for one.
    if (message.filehash === undefined) this.downloadStage = 'PREPARING';
  }

  consolidate({ type = this.type, ...changes }) {
    Object.assign(this, changes, { type: type.toUpperCase() });
    if (!('downloadStage' in changes)) return;
    const mediaStage = changes.downloadStage === 'PROCESSING' ? 'DECRYPTING' : changes.downloadStage;
    for (const message of this.messages) message.mediaData.set({ mediaStage, mediaBlob: this.mediaBlob });
  }
}

const byHash = new Map();
const objects = new WeakMap();
const data = new WeakMap();

/** The object of a file that is to be sent: nothing is known yet but its hash. */
export function getOrCreateMediaObject(filehash) {
  if (!byHash.has(filehash)) byHash.set(filehash, new MediaObject({ filehash, type: 'unknown' }));
  return byHash.get(filehash);
}

/** The object of a message's file; undefined if it has none. */
export function objectOf(message) {
  if (!hasFile(message)) return undefined;
  if (objects.has(message)) return objects.get(message);
  const object = byHash.get(message.filehash) ?? new MediaObject(message);
  if (message.filehash !== undefined) byHash.set(message.filehash, object);
  objects.set(message, object);
  object.messages.push(message);
  // A file that was only to be sent is somewhere now.
  if (!object.entries.getDownloadEntry(true)?.directPath) object.entries = new Entries(message);
  return object;
}

/** The page's data of a message's file. */
export function dataOf(message) {
  if (!hasFile(message)) return undefined;
  if (!data.has(message)) {
    const { type, mimetype, filehash, size } = message;
    const { downloadStage: mediaStage, mediaBlob } = objectOf(message);
    data.set(message, new Model({ type, mimetype, filehash, size, mediaStage, mediaBlob }));
  }
  return data.get(message);
}

/** Whether the browser can play a video. */
function plays(blob) {
  const video = document.createElement('video');
  const address = URL.createObjectURL(blob);
  return new Promise((resolve) => {
    video.onloadedmetadata = () => resolve(true);
    video.onerror = () => resolve(false);
    video.src = address;
  }).finally(() => URL.revokeObjectURL(address));
}

/** Puts a fetched file where the page finds it; throws if the browser cannot show it. */
async function put(object, kind, blob) {
  if (isHeld(kind)) {
    InMemoryMediaBlobCache.put(object.filehash, blob);
    if (kind === 'sticker') await createImageBitmap(blob);
  } else if (await plays(blob)) {
    object.consolidate({ mediaBlob: { forceToBlob: () => blob, validate: async () => true } });
  } else {
    throw new Error('Unable to play video');
  }
}

const timeless = { addPoint() {}, addAnnotations() {} };

async function load(message, object, mayAsk) {
  const kind = getMsgMediaType(message);
  if (!object.entries.getDownloadEntry(true)) {
    // Nobody has said that the phone may be asked.
    if (!mayAsk) return object.consolidate({ downloadStage: 'NEED_POKE' });
    await rmr({ mediaObject: object });
  }
  object.consolidate({ downloadStage: 'FETCHING' });
  const entry = object.entries.getDownloadEntry(true);
  const wanted = { directPath: entry.directPath, encFilehash: entry.getEncfilehash(), mediaKey: entry.getMediaKey() };
  const onDecryptStart = () => object.consolidate({ downloadStage: 'PROCESSING' });
  const { mimetype } = message;
  const known = { filehash: object.filehash, mimetype, type: kind, mode: 'manual', downloadQpl: timeless, onDecryptStart };
  try {
    const bytes = await downloadAndMaybeDecrypt({ ...wanted, ...known });
    await put(object, kind, new Blob([bytes], { type: message.mimetype }));
  } catch (error) {
    if (!(error instanceof MediaNotFoundError)) throw error;
    object.entries.lost();
    if (!mayAsk) throw error;
    await rmr({ mediaObject: object });
    return load(message, object, false);
  }
  return object.consolidate({ downloadStage: 'RESOLVED' });
}

/** As a click on the file: the errors show only in the stage, unless the caller asks for them. */
export async function downloadMedia(message, { isUserInitiated, downloadEvenIfExpensive, shouldThrowAbortError } = {}) {
  const object = objectOf(message);
  // Without a click only files of the account itself and of its contacts are fetched.
  if (!object || (!isUserInitiated && !message.id.fromMe)) return;
  if (object.downloadStage === 'ERROR_MISSING' || object.downloadStage === 'PREPARING') return;
  try {
    await load(message, object, downloadEvenIfExpensive === true);
  } catch (error) {
    object.consolidate({ downloadStage: error instanceof MediaNotOnPhone ? 'ERROR_MISSING' : 'NEED_POKE' });
    if (shouldThrowAbortError) throw error;
  }
}
