// Who is online: what the page tells of this account, and what it learns of the people whose presence it asked for.
import { Collection, Model } from '/static/models.js';
import { createWid } from '/static/wids.js';
import { ChatStateBridge } from '/static/chats.js';
import { connection, handlers, tell } from '/static/connection.js';
import { Stream } from '/static/stream.js';

const NOTHING = { isOnline: false, hasData: false, stale: true };

/** What somebody does in a chat, by the server's word for it. */
const DOES = { composing: 'typing', recording: 'recording_audio' };

class PresenceModel extends Model {}

/** What a person does in the chat: a part of their presence, which tells the changes of it as its own. */
class Chatstate extends Model {
  whole = null;

  trigger(name, ...values) {
    super.trigger(name, ...values);
    const [, field] = /^change:(.+)$/.exec(name) ?? [];
    if (field) this.whole?.trigger(`change:chatstate.${field}`, ...values);
    return this;
  }
}

class PresenceCollection extends Collection {
  constructor() {
    super(PresenceModel);
  }

  #begin(wid) {
    const chatstate = new Chatstate({ id: wid, type: undefined, t: undefined, deny: undefined });
    const [presence] = this.add({ id: wid, ...NOTHING, chatstate });
    chatstate.whole = presence;
    return presence;
  }

  /** Asks the server for a person's presence. Phone numbers are dropped without a word. */
  async find(id) {
    const wid = createWid(id);
    const presence = this.get(wid) ?? this.#begin(wid);
    if (wid.isLid() && presence.stale) {
      tell({ t: 'subscribe', lid: String(wid) });
      presence.set({ stale: false });
    }
    return presence;
  }
}

export const Presence = new PresenceCollection();

/** Only a server's answer about somebody who was asked for is kept. */
handlers.presence = ({ lid, kind, last, chat }) => {
  const presence = Presence.get(lid);
  if (!presence) return;
  const rests = presence.isOnline ? 'available' : 'unavailable';
  if (chat) {
    presence.chatstate.set({ type: DOES[chat] ?? rests });
  } else {
    const isOnline = kind !== 'unavailable';
    const t = isOnline || last === 'deny' ? undefined : Number(last);
    presence.chatstate.set({ type: isOnline ? 'available' : 'unavailable', t, deny: last === 'deny' || undefined });
    presence.set({ isOnline });
  }
  presence.set({ hasData: true });
};

connection.on('connected', () => {
  for (const presence of Presence.getModelsArray()) {
    presence.set(NOTHING);
    presence.chatstate.set({ type: 'unavailable', t: undefined, deny: undefined });
  }
  tell({ t: 'presence', kind: Stream.available ? 'available' : 'unavailable' });
});

/** The account's state in a chat. */
const shows = (send) => (chat) => send(chat.accountLid ?? chat.id);

export const presenceAction = {
  markComposing: shows(ChatStateBridge.sendChatStateComposing),
  markRecording: shows(ChatStateBridge.sendChatStateRecording),
  markPaused: shows(ChatStateBridge.sendChatStatePaused),
  sendPresenceAvailable: () => void tell({ t: 'presence', kind: 'available' }),
  sendPresenceUnavailable: () => void tell({ t: 'presence', kind: 'unavailable' }),
};
