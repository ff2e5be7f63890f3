// Calls to the account. The collection tells nobody of a new call: clients wrap its functions.
import { Emitter } from '/static/events.js';
import { WAComms, tell } from '/static/connection.js';
import { storeNotice } from '/static/messages.js';
import { me } from '/static/people.js';
import { createWid } from '/static/wids.js';

class Calls extends Emitter {
  /** A property that everybody sees, as on the real page: clients look for it and wrap its `set`. */
  calls = new Map();

  get(id) {
    return this.calls.get(id);
  }

  getModelsArray() {
    return [...this.calls.values()];
  }

  /** Each message of a call comes here; only the first adds the call. */
  processIncomingCall(id, peerJid, { isVideo, isGroupCall, groupWid, offerTime, isSilenced, offerReceivedWhileOffline }) {
    const known = this.get(id);
    if (known) return known;
    const about = { isVideo, isSilenced, offerTime, offerReceivedWhileOffline };
    return this.add({ id, peerJid, isGroup: Boolean(isGroupCall ?? groupWid), groupJid: groupWid ?? null, ...about });
  }

  add(call) {
    this.calls.set(call.id, call);
    return call;
  }

  setActiveCall() {}
}

export const calls = new Calls();

export const callEvents = {
  call({ id, sender, video: isVideo, t: offerTime, offline: offerReceivedWhileOffline = false }) {
    calls.processIncomingCall(id, createWid(sender), { isVideo, offerTime, isSilenced: false, offerReceivedWhileOffline, groupWid: null });
  },

  /** The call is over: the page writes an entry into the chat, under the id of the call. */
  async 'call-ended'({ id, sender, video: isVideo, t, outcome: callOutcome }) {
    callEvents.call({ id, sender, video: isVideo, t });
    const call = { callOutcome, isVideoCall: isVideo, callCreator: createWid(sender) };
    const record = { id, fromMe: false, remote: sender, from: sender, to: String(me.phone), type: 'call_log', body: '', t, ack: 0 };
    await storeNotice({ ...record, fields: call });
  },
};

/** A stanza as the page writes it; of those that clients send, the server knows the refusal of a call. */
function leave({ attributes, children }) {
  const [child] = children.flat();
  if (child?.tag !== 'reject') return;
  tell({ t: 'act', req: 0, action: { action: 'reject-call', call: child.attributes['call-id'], peer: attributes.to } });
}

/** Clients send their own stanzas through the loop of the connection, too. */
WAComms.sendSmaxStanza = leave;

export const stanzas = {
  WAWap: { wap: (tag, attributes, ...children) => ({ tag, attributes, children }), generateId: () => '1', CUSTOM_STRING: (text) => text },
  WASmaxJsx: { smax: (tag, attributes, ...children) => ({ tag, attributes, children }) },
  WAWebCommsWapMd: { JID: String },
  WADeprecatedSendIq: { deprecatedCastStanza: leave },
};
