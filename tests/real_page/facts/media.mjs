// Facts about files that arrive: the fields of their messages, and how the page downloads them.
import { Files, KINDS, fresh } from './files.mjs';

/** The beginning of a JPEG. */
const THUMBNAIL = '/9j/4AAQSkZJRgABAQAAAQABAAA=';

/** Runs in the page: what the model of a message says of its file. `none` is undefined. */
function described(id, sent) {
  const message = window.__files.find(id);
  const fields = {};
  const plain = 'type mimetype size caption filename body duration width height pageCount isGif isViewOnce isCaptionByUser';
  for (const name of plain.split(' ')) fields[name] = message[name] ?? 'none';
  for (const name of ['filehash', 'encFilehash', 'mediaKey']) {
    fields[name] = message[name] === undefined ? 'none' : message[name] === sent[name] ? 'as sent' : 'otherwise';
  }
  fields.directPath = message.directPath === undefined ? 'none' : message.directPath === sent.path ? 'as sent' : 'otherwise';
  const age = Date.now() / 1000 - message.mediaKeyTimestamp;
  fields.mediaKeyTimestamp = message.mediaKeyTimestamp === undefined ? 'none' : Math.abs(age) < 3600 ? 'in seconds' : 'otherwise';
  fields.object = Boolean(message.mediaObject);
  fields.stage = message.mediaData.mediaStage;
  fields.media = require('WAWebMmsMediaTypes').getMsgMediaType(message);
  return fields;
}

/** Runs in the page: what the row of a message keeps of its file. */
async function keptInRow(id, sent, thumbnail) {
  const table = require('WAWebSchemaMessage').getMessageTable();
  const rows = await table.all({ index: ['rowId'], reverse: true, limit: 5 }, false);
  const row = rows.find((one) => one.id.includes(id));
  if (!row) return false;
  const message = require('WAWebDBMessageSerialization').messageFromDbRow(row);
  const names = 'type mimetype size caption filename filehash encFilehash mediaKey mediaKeyTimestamp directPath pageCount';
  const kept = Object.fromEntries(names.split(' ').map((name) => [name, message[name] !== undefined && message[name] !== null]));
  const { isCaptionByUser = 'none' } = message;
  return { ...kept, isCaptionByUser, thumbnail: message.body === thumbnail, path: message.directPath === sent.path };
}

export async function media(asked) {
  const files = new Files(asked);
  await files.install();
  const tell = (sent) => asked.evaluate(described, sent.id, sent);
  for (const kind of Object.keys(KINDS)) {
    const sent = await files.send(kind);
    asked.fact(`the message with a file: ${kind}`, await tell(sent));
  }
  asked.fact('a document with a caption', await tell(await files.send('document', { caption: 'please read' })));
  for (const kind of ['image', 'video', 'ptt']) {
    asked.fact(`a view-once file: ${kind}`, await tell(await files.send(kind, { viewOnce: true })));
  }
  for (const kind of ['image', 'video', 'gif', 'ptv', 'document']) {
    const { id } = await files.send(kind, { thumbnail: THUMBNAIL });
    const body = await asked.evaluate((one) => window.__files.find(one).body, id);
    asked.fact(`the small picture of a file is its body: ${kind}`, body === THUMBNAIL, true);
  }
  const plain = await files.send('document', { thumbnail: THUMBNAIL });
  asked.fact('the row of a file', await asked.until('its row', keptInRow, plain.id, plain, THUMBNAIL));
  asked.fact('a file that nobody asked for is fetched', await files.fetches(plain), 0);
}

export async function download(asked) {
  const files = new Files(asked);
  await files.install();
  for (const kind of Object.keys(KINDS)) {
    const sent = await files.send(kind);
    asked.fact(`the bytes of a file: ${kind}`, (await files.download(sent)) === sent.bytes, true);
  }
  const sent = await files.send('image', { bytes: fresh(4000) });
  asked.fact('a download gives', await asked.evaluate((id) => window.__files.kind(id), sent.id), 'ArrayBuffer');
  const [request] = await asked.world.fetches(sent.path);
  asked.fact('the request for a file', request);

  await asked.world.fileAnswers(sent.path, 'gone');
  await files.download(sent, { type: 'image', filehash: sent.filehash });
  asked.fact('a file that was fetched is fetched again', (await files.fetches(sent)) > 1, false);
  const twice = await files.send('image', { bytes: sent.bytes });
  asked.fact('the same bytes in another message', (await files.download(twice)) === sent.bytes, true);
  asked.fact('the same bytes are fetched again', await files.fetches(twice), 0);
  await asked.evaluate((hash) => require('WAWebMediaStore').LruMediaStore.del(hash), twice.filehash);
  await files.download(twice);
  asked.fact('a file that was taken out of the store is fetched again', await files.fetches(twice), 1);
  const both = await files.send('image');
  await Promise.all([files.download(both), files.download(both)]);
  asked.fact('two downloads at once ask for the file', await files.fetches(both), 1);

  const slow = await files.sendAnswered('slow', { bytes: fresh(4000) });
  asked.fact('what a slow download tells of its progress', await asked.evaluate((id) => window.__files.watch(id), slow.id), {
    several: true,
    whole: true,
  });

  await refusals(asked, files);
  await mistakes(asked, files);
  await clicks(asked, files);
  const kept = await files.send('image');
  await files.download(kept);
  await asked.reload();
  await asked.connected();
  await files.install();
  await asked.world.fileAnswers(kept.path, 'gone');
  const restored = await asked.until('the message after a load', (id) => Boolean(window.__files.find(id)), kept.id);
  asked.fact('a fetched file after a load', restored && (await files.download(kept)) === kept.bytes, true);
}

/** A setting of the server's makes the page refuse files of types that it does not know. */
export async function mimetypes(asked) {
  const files = new Files(asked);
  await asked.world.checksMimetypes();
  await asked.reload();
  await asked.connected();
  await asked.until('the setting', () => {
    return require('WAWebABProps').getABPropConfigValue('wa_web_download_mimetype_check_block_enabled') === true;
  });
  await files.install();
  const about = { video: 'video/mp4', ptt: 'audio/ogg; codecs=opus', sticker: 'image/webp', image: 'image/jpeg', document: 'text/x-odd' };
  for (const [kind, mimetype] of Object.entries(about)) {
    const sent = await files.send(kind, { mimetype });
    const told = async (over) => {
      const end = await files.download(sent, over);
      return end === sent.bytes ? 'the bytes' : end;
    };
    asked.fact(`types are checked, ${kind} without a type`, await told({ mimetype: null }));
    asked.fact(`types are checked, ${kind} of another type`, await told({ mimetype: 'application/zip' }));
    asked.fact(`types are checked, ${kind}`, await told(), 'the bytes');
  }
  const svg = await files.send('document');
  asked.fact('types are checked, a drawing as a document', await files.download(svg, { mimetype: 'image/svg+xml' }));
}

async function refusals(asked, files) {
  for (const answer of ['gone', '410', 'expired', '403', '429', '507']) {
    asked.fact(`the host answers: ${answer}`, await files.download(await files.sendAnswered(answer)));
  }
  asked.fact('the host answers 403, and the path has expired', await files.download(await files.sendAnswered('403', { expired: true })));
  // The page tries these again, so they run at once.
  const tried = async (answer) => {
    const sent = await files.sendAnswered(answer);
    return { ...(await files.download(sent)), requests: await files.fetches(sent) };
  };
  const again = ['401', '500', 'cut'];
  const ends = await Promise.all(again.map(tried));
  again.forEach((answer, index) => asked.fact(`the host answers, each time: ${answer}`, ends[index]));
  const later = await files.sendAnswered('gone');
  await files.download(later);
  await asked.world.fileAnswers(later.path, 'serve');
  asked.fact('a refused file that is there later', (await files.download(later)) === later.bytes, true);
  const hung = await files.sendAnswered('hang');
  asked.fact('a download that is aborted', await asked.evaluate((id) => window.__files.abort(id, 300), hung.id), 'AbortError');
  await asked.world.fileAnswers(hung.path, 'serve');
  asked.fact('an aborted download, once more', (await files.download(hung)) === hung.bytes, true);
}

async function mistakes(asked, files) {
  for (const wrong of ['key', 'filehash', 'encFilehash', 'mac']) {
    asked.fact(`the message is wrong about: ${wrong}`, await files.download(await files.send('image', { wrong })));
  }
  for (const name of ['mediaKey', 'encFilehash', 'type', 'downloadQpl', 'filehash', 'mediaKeyTimestamp', 'mimetype']) {
    const sent = await files.send('image');
    const end = await files.download(sent, { [name]: null });
    asked.fact(`without the argument ${name}`, end === sent.bytes ? 'the bytes' : end);
  }
  const gif = await files.send('gif');
  asked.fact('a gif as the type of its message', (await files.download(gif, { type: 'video' })) === gif.bytes, true);
  asked.fact('an image as a document', await files.download(await files.send('image'), { type: 'document' }));
  asked.fact('an image as a text', await files.download(await files.send('image'), { type: 'chat' }));
}

const CLICK = { downloadEvenIfExpensive: true, rmrReason: 1, isUserInitiated: true };

async function clicks(asked, files) {
  const idle = await files.send('image');
  const { isUserInitiated, ...nobody } = CLICK;
  asked.fact('downloadMedia that no user began', await files.click(idle, nobody), { end: 'undefined', stage: 'INIT', memory: 'nothing' });
  asked.fact('it asks for the file', await files.fetches(idle), 0);
  for (const kind of ['image', 'audio', 'ptt', 'document', 'sticker', 'video', 'gif']) {
    asked.fact(`downloadMedia: ${kind}`, await files.click(await files.send(kind), CLICK));
  }
  const gone = await files.sendAnswered('gone');
  asked.fact('downloadMedia of a file that is gone', await files.click(gone, { rmrReason: 1, isUserInitiated: true }));
  const key = await files.send('image', { wrong: 'key' });
  asked.fact('downloadMedia with a wrong key', await files.click(key, CLICK));
  asked.fact('downloadMedia with a wrong key, told', (await files.click(key, { ...CLICK, shouldThrowAbortError: true })).end);
}
