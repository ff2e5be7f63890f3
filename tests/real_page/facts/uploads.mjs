// Facts about files that the page sends: how it uploads them, what their receivers find, and what becomes of a message
// with a file that has not left.
import { fresh } from './files.mjs';

const FRIEND = '5491122334455';
const WAVES = 64;

/** The kinds of files: their media type, and the fields of a message with one. */
const KINDS = {
  image: ['image', { type: 'image', mimetype: 'image/jpeg', width: 640, height: 480, body: 'dGh1bWI=', caption: 'a picture' }],
  'view-once image': ['image', { type: 'image', mimetype: 'image/png', width: 640, height: 480, isViewOnce: true }],
  video: ['video', { type: 'video', mimetype: 'video/mp4', width: 320, height: 240, duration: '3', caption: 'a film' }],
  'view-once video': ['video', { type: 'video', mimetype: 'video/mp4', width: 320, height: 240, duration: '3', isViewOnce: true }],
  gif: ['gif', { type: 'video', mimetype: 'video/mp4', width: 320, height: 240, duration: '2', isGif: true }],
  audio: ['audio', { type: 'audio', mimetype: 'audio/mpeg', duration: '7' }],
  voice: ['ptt', { type: 'ptt', mimetype: 'audio/ogg; codecs=opus', duration: '5', waveform: WAVES }],
  'view-once voice': ['ptt', { type: 'ptt', mimetype: 'audio/ogg; codecs=opus', duration: '5', waveform: WAVES, isViewOnce: true }],
  document: ['document', { type: 'document', mimetype: 'text/x-odd', filename: 'a document.odd', body: 'dGh1bWI=' }],
  'document with a caption': [
    'document',
    { type: 'document', mimetype: 'application/pdf', filename: 'a.pdf', caption: 'please read', isCaptionByUser: true },
  ],
  sticker: ['sticker', { type: 'sticker', mimetype: 'image/webp', width: 512, height: 512 }],
  'animated sticker': ['sticker', { type: 'sticker', mimetype: 'image/webp', isAnimated: true, firstFrameLength: 100 }],
};

/** Runs in the page: what the facts call there. */
function tools() {
  const failed = ({ name, status, message }) => ({ error: name, ...(status !== undefined && { status }), message });
  const late = (ms) => new Promise((resolve) => setTimeout(resolve, ms, 'pending'));
  const chatOf = async (number) => {
    const wid = require('WAWebWidFactory').createWid(`${number}@c.us`);
    const found = await require('WAWebQueryExistsJob').queryWidExists(wid);
    return (await require('WAWebFindChatAction').findOrCreateLatestChat(found.wid, 'createChat')).chat;
  };
  const find = async (id) => {
    const { Msg } = require('WAWebCollections');
    return Msg.get(id) ?? (await Msg.getMessagesById([id])).messages[0];
  };

  window.__uploads = {
    failed,
    progress: 0,
    upload(bytes, type, mimetype) {
      const blob = new Blob([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))], { type: mimetype });
      return this.uploadBlob(blob, type);
    },
    uploadBlob(blob, type) {
      this.abort = new AbortController();
      this.progress = 0;
      const onProgress = ({ loaded }, offset) => {
        this.progress = loaded + offset;
      };
      const observer = { entryPoint: 'MediaUpload', mediaType: type, byteLength: blob.size };
      const uploadQpl = require('WAWebStartMediaUploadQpl').startMediaUploadQpl(observer);
      const manager = require('WAWebUploadManager');
      return (manager.default ?? manager).encryptAndUpload({ blob, type, signal: this.abort.signal, onProgress, uploadQpl });
    },
    /** The data of a message with an uploaded file. */
    async data(chat, entry, bytes, fields) {
      const text = await require('WAWebSendTextMsgChatAction').createTextMsgData(chat, 'a file', {});
      const Key = require('WAWebMsgKey').default ?? require('WAWebMsgKey');
      const parts = { from: text.from, to: text.to, participant: text.id.participant, selfDir: 'out' };
      const id = new Key({ ...parts, id: await Key.newId() });
      const plain = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
      const filehash = require('WABase64').encodeB64(await crypto.subtle.digest('SHA-256', plain));
      const { url, sidecar, firstFrameSidecar, handle, ...where } = entry;
      const { body, subtype, ...rest } = text;
      const waves = fields.waveform && { waveform: new Uint8Array(fields.waveform).fill(50) };
      const file = { size: plain.length, filehash, deprecatedMms3Url: url, streamingSidecar: sidecar, firstFrameSidecar };
      return { ...rest, id, ...where, ...file, ...fields, ...waves };
    },
    async send(number, bytes, type, fields) {
      const chat = await chatOf(number);
      const entry = await this.upload(bytes, type, fields.mimetype);
      const data = await this.data(chat, entry, bytes, fields);
      const [added, result] = require('WAWebSendMsgChatAction').addAndSendMsgToChat(chat, data);
      await added;
      this.result = 'pending';
      result.then((value) => (this.result = value.messageSendResult), ({ name }) => (this.result = name));
      return { id: data.id.id, key: String(data.id) };
    },
    async row(key) {
      const message = await find(key);
      const { ack, isSendFailure, local, directPath, mediaKey, filehash, encFilehash, mediaObject, waveform } = message;
      const whole = Boolean(directPath && mediaKey && filehash && encFilehash);
      const [failed, object, waves] = [isSendFailure === true, Boolean(mediaObject), waveform?.byteLength ?? null];
      return { ack, failed, local: local === true, whole, object, waves };
    },
    async again(key, how, ms) {
      const message = await find(key);
      const { sendMsgRecord } = require('WAWebSendMsgRecordAction');
      const { resendMsg } = require('WAWebResendMsgAction');
      const end = await Promise.race([{ sendMsgRecord, resendMsg }[how](message), late(ms)]).catch(({ name }) => name);
      return { end: end?.messageSendResult ?? end ?? 'nothing', ack: Math.min(message.ack, 1) };
    },
  };
}

const MS = 20_000;

async function sendFile(asked, kind, number = FRIEND, size) {
  const [type, fields] = KINDS[kind];
  const bytes = fresh(size);
  const sent = await asked.evaluate((...all) => window.__uploads.send(...all), number, bytes, type, fields);
  return { ...sent, bytes };
}

export async function uploads(asked) {
  const { world } = asked;
  await asked.evaluate(tools);
  const limits = await asked.evaluate(() => {
    const { getUploadLimit } = require('WAWebMediaGatingUtils');
    return Object.fromEntries(['image', 'sticker', 'video', 'audio', 'document'].map((kind) => [kind, getUploadLimit(kind)]));
  });
  asked.fact('the largest files, in bytes', limits);
  const types = await asked.evaluate(() => {
    const { getValidMimeTypes } = require('WAWebMmsMediaTypes');
    const all = ['image', 'sticker', 'video', 'audio', 'ptt', 'document'];
    return all.map((type) => [type, [...(getValidMimeTypes(type) ?? ['any'])]]);
  });
  asked.fact('the types of files', types);
  for (const kind of Object.keys(KINDS)) {
    const sent = await sendFile(asked, kind);
    await asked.eventually('the message', async () => (await world.sent(sent.id)) > 0);
    asked.fact(`an upload: ${kind}`, (await world.uploads()).at(-1));
    const { sha256, ...found } = await world.received(sent.id);
    asked.fact(`what the receiver finds: ${kind}`, found);
    asked.fact(`the receiver's bytes: ${kind}`, sha256 === (await hash(asked, sent.bytes)), true);
  }
  const entry = await asked.evaluate(async (bytes) => {
    const told = await window.__uploads.upload(bytes, 'video', 'video/mp4');
    return Object.fromEntries(Object.entries(told).map(([name, value]) => [name, value?.byteLength ?? typeof value]));
  }, fresh());
  asked.fact('an upload gives', entry);
  const before = (await world.uploads()).length;
  const large = await asked.evaluate(async () => {
    const blob = new Blob([new Uint8Array(51 * 1024 * 1024)]);
    return typeof (await window.__uploads.uploadBlob(blob, 'document')).directPath;
  });
  asked.fact('a large document', large);
  asked.fact('the requests for a large document', (await world.uploads()).slice(before));
  const twice = await asked.evaluate(async (bytes) => {
    const one = await window.__uploads.upload(bytes, 'image', 'image/png');
    const two = await window.__uploads.upload(bytes, 'image', 'image/png');
    return { key: one.mediaKey === two.mediaKey, path: one.directPath === two.directPath };
  }, fresh());
  asked.fact('the same bytes again: the same', twice);
  asked.fact('progress is told', await asked.evaluate(() => window.__uploads.progress > 0), true);
}

const hash = (asked, bytes) =>
  asked.evaluate(async (text) => {
    const plain = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return require('WABase64').encodeB64(await crypto.subtle.digest('SHA-256', plain));
  }, bytes);

export async function refusedUploads(asked) {
  const { world } = asked;
  await asked.evaluate(tools);
  const tried = async (...answers) => {
    await world.uploadsAnswer(answers);
    const before = (await world.uploads()).length;
    const end = await asked.evaluate((bytes) => {
      return window.__uploads.upload(bytes, 'image', 'image/png').then(() => 'taken', window.__uploads.failed);
    }, fresh());
    return { end, requests: (await world.uploads()).length - before };
  };
  for (const answer of ['401', '403', '404', '413', '415', '429', '500', '507']) {
    asked.fact(`the host answers an upload: ${answer}`, await tried(answer));
  }
  // The browser repeats a request by itself whose connection breaks.
  asked.fact('the connection of an upload breaks, each time', (await tried('cut')).end);
  asked.fact('the host refuses once with 500', await tried('500', 'take'));
  await world.uploadsAnswer(['hang']);
  const aborted = await asked.evaluate((bytes) => {
    setTimeout(() => window.__uploads.abort.abort(), 300);
    return window.__uploads.upload(bytes, 'image', 'image/png').then(() => 'taken', ({ name }) => name);
  }, fresh());
  asked.fact('an upload that is aborted', aborted, 'AbortError');
  await world.uploadsAnswer(['take']);
}

export async function unsentFiles(asked) {
  const { world } = asked;
  await asked.evaluate(tools);
  await world.hold(true);
  const sent = [];
  for (const how of ['sendMsgRecord', 'resendMsg']) {
    for (const kind of Object.keys(KINDS)) sent.push({ how, kind, ...(await sendFile(asked, kind, world.anotherStranger)) });
  }
  await asked.reload();
  await world.hold(false);
  await asked.connected();
  await asked.evaluate(tools);
  const rowOf = (key) => asked.evaluate((one) => window.__uploads.row(one), key);
  for (const { how, kind, id, key } of sent) {
    if (how === 'sendMsgRecord') asked.fact(`after a load, a message with a file that has not left: ${kind}`, await rowOf(key));
    const end = await asked.evaluate((...all) => window.__uploads.again(...all), key, how, MS);
    asked.fact(`${how}, ${kind}`, end);
    const count = await world.sent(id);
    const found = count > 0 ? { count, whole: Boolean((await world.received(id)).sha256) } : null;
    asked.fact(`its receiver has, ${how}, ${kind}`, found);
  }
}
