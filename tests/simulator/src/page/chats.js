// Chats and groups.
import { config } from '/config.js';
import { Collection, Model } from '/static/models.js';
import { createWid } from '/static/wids.js';
import { Contact, getCurrentLid, me } from '/static/people.js';
import { tell } from '/static/connection.js';

/** Whether somebody is online, and types: nobody is here, whoever subscribes. */
export class PresenceModel extends Model {
  async subscribe() {}
}

export const Presence = new Collection(PresenceModel);

export class GroupMetadataModel extends Model {
  static {
    this.prototype.proxyName = 'groupMetadata';
  }
}

class GroupMetadataCollection extends Collection {
  constructor() {
    super(GroupMetadataModel);
  }

  onParentGroupChange() {}

  async update(id) {
    return this.get(id);
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

  get contact() {
    return Contact.get(this.id);
  }

  get formattedTitle() {
    const contact = this.contact;
    return this.name ?? contact?.name ?? contact?.pushname ?? this.id.user;
  }

  isGroup() {
    return this.id.isGroup();
  }
}

export class ChatCollection extends Collection {
  constructor() {
    super(ChatModel);
  }
}

export const Chat = new ChatCollection();

function create(wid) {
  const group = wid.isGroup();
  if (group) {
    GroupMetadata.add({ id: wid, isLidAddressingMode: true, announce: false, participants: [{ id: me.lid }] });
  }
  const groupMetadata = group ? GroupMetadata.get(wid) : undefined;
  const fields = { id: wid, t: 0, unreadCount: 0, archive: false, mute: { expiration: 0 }, name: undefined };
  const [chat] = Chat.add({ ...fields, lastReceivedKey: undefined, ephemeralDuration: undefined, groupMetadata });
  return chat;
}

/** The chat of a wid, made if there is none. A phone number must have been resolved before. */
export function open(wid) {
  const home = wid.isRegularUserPn() ? getCurrentLid(wid) : wid;
  if (!home) throw new Error('No LID for user');
  const known = Chat.get(home);
  return { chat: known ?? create(home), created: !known };
}

export async function findOrCreateLatestChat(wid) {
  const found = open(createWid(wid));
  return config.build.bare_chat ? found.chat : found;
}

/** Notes that a message is in its chat. */
export function file(message) {
  const { chat } = open(message.id.remote);
  chat.msgs.add(message);
  chat.set({
    t: Math.max(chat.t, message.t),
    ...(!message.id.fromMe && message.isNewMsg && { unreadCount: chat.unreadCount + 1, lastReceivedKey: message.id }),
  });
  return chat;
}

/** Both forms in use: the chat itself, and `{chat}`. */
export async function sendSeen(target) {
  const chat = target?.chat ?? target;
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
