// The same loader in Node, so that the server reads and writes the page's own binary XML and protobufs (with the token
// dictionaries and field numbers of this revision). Modules are read from REAL_MODULES at run time.
import fs from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';
import { MODULES, fromWork } from './where.mjs';
const here = path.dirname(new URL(import.meta.url).pathname);
const req = fromWork;
const g = globalThis;
g.self = g;
g.location ??= { href: 'https://web.whatsapp.com/', origin: 'https://web.whatsapp.com', search: '' };
g.navigator ??= { userAgent: 'node', onLine: true };
g.__vendor = { 'tweetnacl-1.0.3': () => () => req('tweetnacl') };
g.__fetchModule = (name) => {
  const f = path.join(MODULES, name + '.js');
  return fs.existsSync(f) ? fs.readFileSync(f, 'utf8') : null;
};
g.__evalModule = (text, name) => vm.runInThisContext(text, { filename: 'real/' + name + '.js' });
g.__realConfig = {};
for (const f of ['loader.js', 'stubs.js'])
  vm.runInThisContext(fs.readFileSync(path.join(here, f), 'utf8'), { filename: f });
g.__real.ready();
const quiet = { count() {}, debug() {}, info() {}, logRestricted() {}, warn() {}, error() {}, devConsole() {} };
g.importNamespace('WATagsLogger').initializeWaLogger(quiet);
export const real = (name) => g.importNamespace(name);
const wap = real('WAWap'),
  jid = real('WAWapJid');
/** '123:4@s.whatsapp.net' → the jid object that the wire format needs */
export function J(text) {
  const [, user, device, server] = /^(?:([^@:]+)(?::(\d+))?@)?(.+)$/.exec(text);
  const types = { 's.whatsapp.net': 0, lid: 1, hosted: 128, 'hosted.lid': 129 };
  if (user && server in types && device) return jid.WapJid.createJidU(user, types[server], Number(device));
  return jid.WapJid.create(user ?? null, server);
}
export const node = (tag, attrs = {}, ...kids) =>
  wap.wap(tag, attrs, ...(kids.length === 1 && !(kids[0] instanceof wap.WapNode) ? kids : kids.flat()));
export const encodeStanza = (n) => wap.encodeStanza(n);
export const decodeStanza = (b) => wap.decodeStanza(b, async (x) => new Uint8Array(req('node:zlib').inflateSync(x)));
export const pb = {
  encode: (spec, value) => new Uint8Array(real('encodeProtobuf').encodeProtobuf(spec, value).readByteArrayView()),
  decode: (spec, bytes) => real('decodeProtobuf').decodeProtobuf(spec, bytes),
};
export const attr = (n, k) => (n && n.attrs && n.attrs[k] != null ? String(n.attrs[k]) : undefined);
export const kids = (n) => (n && Array.isArray(n.content) ? n.content : []);
export const kid = (n, tag) => kids(n).find((x) => x.tag === tag);
export const xml = (n) => String(n);
