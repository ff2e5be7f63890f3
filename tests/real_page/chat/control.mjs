// The operations on the page from outside: GET /__ctl/NAME?…
import { J, node } from '../realnode.mjs';
import { call } from './calls.mjs';
import { enter, scan, sendCodes } from './link.mjs';
import { change, group, inGroup, made, picture, remove } from './groups.mjs';
import { cap, timelock } from './limits.mjs';
import { groupNow } from './managing.mjs';
import { answerFor, media } from './media.mjs';
import { setPicture } from './pictures.mjs';
import { answer } from './reupload.mjs';
import { editOnPhone, fromPhone, incoming, readOnPhone } from './messages.mjs';
import { vote } from './polls.mjs';
import { again, fromOwnPhone, garbled, viewOnce } from './sealed.mjs';
import { uploadRule } from './uploads.mjs';
import { HOST, contact, nextId, now, state } from './state.mjs';

export async function control(name, q, req, res) {
  const say = (v) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify(v ?? {}, (k, x) => (typeof x === 'bigint' ? String(x) : x), 1));
  };
  try {
    const s = state.current,
      opt = JSON.parse(q.get('opt') || '{}', (k, v) =>
        v && v.$b64 !== undefined ? new Uint8Array(Buffer.from(v.$b64, 'base64')) : v,
      );
    switch (name) {
      case 'state':
        return say({
          sockets: state.sockets.size,
          connected: !!s,
          login: s && s.login,
          active: s && s.active,
          codes: state.codes,
          codesSent: state.codesSent,
          linked: state.linked && {
            device: state.linked.device,
            unlinked: !!state.linked.unlinked,
            prekeys: state.linked.prekeys.length,
          },
          sent: state.sent,
          receipts: state.receipts,
          profilesAsked: state.profilesAsked,
          presences: state.presences,
          chatStates: state.chatStates,
          subscriptions: state.subscriptions,
          logins: state.logins,
          iqs: state.iqs,
          blocked: state.blocked,
          calls: state.calls,
          httpMiss: [...state.httpMiss],
          waiting: state.waiting.size,
        });
      case 'log':
        return say(state.log.slice(-Number(q.get('n') || 200)));
      case 'scan':
        return say(scan(q.get('code'), opt));
      case 'enter':
        return say(await enter(q.get('code'), opt));
      case 'incoming':
        return say({ id: incoming(q.get('from') || '5491122334455', q.get('text') || 'hola', opt) });
      case 'media':
        return say(media(q.get('from') || '5491122334455', q.get('kind'), opt));
      case 'file':
        return say(answerFor(q.get('path'), q.get('answer')));
      case 'reupload':
        state.reuploadRule = q.get('answer');
        return say({ answer: state.reuploadRule });
      case 'reuploadnow':
        return say(answer(s, q.get('id')));
      case 'mediastate':
        return say({ requests: state.mediaRequests, reuploads: state.reuploads, uploads: state.uploads });
      case 'uploadrule':
        uploadRule(q.get('rule'));
        return say({ rules: state.uploadRules });
      case 'contact': {
        const c = contact(q.get('pn'));
        return say({ pn: c.pn, lid: c.lid });
      }
      case 'codes':
        sendCodes(s);
        return say({});
      case 'drop':
        for (const x of state.sockets) {
          x.closing = true;
          x.kill();
        }
        return say({});
      case 'refuse':
        state.refuse = q.get('on') !== '0';
        return say({ refuse: state.refuse });
      case 'mute':
        state.mute = q.get('on') !== '0';
        return say({ mute: state.mute });
      case 'fail':
        state.fail = q.get('reason')
          ? { reason: Number(q.get('reason')), attrs: JSON.parse(q.get('attrs') || '{}') }
          : null;
        if (q.get('now') && s) {
          s.closing = true;
          s.kill();
        }
        return say({ fail: state.fail });
      case 'ack':
        state.ackRule = q.get('rule');
        return say({ rule: state.ackRule });
      case 'unlink':
        if (state.linked) state.linked.unlinked = true;
        if (s) {
          s.send(node('stream:error', { code: '401' }, node('conflict', { type: 'device_removed' })));
          s.closing = true;
          setTimeout(s.close, 300);
        }
        return say({});
      case 'replaced':
        s.send(node('stream:error', { code: '409' }, node('conflict', { type: 'replaced' })));
        s.closing = true;
        setTimeout(s.close, 300);
        return say({});
      case 'hold':
        state.hold = q.get('iq') || '';
        return say({ hold: state.hold });
      case 'rotate':
        s.send(
          node(
            'notification',
            { type: 'companion_reg_refresh', from: HOST, id: String(nextId()), t: String(now()) },
            node('pair-device-rotate-qr', {}),
          ),
        );
        return say({});
      case 'burst': {
        const n = Number(q.get('n'));
        const chats = Number(q.get('chats') || 0);
        for (let i = 0; i < n; i++)
          incoming(
            chats ? String(5491140000000 + (i % chats)) : q.get('from') || '5491122334455',
            (q.get('prefix') || 'm') + ' ' + i,
          );
        return say({ n });
      }
      case 'group':
        return say(group(q.get('id'), opt));
      case 'groupnow':
        return say(groupNow(q.get('id')));
      case 'groupnewest':
        return say({ id: [...state.groups.keys()].at(-1) ?? null });
      case 'grouperrors':
        state.groupErrors = new Map(Object.entries(opt));
        return say({});
      case 'refusals':
        state.refusals = new Map(Object.entries(opt));
        return say(opt);
      case 'presence': {
        const from = J(`${contact(q.get('of')).lid}@lid`);
        const speaks = q.get('chat') === 'recording';
        if (q.get('chat')) s.send(node('chatstate', { from }, node(speaks ? 'composing' : q.get('chat'), speaks ? { media: 'audio' } : {})));
        else s.send(node('presence', { from, ...(q.get('type') && { type: q.get('type') }), ...(q.get('last') && { last: q.get('last') }) }));
        return say({});
      }
      case 'groupmade':
        return say(made(q.get('id')));
      case 'receipt': {
        // Somebody has received (nothing said), read or played a message of the account.
        const who = J(`${contact(q.get('of')).lid}@lid`);
        const whose = q.get('group') ? { from: J(`${q.get('group')}@g.us`), participant: who } : { from: who };
        s.send(node('receipt', { ...whose, id: q.get('id'), t: String(q.get('t') || now()), ...(q.get('type') && { type: q.get('type') }) }));
        return say({});
      }
      case 'groupchange':
        return say(change(q.get('id'), q.get('what'), q.get('of') ?? undefined, q.get('by') ?? undefined));
      case 'grouppicture':
        return say(picture(q.get('id')));
      case 'ingroup':
        return say({ id: inGroup(q.get('id'), q.get('from'), q.get('text')) });
      case 'removed':
        return say(remove(q.get('id')));
      case 'call':
        return say(call(q.get('from'), q.get('id'), q.get('what'), opt));
      case 'readonphone':
        return say(readOnPhone(q.get('from')));
      case 'fromphone':
        return say({ id: fromPhone(q.get('to'), q.get('text')) });
      case 'editonphone':
        return say({ id: editOnPhone(q.get('to'), q.get('id'), q.get('text')) });
      case 'blocked':
        state.blocked = q.get('list') ? q.get('list').split(',') : [];
        // The page asks for the list again when a notification says that the list has changed.
        s.send(node('notification', { type: 'account_sync', from: J(`${state.me.pn}@s.whatsapp.net`), id: String(nextId()), t: String(now()) }, node('blocklist', {})));
        return say({ blocked: state.blocked });
      case 'picture':
        setPicture(q.get('of'), opt);
        return say({});
      case 'business':
        state.businesses.set(q.get('of'), opt);
        return say({});
      case 'about':
        state.abouts.set(q.get('of'), q.get('text'));
        return say({});
      case 'viewonce':
        return say({ id: viewOnce(q.get('from'), q.get('id')) });
      case 'garbled':
        return say({ id: garbled(q.get('from'), q.get('id')) });
      case 'again':
        return say({ id: again(q.get('from'), q.get('id'), q.get('text')) });
      case 'handover':
        return say({ id: fromOwnPhone(q.get('from'), q.get('id'), q.get('text'), q.get('asked')) });
      case 'pairingrule':
        state.helloRule = q.get('code') ? [Number(q.get('code')), q.get('text')] : null;
        return say({ rule: state.helloRule });
      case 'vote':
        return say({ id: vote(q.get('from'), q.get('id'), q.get('secret'), q.get('option')) });
      case 'timelock':
        return say(timelock(q.get('until_s'), q.get('told')));
      case 'cap':
        return say(cap(q.get('status'), Number(q.get('until_s')), q.get('told')));
      case 'unknown':
        state.unknown = new Set((q.get('list') || '').split(','));
        return say({});
      case 'ab':
        state.abprops = JSON.parse(q.get('props') || '{}');
        // The page asks for its settings again when their number has changed.
        state.settings += 1;
        return say(state.abprops);
      default:
        res.writeHead(404);
        return res.end();
    }
  } catch (e) {
    res.writeHead(400);
    res.end(JSON.stringify({ error: e.message }));
  }
}
