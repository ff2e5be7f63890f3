// The page's requests (iq stanzas), and their answers.
import { J, node, attr, kid, kids } from '../realnode.mjs';
import { firstPatch } from './history.mjs';
import { afterActive } from './messages.mjs';
import { HOST, byUser, contact, nextId, note, now, state } from './state.mjs';
import { profiles } from './business.mjs';
import { answerGroups } from './groups.mjs';
import { changeGroup, inviteInfo } from './managing.mjs';
import { mexAnswer } from './mex.mjs';
import { picture } from './pictures.mjs';
import { block, usync } from './users.mjs';

export const result = (n, ...k) => node('iq', { from: n.attrs.to ?? HOST, type: 'result', id: attr(n, 'id') }, ...k);
export const failIq = (n, code, text) =>
  node(
    'iq',
    { from: n.attrs.to ?? HOST, type: 'error', id: attr(n, 'id') },
    node('error', { code: String(code), text }),
  );

/** The kinds of files that the host of media keeps. */
const MEDIA = 'audio document gif image ptt sticker video'.split(' ');

export const bytes = (n, len) => {
  const b = Buffer.alloc(len);
  b.writeUIntBE(n, 0, len);
  return new Uint8Array(b);
};

export function iq(s, n) {
  const xmlns = attr(n, 'xmlns'),
    type = attr(n, 'type'),
    first = kids(n)[0],
    tag = first && first.tag;
  state.iqs.push(`${xmlns}/${type}/${tag || ''}`);
  const l = state.linked;
  const ok = (...k) => s.send(result(n, ...k));
  if (state.hold && `${xmlns}/${tag}`.startsWith(state.hold)) {
    note('--', 'held back');
    return;
  }
  switch (xmlns) {
    case 'passive':
      ok(node(tag, {}));
      if (tag === 'active') afterActive(s);
      return;
    case 'encrypt': {
      if (type === 'set' && kid(n, 'list')) {
        const num = (x) => {
          const b = Buffer.from(x.content);
          return b.readUIntBE(0, b.length);
        };
        const k = kid(n, 'skey');
        l.identity = new Uint8Array(kid(n, 'identity').content);
        l.reg = num(kid(n, 'registration'));
        l.spk = { id: num(kid(k, 'id')), pub: new Uint8Array(kid(k, 'value').content) };
        l.prekeys.push(
          ...kids(kid(n, 'list')).map((x) => ({ id: num(kid(x, 'id')), pub: new Uint8Array(kid(x, 'value').content) })),
        );
        note('--', `prekeys: ${l.prekeys.length}`);
        return ok();
      }
      if (tag === 'identity')
        return ok(
          node(
            'list',
            {},
            kids(first).map((u) => {
              const j = attr(u, 'jid'),
                user = j.split('@')[0].split(':')[0],
                mine = user === state.me.pn || user === state.me.lid,
                c = mine ? (j.includes(':') ? { id: { pub: l.identity } } : state.phone) : byUser(user);
              return node(
                'user',
                { jid: u.attrs.jid },
                c
                  ? [node('type', {}, new Uint8Array([5])), node('identity', {}, c.id.pub)]
                  : [node('error', { code: '404', text: 'item-not-found' })],
              );
            }),
          ),
        );
      if (tag === 'count') return ok(node('count', { value: String(l.prekeys.length) }));
      if (tag === 'key') {
        const users = kids(first).map((u) => {
          const j = attr(u, 'jid'),
            c = byUser(j.split('@')[0].split(':')[0]);
          const p = c || (j.startsWith(state.me.pn) || j.startsWith(state.me.lid) ? state.phone : null);
          if (!p) return node('user', { jid: u.attrs.jid }, node('error', { code: '404', text: 'item-not-found' }));
          const one = p.prekey();
          return node(
            'user',
            { jid: u.attrs.jid, t: String(now()) },
            node('registration', {}, bytes(p.reg, 4)),
            node('type', {}, new Uint8Array([5])),
            node('identity', {}, p.id.pub),
            node(
              'skey',
              {},
              node('id', {}, bytes(p.spk.id, 3)),
              node('value', {}, p.spk.pub),
              node('signature', {}, p.spk.sig),
            ),
            node('key', {}, node('id', {}, bytes(one.id, 3)), node('value', {}, one.pub)),
          );
        });
        return ok(node('list', {}, users));
      }
      return ok();
    }
    case 'w:biz':
      return tag === 'business_profile' ? s.send(profiles(n)) : ok();
    case 'usync':
      return s.send(usync(n));
    case 'abt':
      return ok(
        node(
          'props',
          { protocol: '1', ab_key: 'k', hash: `h${state.settings}`, refresh: '86400', refresh_id: String(state.settings), delta_update: 'false' },
          Object.entries(state.abprops || {}).map(([k, v]) =>
            node('prop', { config_code: k, config_value: String(v) }),
          ),
        ),
      );
    case 'w':
      return ok(node('props', { version: '2', hash: 'x' }));
    case 'w:m':
      return ok(
        node(
          'media_conn',
          {
            auth: 'AUTH',
            ttl: '300',
            auth_ttl: '21600',
            max_buckets: '12',
            max_manual_retry: '3',
            max_auto_retry: '3',
            id: '1',
          },
          node(
            'host',
            { hostname: 'mmg.whatsapp.net', type: 'primary', class: 'mms' },
            node('download', {}, MEDIA.map((kind) => node(kind, {}))),
            node('upload', {}, MEDIA.map((kind) => node(kind, {}))),
          ),
        ),
      );
    case 'privacy':
      return tag === 'privacy' && kid(first, 'list')
        ? ok(node('privacy', { addressing_mode: 'lid' }))
        : tag === 'privacy'
          ? ok(
              node(
                'privacy',
                {},
                [
                  ['last', 'all'],
                  ['online', 'all'],
                  ['profile', 'all'],
                  ['status', 'all'],
                  ['groupadd', 'all'],
                  ['readreceipts', 'all'],
                  ['calladd', 'all'],
                  ['messages', 'all'],
                  ['defense', 'off'],
                  ['stickers', 'all'],
                ].map(([name, value]) => node('category', { name, value })),
              ),
            )
          : ok();
    case 'w:sync:app:state':
      l.asked = true;
      return ok(
        node(
          'sync',
          {},
          kids(first).map((c) => {
            const name = attr(c, 'name'),
              theirs = Number(attr(c, 'version') || 0);
            if (kid(c, 'patch')) {
              state.appstate.set(name, theirs + 1);
              return node('collection', { name, version: String(theirs + 1) });
            }
            if (name === 'critical_block' && theirs === 0) {
              state.appstate.set(name, 1);
              return node(
                'collection',
                { name, version: '1' },
                node('patches', {}, node('patch', {}, firstPatch(name))),
              );
            }
            return node('collection', { name, version: String(theirs) });
          }),
        ),
      );
    case 'w:g2':
      if (type === 'set') return s.send(changeGroup(n, first));
      // The page asks an admin's server who wants to join.
      if (tag === 'membership_approval_requests') return ok(node(tag, {}));
      return s.send(tag === 'invite' ? inviteInfo(n, attr(first, 'code')) : answerGroups(n, tag));
    case 'blocklist':
      if (type === 'set') return ok(node('list', { matched: 'true', dhash: block(first) }));
      return ok(
        node(
          'list',
          { addressing_mode: 'lid', dhash: `d${state.blocked.join()}` },
          state.blocked.map(contact).map(({ lid, pn }) => node('item', { jid: J(`${lid}@lid`), pn_jid: J(`${pn}@s.whatsapp.net`) })),
        ),
      );
    case 'disappearing_mode':
      return ok(node('disappearing_mode', { duration: '0', t: '0' }));
    case 'urn:xmpp:ping':
    case 'w:p':
      return s.send(node('iq', { from: HOST, type: 'result', id: attr(n, 'id'), t: String(now()) }));
    case 'md':
      if (tag === 'link_code_companion_reg') {
        if (attr(first, 'stage') === 'companion_finish') {
          state.finish = first;
          return ok();
        }
        state.hello = first;
        state.helloRef = 'REF' + nextId();
        if (state.helloRule) return s.send(failIq(n, ...state.helloRule));
        return ok(
          node(
            'link_code_companion_reg',
            { stage: 'companion_hello' },
            node('link_code_pairing_ref', {}, state.helloRef),
          ),
        );
      }
      if (tag === 'remove-companion-device') {
        if (l) l.unlinked = true;
        return ok();
      }
      return ok();
    case 'w:mex':
      return ok(node('result', {}, JSON.stringify({ data: mexAnswer(first) })));
    case 'w:profile:picture':
      return s.send(picture(n, first));
    case 'status':
      return ok(node('status', { t: String(now()) }, 'hola'));
    case 'tos':
      return ok(node('tos', { refresh: '86400' }));
    default:
      return ok();
  }
}
