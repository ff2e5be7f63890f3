// Claims about files: each kind comes in through the page's own download, and goes out through its own upload and send.
import crypto from 'node:crypto';
import { FRIEND } from './claims.mjs';
import { mp4, png, voice, webp } from './made.mjs';

/** The kinds as the harness names them, and as the service does. */
const KINDS = { image: 'image', video: 'video', gif: 'gif', ptv: 'video_note', audio: 'audio', ptt: 'voice', document: 'document', sticker: 'sticker' };
const SIZE = 5000;
const LARGE = 30 << 20;
const HUGE = 100 << 20;
const digest = (bytes, form = 'hex') => crypto.createHash('sha256').update(bytes).digest(form);

/** Somebody sends a file; returns its id and bytes. */
async function arrives({ w }, kind, about = {}) {
  const bytes = crypto.randomBytes(SIZE);
  const sent = await w.ctl('media', { from: FRIEND, kind, opt: { bytes: { $b64: bytes.toString('base64') }, ...about } });
  return { ...sent, bytes };
}

/** The answer for the file of a message, once it is no longer being fetched. */
async function file(claims, id, ms = 60000) {
  const entry = await claims.row((one) => one.id.includes(id), 15000);
  if (!entry) return { status: 0 };
  const address = `http://127.0.0.1:${claims.w.port}/messages/${encodeURIComponent(entry.id)}/media`;
  const end = Date.now() + ms;
  for (;;) {
    const answer = await fetch(address);
    const body = Buffer.from(await answer.arrayBuffer());
    if (answer.status !== 202 || Date.now() > end) return { status: answer.status, body, entry };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const code = ({ body }) => JSON.parse(body ?? '{}').code;

export async function filesIn(claims) {
  const { w, say } = claims;
  for (const [kind, name] of Object.entries(KINDS)) {
    const sent = await arrives(claims, kind);
    const { status, body, entry } = await file(claims, sent.id);
    const after = await claims.row((one) => one.id === entry?.id && one.media?.status === 'stored');
    say(
      status === 200 && body.equals(sent.bytes) && after?.media.kind === name && after.media.sha256 === digest(sent.bytes),
      `a file comes in byte for byte: ${name}`,
      { status, bytes: body?.length, kind: after?.media.kind, told: after?.media.status },
    );
  }
  await w.ctl('reupload', { answer: 'success' });
  const gone = await arrives(claims, 'image');
  await w.ctl('file', { path: gone.directPath, answer: 'gone' });
  const again = await file(claims, gone.id);
  say(again.status === 200 && again.body.equals(gone.bytes), 'a file that is gone is uploaded again by the phone', again.status);
  await w.ctl('reupload', { answer: 'not_found' });
  const lost = await arrives(claims, 'image');
  await w.ctl('file', { path: lost.directPath, answer: 'gone' });
  const never = await file(claims, lost.id);
  say(never.status === 410 || never.status === 200, 'and is gone where the phone has lost it', { status: never.status, code: never.status === 410 && code(never) });
  await w.ctl('reupload', { answer: 'success' });
  const broken = await arrives(claims, 'image', { wrong: 'filehash' });
  say(code(await file(claims, broken.id)) === 'MEDIA_GONE', 'a file that is not the one announced is not kept');
  const large = await w.ctl('media', { from: FRIEND, kind: 'document', opt: { size: LARGE } });
  const whole = await file(claims, large.id);
  say(whole.status === 200 && digest(whole.body, 'base64') === large.filehash, 'a document of 30 MiB comes whole', whole.status);
}

/** What is sent: its name here, the bytes, what the service is asked for, and the message type and media type that must leave. */
const OUT = [
  ['image', png(64, 48), {}, 'a picture', 'imageMessage', 'image'],
  ['image that opens once', png(65, 48), { view_once: true }, null, 'imageMessage', 'image'],
  ['video', mp4(3, [320, 240]), {}, 'a film', 'videoMessage', 'video'],
  ['gif', mp4(2, [320, 240]), { kind: 'gif' }, null, 'videoMessage', 'gif'],
  ['audio', voice(3), { kind: 'audio' }, null, 'audioMessage', 'audio'],
  ['voice note', voice(4), { kind: 'voice' }, null, 'audioMessage', 'ptt'],
  ['document', Buffer.from('%PDF-1.7\nof a test'), { filename: 'of a test.pdf' }, 'please read', 'documentMessage', 'document'],
  ['file of any type', crypto.randomBytes(700), { filename: 'of a test.odd', mimetype: 'application/x-odd' }, null, 'documentMessage', 'document'],
  ['sticker', webp(512, 512), { kind: 'sticker' }, null, 'stickerMessage', 'sticker'],
];

/** The first stanza with this id that the server received. */
async function stanza({ w }, id) {
  const { sent } = await w.ctl('state');
  return sent.filter((one) => id?.includes(one.id));
}

export async function filesOut(claims) {
  const { w, say } = claims;
  for (const [name, bytes, media, caption, field, kind] of OUT) {
    const body = { number: FRIEND, media: { ...media, data: bytes.toString('base64') }, ...(caption && { message: caption }) };
    const { status, body: answer } = await w.post('/send', body);
    const left = await stanza(claims, answer?.message_id);
    const found = left[0]?.file;
    const holds =
      status === 200 && left.length === 1 && found?.field === field && found.why === undefined &&
      found.sha256 === digest(bytes, 'base64') && left[0].encs[0].media === kind && (found.fields.caption ?? null) === caption;
    const seen = { status, code: answer?.code, message: answer?.message, left: left.length, field: found?.field, why: found?.why };
    say(holds, `a file goes out byte for byte: ${name}`, holds ? undefined : { ...seen, kind: left[0]?.encs[0].media, fields: found?.fields });
  }
  const same = png(64, 50);
  const keyed = { number: FRIEND, media: { data: same.toString('base64') }, idempotency_key: 'a picture' };
  await w.ctl('uploadrule', { rule: '413' });
  const refused = await w.post('/send', keyed);
  say(refused.status === 502 && refused.body.code === 'MEDIA_UPLOAD_FAILED', 'an upload that fails is said, and sends nothing', {
    status: refused.status,
    code: refused.body.code,
  });
  await w.ctl('uploadrule', { rule: 'take' });
  const [first, second] = [await w.post('/send', keyed), await w.post('/send', keyed)];
  const left = await stanza(claims, first.body.message_id);
  say(
    first.status === 200 && second.body.message_id === first.body.message_id && left.length === 1,
    'and its key sends once afterwards',
    { status: first.status, left: left.length },
  );
  const kept = await claims.row((one) => one.id === first.body.message_id && one.media?.status === 'stored', 15000);
  say(kept?.media.sha256 === digest(same), 'the log has what was sent, with its file', kept?.media);
}

const OTHER = '5491133330007';
const OLD_S = 5 * 24 * 3600;

/** Files are passed on so that their receivers can open them, or not at all. */
export async function filesPassedOn(claims) {
  const { w, say } = claims;
  const passOn = async (sent) => {
    const entry = await claims.row((one) => one.id.includes(sent.id), 15000);
    const { status, body } = await w.ask('POST', `/messages/${encodeURIComponent(entry?.id)}/forward`, { to: OTHER });
    const [left] = status === 200 ? await stanza(claims, body.message_id) : [];
    return { status, code: body.code, message: body.message, opens: left?.file?.sha256 === digest(sent.bytes, 'base64'), why: left?.file?.why };
  };
  const old = { fields: { mediaKeyTimestamp: Math.floor(Date.now() / 1000) - OLD_S } };
  for (const [what, kind, about] of [
    ['a picture', 'image'],
    ['a film', 'video'],
    ['a voice note', 'ptt'],
    ['a document', 'document'],
    ['a sticker', 'sticker'],
    ['a picture with an old key', 'image', old],
  ]) {
    const passed = await passOn(await arrives(claims, kind, about));
    say(passed.status === 200 && passed.opens, `${what} is passed on so that its receiver can open it`, passed);
  }
  await w.ctl('reupload', { answer: 'success' });
  const gone = await arrives(claims, 'document');
  await w.ctl('file', { path: gone.directPath, answer: 'gone' });
  const again = await passOn(gone);
  say(again.status === 200 && again.opens, 'so is a file that the host has no more, when the phone has it', again);
  await w.ctl('reupload', { answer: 'not_found' });
  const lost = await arrives(claims, 'document');
  await w.ctl('file', { path: lost.directPath, answer: 'gone' });
  const never = await passOn(lost);
  await w.ctl('reupload', { answer: 'success' });
  say(never.status === 409 && never.code === 'FORWARD_NOT_POSSIBLE', 'and one that the phone has lost, too, is refused', never);
  const large = await passOn(await arrives(claims, 'document', { fields: { fileLength: 300 * 2 ** 20 } }));
  const isRefused = large.status === 409 && large.message.includes('MEDIA_SEND_MAX_MB');
  say(isRefused, 'one that is larger than files may be is refused before it is fetched', large);
}

/** A document of 100 MB comes, and goes out again. */
export async function filesLarge(claims) {
  const { w, say } = claims;
  const comes = await w.ctl('media', { from: FRIEND, kind: 'document', opt: { size: HUGE } });
  const { status, body, entry } = await file(claims, comes.id, 180000);
  say(status === 200 && digest(body, 'base64') === comes.filehash, 'a document of 100 MB comes whole', { status, ms: entry && Date.now() - Date.parse(entry.timestamp) });
  const bytes = crypto.randomBytes(HUGE);
  const kept = await fetch(`http://127.0.0.1:${w.port}/media?filename=large.bin`, { method: 'POST', body: bytes });
  const began = Date.now();
  const sent = await w.post('/send', { number: FRIEND, media: { id: (await kept.json()).id }, idempotency_key: 'a large document' });
  const left = await stanza(claims, sent.body.message_id);
  const whole = left[0]?.file?.sha256 === digest(bytes, 'base64');
  const seen = { status: sent.status, code: sent.body.code, left: left.length, whole, ms: Date.now() - began };
  say(sent.status === 200 && left.length === 1 && whole, 'and a document of 100 MB goes out whole, once', seen);
}

/** The service dies while the message with a file has not left: the page sends it after the restart, whole and once. */
export async function fileKills(claims) {
  const { w, say } = claims;
  const bytes = crypto.randomBytes(200_000);
  const body = {
    number: FRIEND,
    media: { data: bytes.toString('base64'), filename: 'killed.bin' },
    idempotency_key: 'killed with a file',
  };
  await w.ctl('hold', { iq: 'encrypt/key' });
  await w.ctl('ack', { rule: 'silent' });
  const asked = w.post('/send', body).catch(() => null);
  await claims.until(async () => (await w.ctl('mediastate')).uploads.some(({ size }) => size > 200_000), 20000);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  w.sm.kill('SIGKILL');
  await w.gone;
  await asked;
  await w.ctl('hold', {});
  await w.ctl('ack', { rule: 'ack' });
  await w.service();
  await w.until('READY', 60000);
  let answer;
  await claims.until(async () => {
    answer = await w.post('/send', body);
    return answer.status === 200;
  }, 60000);
  const left = await stanza(claims, answer.body.message_id);
  const whole = left.every(({ file: one }) => one?.sha256 === digest(bytes, 'base64'));
  const isTrue = answer.status === 200 ? new Set(left.map(({ id }) => id)).size === 1 && whole : answer.body.code === 'SEND_UNCONFIRMED';
  say(isTrue, 'killed before a message with a file had left: it leaves whole, once, or is said to be unconfirmed', {
    status: answer.status,
    code: answer.body.code,
    left: left.length,
    whole,
  });
}
