// The people on WhatsApp, and their devices.
import { node, J, pb, attr, kid, kids } from '../realnode.mjs';
import { sign, cat } from '../keys.mjs';
import { result } from './iq.mjs';
import { Adv, byUser, contact, now, state } from './state.mjs';

export function keyIndexList() {
  const l = state.linked,
    idx = l && !l.unlinked ? [0, l.keyIndex] : [0];
  const details = pb.encode(Adv('ADVKeyIndexList'), {
    rawId: state.rawId,
    timestamp: now(),
    currentIndex: l ? l.keyIndex : 0,
    validIndexes: idx,
    accountType: 0,
  });
  return pb.encode(Adv('ADVSignedKeyIndexList'), {
    details,
    accountSignature: sign(state.phone.id, cat([6, 2], details)),
  });
}

export function devicesOf(user) {
  if (user === state.me.pn || user === state.me.lid) {
    const l = state.linked,
      list = [node('device', { id: '0' })];
    if (l) list.push(node('device', { id: String(l.device), 'key-index': String(l.keyIndex) }));
    return node(
      'devices',
      {},
      node('device-list', {}, list),
      node('key-index-list', { ts: String(now()) }, keyIndexList()),
    );
  }
  return node('devices', {}, node('device-list', {}, node('device', { id: '0' })));
}

/** The account blocks somebody, or ends it; returns the hash of the list. */
export function block(item) {
  const person = byUser(attr(item, 'jid').split('@')[0]);
  const others = state.blocked.filter((pn) => pn !== person.pn);
  state.blocked = attr(item, 'action') === 'block' ? [...others, person.pn] : others;
  return `d${state.blocked.join()}`;
}

export function usync(n) {
  const u = kid(n, 'usync'),
    query = kids(kid(u, 'query')).map((x) => x.tag),
    list = kids(kid(u, 'list'));
  const users = list.map((e) => {
    let j = attr(e, 'jid'),
      out = [],
      c;
    const phone =
      kid(e, 'contact') && kid(e, 'contact').content
        ? Buffer.from(kid(e, 'contact').content).toString().replace(/\D/g, '')
        : null;
    if (phone) {
      c = state.unknown && state.unknown.has(phone) ? null : contact(phone);
      j ||= `${phone}@s.whatsapp.net`;
    }
    const user = j.split('@')[0].split(':')[0];
    c ||=
      byUser(user) ||
      (j.endsWith('@s.whatsapp.net') && user !== state.me.pn && !(state.unknown && state.unknown.has(user))
        ? contact(user)
        : null);
    const mine = user === state.me.pn || user === state.me.lid;
    for (const q of query) {
      if (q === 'devices') out.push(devicesOf(user));
      if (q === 'contact')
        out.push(
          node(
            'contact',
            { type: c || mine ? 'in' : 'out', ...(phone ? {} : {}) },
            ...(phone ? [Buffer.from(kid(e, 'contact').content)].map((b) => new Uint8Array(b)) : []),
          ),
        );
      if (q === 'lid' && (c || mine)) out.push(node('lid', { val: J(mine ? `${state.me.lid}@lid` : `${c.lid}@lid`) }));
      if (q === 'status') out.push(node('status', {}, ...(c && state.abouts.has(c.pn) ? [state.abouts.get(c.pn)] : [])));
      if (q === 'disappearing_mode') out.push(node('disappearing_mode', { duration: '0', t: '0' }));
    }
    return node(
      'user',
      { jid: J(j), ...(c && query.includes('contact') ? { pn_jid: J(`${c.pn}@s.whatsapp.net`) } : {}) },
      out,
    );
  });
  return result(
    n,
    node(
      'usync',
      {
        sid: attr(u, 'sid'),
        index: '0',
        last: 'true',
        mode: attr(u, 'mode'),
        context: attr(u, 'context') || 'interactive',
      },
      node(
        'result',
        {},
        query.map((q) => node(q, {})),
      ),
      node('list', {}, users),
    ),
  );
}
