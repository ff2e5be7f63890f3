// Files on the phone: those of messages, and the file that is about to be sent.
import { $, button, element } from '/phone/control.js';

/** The longest edge of a thumbnail in pixels, as phones make them. */
const THUMBNAIL = 100;
const READ_MS = 5000;
const KINDS = ['image', 'video', 'ptv', 'audio', 'ptt', 'document', 'sticker'];

/** The elements of files that are shown, by the ids of their messages: a sound plays on while the chat is drawn anew. */
const shown = new Map();

export const hasFile = ({ type, fields }) => KINDS.includes(type) && Boolean(fields?.mediaKey || fields?.isViewOnce);

/** The text with a file; a document without one has its name there. */
export function captionOf({ fields }) {
  const { caption = '', filename } = fields;
  return caption === filename ? '' : caption;
}

/** The same element for the same message. */
export function fileOf(message) {
  if (!shown.has(message.id)) shown.set(message.id, made(message));
  return shown.get(message.id);
}

function made({ id, type, fields }) {
  const address = `/phone/file/${encodeURIComponent(id)}`;
  if (type === 'image' || type === 'sticker') {
    const picture = element('img', { src: address, alt: type, className: type });
    return element('a', { href: address, target: '_blank', className: 'file' }, picture);
  }
  if (type === 'audio' || type === 'ptt') return element('audio', { src: address, controls: true, preload: 'metadata', className: 'file' });
  if (type !== 'document') {
    const isGif = fields.isGif === true;
    return element('video', { src: address, controls: true, preload: 'metadata', loop: isGif, muted: isGif, className: 'file' });
  }
  const name = fields.filename ?? 'document';
  return element('a', { href: address, download: name, className: 'file' }, element('bdi', {}, name));
}

/** Files of messages that are not on the screen are forgotten. */
export function keepFiles(messages) {
  const ids = new Set(messages.map(({ id }) => id));
  for (const id of shown.keys()) if (!ids.has(id)) shown.delete(id);
}

function kindOf({ type }) {
  if (type === 'image/svg+xml') return 'document';
  if (type === 'audio/ogg') return 'ptt';
  const family = type.split('/')[0];
  return ['image', 'audio', 'video'].includes(family) ? family : 'document';
}

function base64(blob) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => done(reader.result.split(',')[1] ?? ''));
    reader.addEventListener('error', () => failed(reader.error));
    reader.readAsDataURL(blob);
  });
}

/** The size of a picture, and a small one of it. */
async function aboutImage(file) {
  const bitmap = await createImageBitmap(file);
  const { width, height } = bitmap;
  const scale = Math.min(1, THUMBNAIL / Math.max(width, height));
  const canvas = element('canvas', { width: Math.max(1, width * scale), height: Math.max(1, height * scale) });
  canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return { width, height, thumbnail: canvas.toDataURL('image/jpeg', 0.5).split(',')[1] };
}

/** The length of a sound or a video, and the size of a video. */
function aboutMedia(file, tag) {
  const address = URL.createObjectURL(file);
  const media = element(tag, { preload: 'metadata', src: address });
  return new Promise((done) => {
    const read = () => {
      const { duration, videoWidth: width, videoHeight: height } = media;
      const seconds = Number.isFinite(duration) ? { seconds: Math.round(duration) } : {};
      done({ ...seconds, ...(width && { width, height }) });
    };
    for (const event of ['loadedmetadata', 'error']) media.addEventListener(event, read);
    setTimeout(read, READ_MS);
  }).finally(() => URL.revokeObjectURL(address));
}

/** A file as the operation `media` takes it. */
async function asMedia(file, caption) {
  const kind = kindOf(file);
  const about = {
    image: () => aboutImage(file), audio: () => aboutMedia(file, 'audio'), ptt: () => aboutMedia(file, 'audio'), video: () => aboutMedia(file, 'video'),
  };
  // A file that the browser cannot read is sent too: without what it would have said of it.
  const known = await about[kind]?.().catch(() => ({}));
  return {
    kind,
    bytes: await base64(file),
    ...(kind !== 'ptt' && file.type && { mimetype: file.type }),
    ...(kind === 'document' && { filename: file.name, mimetype: file.type || 'application/octet-stream' }),
    ...(caption && { caption }),
    ...known,
  };
}

let attached = null;

export function attach(file) {
  attached = file;
  $('write').elements.body.required = attached === null;
  $('attach').value = '';
  const remove = attached && button('×', () => attach(null), { title: 'Send no file' });
  $('attached').replaceChildren(...(attached ? [`${kindOf(attached)}: ${attached.name}`, remove] : []));
  $('attached').hidden = attached === null;
}

/** The file that is about to be sent, for the operations; null if there is none. */
export const attachedMedia = (caption) => (attached ? asMedia(attached, caption) : null);

$('attach').addEventListener('change', ({ target }) => attach(target.files[0] ?? null));

const conversation = $('conversation');
conversation.addEventListener('dragover', (event) => {
  event.preventDefault();
  conversation.classList.add('over');
});
for (const event of ['dragleave', 'drop']) conversation.addEventListener(event, () => conversation.classList.remove('over'));
conversation.addEventListener('drop', (event) => {
  event.preventDefault();
  const file = event.dataTransfer.files[0];
  if (file && !$('attach').disabled) attach(file);
});
