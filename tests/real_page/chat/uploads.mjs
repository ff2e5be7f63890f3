// The files that the page uploads: the host takes them as WhatsApp's does, and their receivers open them.
import { sha256 } from '../keys.mjs';
import { FIELDS, decrypt, kept, place } from './media.mjs';
import { state } from './state.mjs';

/** The folders of the host for uploads that have one of their own. */
const FOLDERS = {
  image: 't62.7118-24',
  video: 't62.7161-24',
  gif: 't62.7161-24',
  audio: 't62.7114-24',
  ptt: 't62.7117-24',
  document: 't62.7119-24',
  sticker: 't62.15575-24',
};

/** The messages that hold another message. */
const WRAPPERS = [
  'deviceSentMessage',
  'ephemeralMessage',
  'viewOnceMessage',
  'viewOnceMessageV2',
  'viewOnceMessageV2Extension',
  'documentWithCaptionMessage',
];

const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const fromUrl = (text) => Buffer.from(text, 'base64url').toString('base64');

/**
 * How the host answers uploads from now on: `take`, `hang`, `cut`, `slow` (a second for the answer) or the number of a
 * status; several are for one upload after the other, and the last one stays.
 */
export function uploadRule(rule) {
  state.uploadRules = rule.split(',');
}

/** The files that arrive in parts, as large documents do, by their names. */
const pending = new Map();

function nextRule() {
  const [rule = 'take', ...later] = state.uploadRules ?? [];
  if (later.length > 0) state.uploadRules = later;
  return rule;
}

/** Answers an upload; returns false if the request is none. */
export function take(request, response, url) {
  const [, kind, name] = /^\/mms\/([a-z-]+)\/([^/]+)$/.exec(url.pathname) ?? [];
  if (!kind || !['OPTIONS', 'POST'].includes(request.method)) return false;
  const allowed = { 'access-control-allow-origin': '*', 'access-control-allow-methods': '*', 'access-control-allow-headers': '*' };
  const end = (status, body) => {
    response.writeHead(status, { ...allowed, 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  if (request.method === 'OPTIONS') {
    end(200, {});
    return true;
  }
  const rule = nextRule();
  const query = Object.fromEntries(url.searchParams);
  const asked = { kind, method: request.method, host: request.headers.host, rule, query: Object.keys(query).sort(), auth: query.auth };
  state.uploads.push(asked);
  if (rule === 'hang') return true;
  if (rule === 'cut') {
    request.once('data', () => request.socket.destroy());
    return true;
  }
  if (query.resume !== undefined) {
    end(200, { resume: '0' });
    return true;
  }
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const arrived = Buffer.concat(parts);
    if (query.stream && !query.final_hash) {
      pending.set(name, Buffer.concat([pending.get(name) ?? Buffer.alloc(0), arrived]));
      asked.part = [Number(query.bytestart), Number(query.byteend)];
      end(200, {});
      return;
    }
    const bytes = query.final_hash ? (pending.get(name) ?? arrived) : arrived;
    pending.delete(name);
    const hash = base64(sha256(bytes));
    Object.assign(asked, { size: bytes.length, named: fromUrl(name) === hash, token: query.token === name });
    if (!['take', 'slow'].includes(rule)) {
      end(Number(rule), { error: 'refused' });
      return;
    }
    const path = place(FOLDERS[kind] ?? 't62.1-24', bytes);
    asked.path = path;
    const answer = () => end(200, { url: `https://mmg.whatsapp.net${path}&mms3=true`, direct_path: path });
    if (rule === 'slow') setTimeout(answer, 1000);
    else answer();
  });
  return true;
}

/** A field as plain data: of bytes only how many there are. */
const plain = (value) => {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  return typeof value === 'bigint' ? Number(value) : value;
};

/** The file of a message as its receiver finds it: its fields, and the bytes if what the message says of them is true. */
export function opened(message, wrapped = []) {
  for (const name of WRAPPERS) if (message[name]?.message) return opened(message[name].message, [...wrapped, name]);
  const [field, keyName] = FIELDS.find(([one]) => message[one]) ?? [];
  if (!field) return null;
  const about = message[field];
  const fields = Object.fromEntries(Object.entries(about).filter(([, value]) => value !== undefined && value !== null));
  const file = { field, wrapped, fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)])) };
  const sealed = about.directPath && kept(about.directPath);
  if (!sealed) return { ...file, bytes: null, why: 'the host has no such file' };
  if (base64(sha256(sealed)) !== base64(about.fileEncSha256)) return { ...file, bytes: null, why: 'another file' };
  const bytes = decrypt(sealed, Buffer.from(about.mediaKey), keyName);
  if (!bytes) return { ...file, bytes: null, why: 'it cannot be decrypted' };
  const hash = base64(sha256(bytes));
  const whole = hash === base64(about.fileSha256) && Number(about.fileLength) === bytes.length;
  return { ...file, bytes: base64(bytes), sha256: hash, ...(whole ? {} : { why: 'hash or length' }) };
}
