// The state of the chat server: the account, its phone, its contacts, and its log. control.mjs changes it.
import fs from 'node:fs';
import crypto from 'node:crypto';
import { WORK } from '../where.mjs';
import { real, J } from '../realnode.mjs';
import { keyPair, Party } from '../keys.mjs';

export const keyFile = WORK + '/keys.json';
export const saved = fs.existsSync(keyFile)
  ? JSON.parse(fs.readFileSync(keyFile))
  : { root: crypto.randomBytes(32).toString('hex') };
fs.writeFileSync(keyFile, JSON.stringify(saved));
export const root = keyPair(Buffer.from(saved.root, 'hex')),
  middle = keyPair(),
  own = keyPair();
export const rootKeyHex = Buffer.from(root.pub).toString('hex');
export const HOST = J('s.whatsapp.net');
export const now = () => Math.floor(Date.now() / 1000);
export const P = (m, s) => real(m + '.pb')[s + 'Spec'];
export const Adv = (s) => P('WAWebProtobufsAdv', s),
  E2E = (s) => P('WAWebProtobufsE2E', s);

export const state = {
  httpMiss: new Map(),
  log: [],
  sockets: new Set(),
  current: null,
  codes: null,
  codesSent: 0,
  me: { pn: '5491150000001', lid: '100000000000001', name: 'Prueba' },
  appKey: { keyId: Buffer.from([0, 0, 0, 0, 0, 1]), keyData: crypto.randomBytes(32) },
  phone: new Party(),
  device: 0,
  linked: null, // linked: {device, identity, noise, reg, ...}
  bundle: null,
  contacts: new Map(),
  sent: [],
  receipts: [],
  iqs: [],
  fail: null,
  waiting: new Map(),
  rawId: 77,
  mute: false,
  appstate: new Map(),
  groups: new Map(),
  /** The id of the last message of each number. */
  newest: new Map(),
  /** What the page sent about calls. */
  calls: [],
  /** How people answer when they are to be members: number → WhatsApp's number of the refusal. */
  refusals: new Map(),
  /** The requests about groups that are answered with an error: the name of the node → the error's number. */
  groupErrors: new Map(),
  /** The numbers that the account has blocked. */
  blocked: [],
  /** The pictures of people, by number. */
  pictures: new Map(),
  /** What people say of themselves, by number. */
  abouts: new Map(),
  /** The profiles of businesses, by number. */
  businesses: new Map(),
  /** Under which server the page asked for profiles. */
  profilesAsked: [],
  /** The version number of the page's settings. */
  settings: 1,
  /** How many logins were attempted. */
  logins: 0,
  presences: [],
  /** What contacts were shown: `composing`, `composing audio`, `paused`. */
  chatStates: [],
  /** The people whose presence the page asked for. */
  subscriptions: [],
  /** The files that were sent, by the ids of their messages. */
  media: new Map(),
  /** The files that the page asked the phone to upload again, and how the phone answers. */
  reuploads: [],
  reuploadRule: null,
  /** The requests to the host of media: method, host, path, and the names that the page added to the query. */
  mediaRequests: [],
  /** The uploads, and how the host answers them. */
  uploads: [],
  uploadRules: null,
  /** The answers to questions in GraphQL, by the question's name. */
  mex: new Map(),
};
export const note = (dir, text) => {
  state.log.push(`${new Date().toISOString().slice(11, 23)} ${dir} ${text}`);
  if (state.log.length > 4000) state.log.shift();
  if (process.env.REAL_XML !== '0') console.log(dir, text.slice(0, Number(process.env.REAL_WIDTH || 900)));
};

export function contact(pn) {
  if (!state.contacts.has(pn)) {
    const p = new Party();
    p.pn = pn;
    p.lid = '2' + pn.padStart(14, '0');
    p.name = 'Contacto ' + pn.slice(-4);
    p.online = true;
    state.contacts.set(pn, p);
  }
  return state.contacts.get(pn);
}
export const byUser = (user) => [...state.contacts.values()].find((c) => c.pn === user || c.lid === user);

let ids = 1000;
/** The next id of a stanza that the server starts. */
export const nextId = () => {
  ids += 1;
  return ids;
};
