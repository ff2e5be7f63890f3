// The kinds of files. A message's type is not enough: a video that plays by itself is a `gif`.

/** The kind → the name from which the keys of a file follow. */
const INFO = {
  image: 'WhatsApp Image Keys',
  sticker: 'WhatsApp Image Keys',
  video: 'WhatsApp Video Keys',
  gif: 'WhatsApp Video Keys',
  ptv: 'WhatsApp Video Keys',
  audio: 'WhatsApp Audio Keys',
  ptt: 'WhatsApp Audio Keys',
  document: 'WhatsApp Document Keys',
};

export const MEDIA_TYPES = Object.freeze(Object.fromEntries(Object.keys(INFO).map((kind) => [kind.toUpperCase(), kind])));

/** The types of messages with a file. */
const MESSAGES = new Set(['image', 'video', 'ptv', 'audio', 'ptt', 'document', 'sticker']);

export const hasFile = (message) => MESSAGES.has(message.type);

/** Whether the model of a message with a file has no body, instead of an empty preview. */
export const hasNoBody = ({ type, fields }) =>
  fields?.isViewOnce === true || (fields?.filehash !== undefined && ['audio', 'ptt', 'sticker'].includes(type));

/** The kind of a message's file. */
export function msgToMediaType({ type, isGif }) {
  if (!MESSAGES.has(type)) throw new Error(`msg is not a media msg: ${type}, isGif=${isGif}`);
  return type === 'video' && isGif === true ? 'gif' : type;
}

export const getMsgMediaType = (message) => msgToMediaType(message);

/** The name for the keys of a kind. */
export function infoOf(kind) {
  if (!(kind in INFO)) throw new Error(`webMediaType is invalid: ${kind}`);
  return INFO[kind];
}

const SOUNDS = ['audio/ogg; codecs=opus', 'audio/mp4', 'audio/mpeg', 'audio/aac', 'audio/amr'];
const PICTURES = ['image/jpeg', 'image/png', 'image/webp'];
const FILMS = ['video/mp4', 'video/3gpp'];

/** The MIME types of each kind; a document may have any but that of a drawing. */
export const ALLOWED = { image: PICTURES, sticker: ['image/webp'], video: FILMS, gif: FILMS, ptv: FILMS, audio: SOUNDS, ptt: SOUNDS };

/** Whether a file of this kind may have this MIME type. */
export const isAllowed = (kind, mimetype) => ALLOWED[kind]?.includes(mimetype) ?? mimetype.toLowerCase() !== 'image/svg+xml';

/** The kinds whose files the page holds in its memory once they are fetched for a click. */
export const isHeld = (kind) => !['video', 'gif', 'ptv'].includes(kind);
