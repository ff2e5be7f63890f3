// Chats and groups.
import { config } from '/config.js';
import { Collection, Model } from '/static/models.js';
import { createWid } from '/static/wids.js';
import { Contact, getAlternateUserWid, getCurrentLid, me } from '/static/people.js';
import { tell } from '/static/connection.js';
import { marksOf } from '/static/marks.js';
import { Stream } from '/static/stream.js';

/** What a chat says of its presence: nobody is ever online there. */
export class PresenceModel extends Model {
  async subscribe() {}
}

export class GroupMetadataModel extends Model {
  static {
    this.prototype.proxyName = 'groupMetadata';
  }

  canSetSubject() {
    return this.participants.iAmMember() && (this.participants.iAmAdmin() || !this.restrict);
  }

  canSetDescription() {
    return this.canSetSubject();
  }
}

export class ParticipantModel extends Model {
  static {
    this.prototype.proxyName = 'participant';
  }
}

/** The members of a group. */
export class Participants extends Collection {
  constructor() {
    super(ParticipantModel);
  }

  get #mine() {
    return [me.lid, me.phone].map((mine) => mine && this.get(mine)).find(Boolean);
  }

  iAmMember() {
    return Boolean(this.#mine);
  }

  iAmAdmin() {
    return this.#mine?.isAdmin === true;
  }

  iAmSuperAdmin() {
    return this.#mine?.isSuperAdmin === true;
  }

  canPromote(member) {
    return this.iAmAdmin() && !member.isAdmin;
  }

  canDemote(member) {
    return this.iAmAdmin() && member.isAdmin && !member.isSuperAdmin;
  }

  canRemove(member) {
    return this.iAmAdmin() && member !== this.#mine;
  }

  canAdd() {
    return this.iAmAdmin();
  }
}

/** Like the real page, has a contact for each group, with the subject as its name. */
export const nameGroup = (wid, subject) => Contact.add({ id: wid, name: undefined })[0].set({ name: subject });

/** How the page asks the server for a group; throws where it does not tell. */
export const server = {
  ask: async (_group, _options) => {},
};

class GroupMetadataCollection extends Collection {
  constructor() {
    super(GroupMetadataModel);
  }

  onParentGroupChange() {}

  async update(id) {
    return this.get(id);
  }

  /** The group with the server's data: the server is asked only if the page knows the group just from a message. */
  async find(id) {
    const group = this.get(id) ?? unknownGroup(createWid(id));
    // What the server does not tell stays unknown.
    if (group.stale) await server.ask(group).catch(() => {});
    return group;
  }
}

export const GroupMetadata = new GroupMetadataCollection();

export class ChatModel extends Model {
  #messages = new Collection(Model);
  #presence = new PresenceModel({ id: undefined, isOnline: undefined, chatstate: undefined });

  static {
    this.prototype.proxyName = 'chat';
  }

  get presence() {
    return this.#presence;
  }

  get msgs() {
    return this.#messages;
  }

  /** The page finds the title anew when the name of a chat changes. */
  set formattedTitle(_title) {}

  get contact() {
    return Contact.get(this.id);
  }

  get formattedTitle() {
    const contact = this.contact;
    return this.name ?? contact?.name ?? contact?.pushname ?? this.id.user;
  }

  get accountLid() {
    return this.id.isLid() ? this.id : getCurrentLid(this.id);
  }

  isGroup() {
    return this.id.isGroup();
  }

  /** The token that people have who know this account. */
  getTcToken() {
    return this.msgs.getModelsArray().some((message) => !message.id.fromMe) ? new Uint8Array(1) : undefined;
  }
}

/** Pinned chats first, the last one that was pinned before the others; then the chat with the newest message. */
function byPlace(one, other) {
  const [pin, otherPin] = [one.pin || 0, other.pin || 0];
  const [t, otherT] = pin || otherPin ? [pin, otherPin] : [one.t || 0, other.t || 0];
  if (t !== otherT) return t > otherT ? -1 : 1;
  return String(one.id) < String(other.id) ? -1 : 1;
}

export class ChatCollection extends Collection {
  static comparator = byPlace;

  constructor() {
    super(ChatModel);
    this.listenTo(this, 'change:t change:pin change:id', this.sort);
  }

  /** The chat with a person, by either identity. */
  getLatestChatForWid(wid) {
    const other = wid.isUser() ? getAlternateUserWid(wid) : undefined;
    return this.get(wid) ?? (other && this.get(other));
  }
}

export const Chat = new ChatCollection();

/** Runs before a chat is created: its notices are stored. */
export const created = { before: async () => {} };

/** A message from a new group tells the page only that the group exists. */
const unknownGroup = (wid) => GroupMetadata.add({ id: wid, stale: true, participants: new Participants() })[0];

/** Whether the account may not write in a group because it is not in it: the page says so of groups that it has asked for. */
export function updateReadOnly(wid) {
  const { stale, participants } = GroupMetadata.get(wid);
  if (!stale) Chat.get(wid)?.set({ isReadOnly: !participants.iAmMember() });
}

function create(wid) {
  const groupMetadata = wid.isGroup() ? (GroupMetadata.get(wid) ?? unknownGroup(wid)) : undefined;
  const fields = { id: wid, t: 0, unreadCount: 0, ...marksOf(String(wid)), name: undefined, isReadOnly: false };
  const [chat] = Chat.add({ ...fields, lastReceivedKey: undefined, ephemeralDuration: undefined, groupMetadata });
  return chat;
}

/** The notices that a new chat with a person begins with. */
export function noticesOf(wid) {
  if (!wid.isUser() || Chat.get(wid)) return [];
  const notice = { fromMe: false, remote: String(wid), from: String(wid), to: String(me.lid), body: '', ack: 0 };
  const t = Math.floor(Date.now() / 1000);
  return [
    { ...notice, t, type: 'e2e_notification', subtype: 'encrypt' },
    { ...notice, t, type: 'notification_template', subtype: 'contact_info_card' },
  ];
}

/** The chat of a sent message. */
export const chatOf = (remote) => Chat.get(remote);

/** The chat of a wid, created if there is none. A phone number must have been resolved before. */
export function open(wid) {
  const home = wid.isRegularUserPn() ? getCurrentLid(wid) : wid;
  if (!home) throw new Error('No LID for user');
  const known = Chat.get(home);
  return { chat: known ?? create(home), created: !known };
}

export async function findOrCreateLatestChat(wid, _origin) {
  const target = createWid(wid);
  const home = target.isRegularUserPn() ? getCurrentLid(target) : target;
  if (home) await created.before(String(home));
  const found = open(target);
  return config.build.bare_chat ? found.chat : found;
}

/** The notices with which a chat begins are not unread. */
const NOTICES = ['e2e_notification', 'notification_template'];
const isNews = ({ id, isNewMsg, type }) => !id.fromMe && isNewMsg && !NOTICES.includes(type);

/** Adds a message to its chat. */
export function file(message) {
  const { chat } = open(message.id.remote);
  chat.msgs.add(message);
  chat.set({
    t: Math.max(chat.t, message.t),
    ...(isNews(message) && { unreadCount: chat.unreadCount + 1, lastReceivedKey: message.id }),
  });
  return chat;
}

/**
 * Takes an object. Does nothing if nothing is unread, and waits for the focus, which a page without a window never has,
 * unless it is told not to.
 */
export async function sendSeen({ chat, afterAvailable = true }) {
  if (!chat?.unreadCount) return;
  if (afterAvailable && !Stream.available) {
    Stream.once('change:available', () => sendSeen({ chat }));
    return;
  }
  chat.set({ unreadCount: 0 });
  tell({ t: 'seen', chat: String(chat.id) });
}

const chatState = (state) => async (wid) => {
  tell({ t: 'chat-state', chat: String(createWid(wid)), state });
};

export const ChatStateBridge = {
  sendChatStateComposing: chatState('composing'),
  sendChatStateRecording: chatState('recording'),
  sendChatStatePaused: chatState('paused'),
};
