// Messages in both directions, the backlog of an absence, and the first history.
import crypto from 'node:crypto';
import { node, J, pb, attr, kid, kids } from '../realnode.mjs';
import { firstHistory } from './history.mjs';
import { LearntSenderKey } from './senderkeys.mjs';
import { opened } from './uploads.mjs';
import { E2E, HOST, byUser, contact, nextId, note, now, state } from './state.mjs';

// Stanzas that the page has not acknowledged come again at the next login, marked offline, in parts that the page asks
// for.
export function afterActive(s) {
  const q = [...state.waiting.values()];
  s.backlog = q;
  s.active = true;
  s.send(
    node(
      'ib',
      { from: HOST },
      node('offline_preview', {
        count: String(q.length),
        message: String(q.length),
        receipt: '0',
        notification: '0',
        call: '0',
      }),
    ),
  );
  if (!q.length) endOffline(s, 0);
  else {
    s.total = q.length;
    setTimeout(() => s.asked || lot(s, q.length), 3000);
  }
  const l = state.linked;
  if (l && !l.history) {
    l.history = true;
    setTimeout(() => firstHistory().catch((e) => note('!!', e.stack)), 50);
    setTimeout(() => remind(s), 5000);
  }
}

/**
 * After a link the page sometimes does not ask for the account's settings; the server notifies it that there are some.
 */
function remind(s) {
  if (s !== state.current || state.linked.asked) return;
  const about = { type: 'server_sync', from: HOST, id: String(nextId()), t: String(now()) };
  s.send(node('notification', about, node('collection', { name: 'critical_block', version: '1' })));
}

export function lot(s, n) {
  s.asked = true;
  for (const m of s.backlog.splice(0, n)) s.send(node(m.tag, { ...m.attrs, offline: '0' }, m.content));
  if (!s.backlog.length && !s.ended) endOffline(s, s.total);
}

export function endOffline(s, n) {
  s.ended = true;
  s.send(node('ib', { from: HOST }, node('offline', { count: String(n) })));
}

/** So much later than it was sent the server takes a message that it takes late: no edit is taken for so long. */
const LATE_S = 2 * 60 * 60;

export const newId = () => '3EB0' + crypto.randomBytes(9).toString('hex').toUpperCase();

/** A message that somebody encrypts for the page alone. */
export function seal(party, address, message) {
  const l = state.linked;
  if (!party.sessions.has(address)) {
    const pre = l.prekeys.shift();
    party.start(address, { identity: l.identity, spk: l.spk, pre });
  }
  const e = party.encrypt(address, pb.encode(E2E('Message'), message));
  return node('enc', { v: '2', type: e.type }, e.bytes);
}

/** Sends a stanza to the page, now or with the backlog, and again until the page acknowledges it. */
export function deliver(id, stanza) {
  const s = state.current;
  state.waiting.set(id, stanza);
  if (s && s.active) {
    if (s.ended) s.send(stanza);
    else {
      s.backlog.push(stanza);
      s.total += 1;
    }
  }
  return id;
}

export function toPage(from, party, address, message, attrs = {}) {
  const id = attrs.id || newId();
  const about = { id, from: J(from), t: String(attrs.t || now()), type: 'text', ...attrs.extra };
  return deliver(id, node('message', about, seal(party, address, message)));
}

export const mineAddress = () => 'page:' + state.linked.device;

export function peer(message) {
  return toPage(`${state.me.pn}@s.whatsapp.net`, state.phone, mineAddress(), message, {
    extra: { category: 'peer', push_priority: 'high_force' },
  });
}

/** The account's own phone writes to somebody, or to itself, and sends a copy to this device. */
export function fromPhone(pn, text, id = newId()) {
  const lid = pn === state.me.pn ? state.me.lid : contact(pn).lid;
  const message = { deviceSentMessage: { destinationJid: `${lid}@lid`, message: { conversation: text } } };
  return toPage(`${state.me.lid}@lid`, state.phone, mineAddress(), message, {
    id,
    extra: { recipient: J(`${lid}@lid`), peer_recipient_pn: J(`${pn}@s.whatsapp.net`) },
  });
}

/** The account edits on its phone a message that one of its devices has sent to somebody. */
export function editOnPhone(pn, edited, text) {
  const lid = contact(pn).lid;
  const key = { remoteJid: `${lid}@lid`, fromMe: true, id: edited };
  const protocolMessage = { key, type: 14, editedMessage: { conversation: text }, timestampMs: Date.now() };
  const message = { deviceSentMessage: { destinationJid: `${lid}@lid`, message: { editedMessage: { message: { protocolMessage } } } } };
  return toPage(`${state.me.lid}@lid`, state.phone, mineAddress(), message, {
    id: newId(),
    extra: { recipient: J(`${lid}@lid`), peer_recipient_pn: J(`${pn}@s.whatsapp.net`), edit: '1' },
  });
}

/** The account reads a chat on its phone: the other devices get a receipt for the newest message. */
export function readOnPhone(pn) {
  const recipient = J(`${contact(pn).lid}@lid`);
  const about = { from: J(`${state.me.lid}@lid`), recipient, id: state.newest.get(pn), type: 'read-self', t: String(now()) };
  deliver(about.id, node('receipt', about));
  return { id: about.id };
}

export function incoming(pn, text, opt = {}) {
  const c = contact(pn),
    message = opt.message || { conversation: text },
    id = opt.id || newId();
  state.newest.set(pn, id);
  return toPage(opt.from || `${c.lid}@lid`, c, mineAddress(), message, {
    id,
    extra: { notify: c.name, sender_pn: J(`${c.pn}@s.whatsapp.net`), ...opt.extra },
  });
}

/** A message as plain data, with a placeholder for bytes. */
const shown = (message) =>
  JSON.parse(
    JSON.stringify(message, (k, v) =>
      v instanceof ArrayBuffer || ArrayBuffer.isView(v) ? '<bytes>' : typeof v === 'bigint' ? String(v) : v,
    ),
  );

/** The text that each member of a group can read from a message that was encrypted once for all members. */
function readBy(group, sealed) {
  const readers = {};
  for (const party of [state.phone, ...state.contacts.values()]) {
    const key = party.senderKeys?.get(group);
    if (!key) continue;
    try {
      readers[party.pn ?? state.me.pn] = shown(pb.decode(E2E('Message'), key.decrypt(new Uint8Array(sealed.content))));
    } catch (error) {
      readers[party.pn ?? state.me.pn] = `cannot open: ${error.message}`;
    }
  }
  return readers;
}

export function outgoing(s, n) {
  const id = attr(n, 'id'),
    to = attr(n, 'to');
  const rec = { id, to, t: now(), encs: [], plain: null, type: attr(n, 'type') };
  const encs = [];
  const own = kid(n, 'enc');
  if (own && attr(own, 'type') !== 'skmsg') encs.push([to, own]);
  for (const t of kids(kid(n, 'participants'))) encs.push([attr(t, 'jid'), kid(t, 'enc')]);
  for (const [j, e] of encs) {
    const user = j.split('@')[0].split(':')[0],
      p = byUser(user) || (user === state.me.pn || user === state.me.lid ? state.phone : null);
    let text = null;
    try {
      const m = pb.decode(E2E('Message'), p.decrypt(mineAddress(), attr(e, 'type'), new Uint8Array(e.content)));
      const told = m.senderKeyDistributionMessage?.axolotlSenderKeyDistributionMessage;
      if (told) (p.senderKeys ??= new Map()).set(to, new LearntSenderKey(told));
      text = shown(m);
      rec.file ??= opened(m);
    } catch (x) {
      text = 'cannot open: ' + x.message;
    }
    rec.encs.push({ jid: j, type: attr(e, 'type'), media: attr(e, 'mediatype'), message: text });
  }
  if (own && attr(own, 'type') === 'skmsg') rec.readers = readBy(to, own);
  state.sent.push(rec);
  note('--', 'sent ' + JSON.stringify(rec).slice(0, 500));
  const how = state.ackRule || 'ack';
  if (how === 'silent') return;
  if (how !== 'ack' && how !== 'late') {
    s.send(node('ack', { class: 'message', id, from: n.attrs.to, error: String(how), t: String(now()) }));
    return;
  }
  const taken = how === 'late' ? now() + LATE_S : now();
  s.send(node('ack', { class: 'message', id, from: n.attrs.to, t: String(taken) }));
  if (state.deliver !== false && byUser(to.split('@')[0]))
    setTimeout(() => s.send(node('receipt', { from: n.attrs.to, id, t: String(now()) })), 300);
}
