// What the facts about files share: what runs in the page, and what is sent.
import crypto from 'node:crypto';

/** The kinds of files, with what their senders say of them. */
export const KINDS = {
  image: { mimetype: 'image/jpeg', width: 640, height: 480, caption: 'a picture' },
  video: { mimetype: 'video/mp4', width: 320, height: 240, seconds: 3, caption: 'a film' },
  gif: { mimetype: 'video/mp4', width: 320, height: 240, seconds: 2 },
  ptv: { mimetype: 'video/mp4', width: 400, height: 400, seconds: 4 },
  audio: { mimetype: 'audio/mpeg', seconds: 7 },
  ptt: { mimetype: 'audio/ogg; codecs=opus', seconds: 5 },
  document: { mimetype: 'application/pdf', filename: 'a document.pdf', pages: 2 },
  sticker: { mimetype: 'image/webp', width: 512, height: 512 },
};

/** Bytes like no others: the page keeps the files that it has fetched, by their hash. */
export const fresh = (size = 100) => crypto.randomBytes(size).toString('base64');

/** Runs in the page: what the facts call there. */
function tools() {
  const SETTLED_MS = 200;
  const find = (id) => require('WAWebCollections').Msg.getModelsArray().find((one) => one.id.id === id);
  const timeless = { addPoint() {}, addAnnotations() {} };
  /** An error in short. The words of a TypeError are the browser's. */
  const failed = ({ name, status, message }) => ({
    error: name,
    ...(status !== undefined && { status }),
    ...(name !== 'TypeError' && { message }),
  });
  const late = (ms) => new Promise((resolve) => setTimeout(resolve, ms, 'pending'));
  const encode = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));

  /** The arguments of a download, from the model, changed by `over`; null leaves an argument out. */
  const wanted = (message, over) => {
    const { directPath, encFilehash, filehash, mediaKey, mediaKeyTimestamp, mimetype } = message;
    const type = require('WAWebMmsMediaTypes').getMsgMediaType(message);
    const file = { directPath, encFilehash, filehash, mediaKey, mediaKeyTimestamp, mimetype };
    const all = { ...file, type, downloadQpl: timeless, ...over };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
  };
  const fetch = async (all) => require('WAWebDownloadManager').downloadManager.downloadAndMaybeDecrypt(all);

  window.__files = {
    find,
    /** Downloads; returns the bytes in base64, or the error. */
    download: (id, over = {}) => fetch(wanted(find(id), over)).then(encode, failed),
    kind: async (id) => (await fetch(wanted(find(id), {}))).constructor.name,
    /** Whether a download tells several times how much has come, and at last that all has. */
    async watch(id) {
      const told = [];
      await fetch(wanted(find(id), { onProgress: ({ loaded, total }) => told.push({ loaded, total }) }));
      const last = told.at(-1);
      return { several: told.length > 1, whole: last?.loaded === last?.total && last?.loaded >= find(id).size };
    },
    async abort(id, ms) {
      const abort = new AbortController();
      setTimeout(() => abort.abort(), ms);
      return fetch(wanted(find(id), { signal: abort.signal })).then(encode, ({ name }) => name);
    },
    /** Downloads as the page does for a click; returns the end, the stage, and what the page's memory holds of it. */
    async click(id, options, ms = 20_000) {
      const message = find(id);
      const end = await Promise.race([message.downloadMedia(options).then(String, ({ name }) => name), late(ms)]);
      // The page tells the stage to its models a moment later.
      await late(SETTLED_MS);
      const held = require('WAWebMediaInMemoryBlobCache').InMemoryMediaBlobCache.get(message.filehash);
      return { end, stage: message.mediaData.mediaStage, memory: held ? [held.size, held.type] : 'nothing' };
    },
    /** Asks the phone to upload a file again. */
    async reupload(id, ms = 20_000) {
      const message = find(id);
      const before = message.directPath;
      const request = { mediaObject: message.mediaObject, rmrReason: 1, rmrData: {} };
      const asked = require('WAWebDownloadManager').downloadManager.rmr(request).then(String, failed);
      const end = await Promise.race([asked, late(ms)]);
      const entry = message.mediaObject.entries.getDownloadEntry(true);
      return {
        end,
        message: message.directPath === before ? 'the old path' : 'another path',
        entry: !entry ? 'none' : entry.directPath === before ? 'the old path' : 'a new path',
        key: Boolean(entry) && entry.getMediaKey() === message.mediaKey,
        path: entry?.directPath,
      };
    },
  };
}

export class Files {
  constructor(asked) {
    this.asked = asked;
  }

  install() {
    return this.asked.evaluate(tools);
  }

  /** A friend sends a file; returns it once the page has its message. */
  async send(kind, about = {}) {
    const bytes = about.bytes ?? fresh();
    const sent = await this.asked.world.media(kind, { ...KINDS[kind], ...about, bytes });
    await this.asked.until('the message with the file', (id) => Boolean(window.__files.find(id)), sent.id);
    return { ...sent, bytes };
  }

  /** Sends a file for which the host answers otherwise. */
  async sendAnswered(answer, about = {}) {
    const sent = await this.send('image', about);
    await this.asked.world.fileAnswers(sent.path, answer);
    return sent;
  }

  download(sent, over) {
    return this.asked.evaluate((id, changed) => window.__files.download(id, changed), sent.id, over);
  }

  click(sent, options, ms) {
    return this.asked.evaluate((id, how, time) => window.__files.click(id, how, time), sent.id, options, ms);
  }

  reupload(sent, ms) {
    return this.asked.evaluate((id, time) => window.__files.reupload(id, time), sent.id, ms);
  }

  /** How often the page asked the host for the file. */
  async fetches(sent) {
    return (await this.asked.world.fetches(sent.path)).length;
  }
}
