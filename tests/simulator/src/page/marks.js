// The marks of chats: archived, pinned, muted. The page stores them, and tells the account's other devices.
import { Model } from '/static/models.js';
import { request } from '/static/connection.js';
import * as storage from '/static/storage.js';

const FOR_EVER = -1;
/** Further pins are prevented by the page's user interface only. */
const PINS_MAX = 3;

class ActionError extends Error {
  name = 'ActionError';
}

let marks = {};

/** Reads the stored marks. */
export async function openMarks() {
  marks = (await storage.get('login', 'marks')) ?? {};
}

/** Takes effect here once the server has it. */
async function change(chat, action, changes) {
  const { code } = await request({ t: 'act', action: { chat: String(chat), ...action } });
  if (code !== null) throw new Error('the action was refused');
  marks[chat] = { ...marks[chat], ...changes };
  await storage.put('login', 'marks', marks);
}

class MuteModel extends Model {
  static {
    this.prototype.proxyName = 'mute';
  }

  get isMuted() {
    return this.expiration === FOR_EVER || this.expiration > Date.now() / 1000;
  }

  async mute({ expiration }) {
    if (typeof expiration !== 'number') throw new ActionError('Could not perform action.');
    await change(this.id, { action: 'mute', until: expiration }, { expiration });
    this.set({ expiration });
  }

  async unmute() {
    await change(this.id, { action: 'mute', until: 0 }, { expiration: 0 });
    this.set({ expiration: 0 });
  }
}

/** The marks with which a chat is created. */
export function marksOf(id) {
  const { archive = false, pin, expiration = 0 } = marks[id] ?? {};
  return { archive, pin, mute: new MuteModel({ id, expiration }) };
}

/** An archived chat is not pinned; a chat that is archived may be pinned afterwards. */
export async function setArchive(chat, archive) {
  if (chat.archive === archive) throw new ActionError('Could not perform action.');
  const changes = archive ? { archive, pin: undefined } : { archive };
  await change(chat.id, { action: 'archive', on: archive }, changes);
  chat.set(changes);
}

export async function setPin(chat, on) {
  const pin = on ? Date.now() : 0;
  await change(chat.id, { action: 'pin', on }, { pin });
  chat.set({ pin });
}

export const pinBridge = {
  getPinLimit: () => PINS_MAX,
  getNumConversationsPinned: async () => Object.values(marks).filter(({ pin }) => pin > 0).length,
};
