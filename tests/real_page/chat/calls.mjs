// Calls: somebody calls the account, and hangs up.
import { J, node } from '../realnode.mjs';
import { deliver } from './messages.mjs';
import { contact, nextId, now, state } from './state.mjs';

/**
 * What a caller's device sends: `offer`, or `terminate` with its reason; or the server's `offer_notice`. A call that the
 * page does not hear of waits for its next login.
 */
export function call(pn, id, what, { video = false, reason = 'timeout' } = {}) {
  const { lid } = contact(pn);
  const creator = { 'call-id': id, 'call-creator': J(`${lid}@lid`), caller_pn: J(`${pn}@s.whatsapp.net`) };
  const about = { from: J(`${lid}@lid`), id: String(nextId()), t: String(now()), e: String(now()), platform: 'android', version: '2.26.1' };
  const media = node('audio', { enc: 'opus', rate: '16000' });
  const children = {
    offer: () => node('offer', creator, [media, ...(video ? [node('video', { enc: 'vp8' })] : [])]),
    terminate: () => node('terminate', { ...creator, ...(reason && { reason }) }),
    offer_notice: () => node('offer_notice', { ...creator, media: video ? 'video' : 'audio', type: '' }),
  };
  deliver(about.id, node('call', about, children[what]()));
  return { id };
}
