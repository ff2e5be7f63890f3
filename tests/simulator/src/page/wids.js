// Wids (identities of persons and chats) and message keys.
import { config } from '/config.js';
import { hex } from '/static/random.js';
import { reach } from '/static/wire.js';

const SERVERS = ['c.us', 'lid', 'g.us', 'broadcast', 'newsletter'];

export class Wid {
  constructor(user, server) {
    this.server = server;
    this.user = user;
    this._serialized = `${user}@${server}`;
  }

  static isWid(value) {
    return value instanceof Wid;
  }

  static isXWid(server, value) {
    return isWidlike(value) && createWid(value).server === server;
  }

  isUser() {
    return this.isLid() || this.isRegularUserPn();
  }

  isLid() {
    return this.server === 'lid';
  }

  isRegularUserPn() {
    return this.server === 'c.us';
  }

  isGroup() {
    return this.server === 'g.us';
  }

  isBroadcast() {
    return this.server === 'broadcast';
  }

  isStatus() {
    return this._serialized === 'status@broadcast';
  }

  isPSA() {
    return this._serialized === '0@c.us';
  }

  isNewsletter() {
    return this.server === 'newsletter';
  }

  isGroupCall() {
    return false;
  }

  isBot() {
    return false;
  }

  equals(other) {
    return other?._serialized === this._serialized;
  }

  toJid() {
    return this._serialized.replace('@c.us', '@s.whatsapp.net');
  }

  toString() {
    return this._serialized;
  }
}

export function createWid(value) {
  if (value instanceof Wid) return value;
  const [user, server, rest] = String(value?._serialized ?? value).split('@');
  if (!user || rest !== undefined || !SERVERS.includes(server)) throw new Error(`wid error: invalid wid ${value}`);
  return new Wid(user, server);
}

const validated = (accept, what) => (value) => {
  const wid = createWid(value);
  if (!accept(wid)) throw new Error(`wid error: ${wid} is no ${what} wid`);
  return wid;
};

const isChat = (wid) => wid.isUser() || wid.isGroup() || wid.isBroadcast() || wid.isNewsletter();

function isWidlike(value) {
  try {
    return Boolean(createWid(value));
  } catch {
    return false;
  }
}

export const WidFactory = {
  createWid,
  createWidFromWidLike: createWid,
  // Clients pass the server in the first argument or in the second.
  createUserWidOrThrow: (user, server = 'c.us') =>
    validated((wid) => wid.isUser(), 'user')(String(user).includes('@') ? user : `${user}@${server}`),
  asChatWid: validated(isChat, 'chat'),
  asUserWidOrThrow: validated((wid) => wid.isUser(), 'user'),
  asUserLidOrThrow: validated((wid) => wid.isLid(), 'lid'),
  asGroupWidOrThrow: validated((wid) => wid.isGroup(), 'group'),
  toUserWid: validated((wid) => wid.isUser(), 'user'),
  toUserLid: validated((wid) => wid.isLid(), 'lid'),
  isWidlike,
};

/** The account's identities, once they are known. */
let mine = [];
export const setMine = (...wids) => {
  mine = wids.filter(Boolean).map(String);
};
const isMine = (wid) => mine.includes(String(wid));

export class MsgKey {
  constructor(parts) {
    // Clients find this class among all modules by this sentence.
    if (parts === null || parts === undefined) throw new Error('MsgKey error: obj is null/undefined');
    const { from, to, id, participant, selfDir, fromMe, remote } = parts;
    this.fromMe = fromMe ?? selfDir === 'out';
    this.remote = createWid(remote ?? (this.fromMe ? to : from));
    this.id = id;
    // In the chat with oneself both sides have the same wid, so the key says which side it belongs to.
    if (isMine(this.remote)) this.self = parts.self ?? selfDir ?? (this.fromMe ? 'out' : 'in');
    if (participant) this.participant = createWid(participant);
    if (config.build.serialized_ids) this._serialized = this.toString();
  }

  static async newId() {
    await reach('new_id');
    // Ids of the web page start with 3EB0 and have 22 digits.
    return `3EB0${hex(9)}`;
  }

  static fromString(text) {
    const [fromMe, remote, id, ...rest] = String(text).split('_');
    const self = ['in', 'out'].includes(rest[0]) ? rest.shift() : undefined;
    return new MsgKey({ fromMe: fromMe === 'true', remote, id, self, participant: rest[0] });
  }

  static from(key) {
    return key instanceof MsgKey ? key : MsgKey.fromString(key);
  }

  clone() {
    return new MsgKey(this);
  }

  equals(other) {
    return String(other) === String(this);
  }

  toString() {
    return [this.fromMe, this.remote, this.id, this.self, this.participant].filter((part) => part !== undefined).join('_');
  }
}
