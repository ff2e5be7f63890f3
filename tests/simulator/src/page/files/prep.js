// The page's own preparation of files to send: it draws pictures and stickers again, asks the browser how long sounds and
// videos are, and leaves documents as they are.
import { Model } from '/static/models.js';
import { InMemoryMediaBlobCache, getOrCreateMediaObject } from '/static/file-objects.js';
import { isHeld, msgToMediaType } from '/static/file-kinds.js';
import { encode, hash } from '/static/download.js';
import { encryptAndUpload } from '/static/upload.js';
import { addAndSendMsgToChat, genOutgoingMsgData } from '/static/sending.js';

/** The longest edge of a picture, and of its thumbnail. */
const EDGE = 1600;
const THUMBNAIL_EDGE = 100;

/** A file in the page. */
export class OpaqueData {
  #blob;

  constructor(blob) {
    this.#blob = blob;
  }

  static async createFromData(data, type) {
    return new OpaqueData(data.type === type ? data : new Blob([data], { type }));
  }

  forceToBlob() {
    return this.#blob;
  }

  formData() {
    return this.#blob;
  }

  type() {
    return this.#blob.type;
  }

  size() {
    return this.#blob.size;
  }

  url() {
    return URL.createObjectURL(this.#blob);
  }

  retain() {}

  release() {}

  autorelease() {}
}

async function drawn(blob, edge, type) {
  const picture = await createImageBitmap(blob);
  const scale = Math.min(1, edge / Math.max(picture.width, picture.height));
  const [width, height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d').drawImage(picture, 0, 0, width, height);
  return { blob: await canvas.convertToBlob({ type }), width, height };
}

/** Seconds, of a sound or a video that the browser can play. */
function durationOf(blob) {
  const player = document.createElement(blob.type.startsWith('video/') ? 'video' : 'audio');
  const address = URL.createObjectURL(blob);
  const found = new Promise((resolve, reject) => {
    player.onloadedmetadata = () => resolve(player.duration);
    player.onerror = () => reject(Object.assign(new Error('the file cannot be played'), { name: 'MediaFileFailedLoad' }));
    player.src = address;
  });
  return found.finally(() => URL.revokeObjectURL(address));
}

const nameOf = (blob, { filename }) => filename ?? blob.name ?? 'document';

const PREPARED = {
  async image(blob, { maxDimension = EDGE }) {
    const picture = await drawn(blob, maxDimension, 'image/jpeg');
    const small = await drawn(blob, THUMBNAIL_EDGE, 'image/jpeg');
    const preview = encode(await small.blob.arrayBuffer());
    return { blob: picture.blob, fields: { fullWidth: picture.width, fullHeight: picture.height, preview } };
  },
  async sticker(blob) {
    const { blob: again, width, height } = await drawn(blob, 512, 'image/webp');
    return { blob: again, fields: { fullWidth: width, fullHeight: height } };
  },
  async video(blob, { asGif, precomputedFields }) {
    return { blob, fields: { isGif: asGif === true, ...(precomputedFields ?? { duration: await durationOf(blob) }) } };
  },
  async audio(blob, { precomputedFields }) {
    return { blob, fields: precomputedFields ?? { duration: Math.floor(await durationOf(blob)) } };
  },
  async document(blob, options) {
    return { blob, fields: { filename: nameOf(blob, options) } };
  },
};

function kindOf(type, { asDocument, asSticker }) {
  if (asDocument) return 'document';
  if (asSticker) return 'sticker';
  const [prefix] = type.split('/');
  return prefix in PREPARED ? prefix : 'document';
}

async function prepared(opaque, options, data) {
  const kind = kindOf(opaque.type(), options);
  const { blob, fields } = await PREPARED[kind](opaque.forceToBlob(), options);
  const type = kind === 'audio' && options.isPtt ? 'ptt' : kind;
  const filehash = await hash(await blob.arrayBuffer());
  const mediaBlob = await OpaqueData.createFromData(blob, blob.type);
  return data.set({ ...fields, type, mimetype: blob.type, size: blob.size, filehash, mediaBlob, mediaStage: 'EXISTS' });
}

/** The properties of a message with a prepared file. */
function propsOf(data) {
  const { type, mimetype, size, filehash, fullWidth: width, fullHeight: height, duration, waveform, filename, isGif, preview } = data;
  const seconds = duration === undefined ? undefined : String(Math.floor(duration));
  return { type, mimetype, size, filehash, width, height, duration: seconds, waveform, filename, isGif, body: preview };
}

export class MediaPrep {
  constructor(opaque, options) {
    this.mediaData = new Model({ mediaStage: 'PREPARING', type: 'unknown', isGif: false });
    this.ready = prepared(opaque, options, this.mediaData);
    this.ready.catch(() => {});
  }

  waitForPrep() {
    return this.ready;
  }

  /** Stores the message first, then uploads its file, then sends it. */
  async sendToChat({ chat, options }) {
    const data = await this.ready;
    const { caption, isViewOnce, productMsgOptions } = options;
    const own = await genOutgoingMsgData(chat, data.type);
    const message = { ...own, ...propsOf(data), caption, ...(isViewOnce && { isViewOnce }), ...productMsgOptions, type: data.type };
    const mediaObject = consolidated(data);
    const upload = async () => {
      const mediaType = msgToMediaType(data);
      const { mediaEntry } = await uploadMedia({ mimetype: data.mimetype, mediaObject, mediaType });
      if (!mediaEntry) throw Object.assign(new Error('the file was not uploaded'), { name: 'ERROR_UPLOAD' });
      return entryFields(mediaEntry);
    };
    const [added, result] = addAndSendMsgToChat(chat, message, upload);
    const msg = await added;
    return result.catch(() => ({ messageSendResult: 'ERROR_UPLOAD' })).then((end) => ({ ...end, msg }));
  }
}

const entryFields = ({ deprecatedMms3Url, directPath, mediaKey, mediaKeyTimestamp, encFilehash, sidecar, firstFrameSidecar }) => ({
  deprecatedMms3Url, directPath, mediaKey, mediaKeyTimestamp, encFilehash, streamingSidecar: sidecar, firstFrameSidecar,
});

function consolidated(data) {
  const object = getOrCreateMediaObject(data.filehash);
  object.consolidate({ type: data.type, mediaBlob: data.mediaBlob, size: data.size });
  return object;
}

export const prepRawMedia = (opaque, options = {}) => new MediaPrep(opaque, options);

export async function getMediaPropsNew(prep, { caption, isViewOnce } = {}) {
  const data = await prep.waitForPrep();
  consolidated(data);
  return { ...propsOf(data), caption, ...(isViewOnce && { isViewOnce }) };
}

const QPL = { addPoint() {}, addAnnotations() {}, endSuccess() {}, endFailWithError() {} };

/** Resolves also when it fails: then without an entry. */
export async function uploadMedia({ mediaObject, mediaType }) {
  const blob = mediaObject.mediaBlob?.formData() ?? InMemoryMediaBlobCache.get(mediaObject.filehash);
  try {
    const { url, ...uploaded } = await encryptAndUpload({ blob, type: mediaType, uploadQpl: QPL });
    mediaObject.uploadStage = 'UPLOADED';
    return { kind: 'success', mediaEntry: { ...uploaded, deprecatedMms3Url: url } };
  } catch (error) {
    mediaObject.uploadStage = error.status === 413 ? 'ERROR_TOO_LARGE' : 'NEED_UPLOAD';
    return { kind: error.name === 'AbortError' ? 'cancellation' : 'error' };
  }
}

export const shouldUseMediaCache = (type) => isHeld(type);
