// Messages that this device cannot decrypt: they are never sent to it, or their encryption fails at first.
import { J, node, pb } from '../realnode.mjs';
import { deliver, incoming, mineAddress, peer } from './messages.mjs';
import { P, contact, now } from './state.mjs';

function stanza(pn, id, child) {
  const person = contact(pn);
  const attributes = { id, from: J(`${person.lid}@lid`), t: String(now()), type: 'text', notify: person.name };
  return node('message', { ...attributes, sender_pn: J(`${pn}@s.whatsapp.net`) }, child);
}

/** A view-once message: only phones get it. */
export const viewOnce = (pn, id) => deliver(id, stanza(pn, id, node('unavailable', { type: 'view_once' })));

/** A message that cannot be decrypted. The page asks its sender to send it again. */
export const garbled = (pn, id) => deliver(id, stanza(pn, id, node('enc', { v: '2', type: 'msg' }, new Uint8Array(80).fill(51))));

/** The sender sends the message again, with new keys. */
export function again(pn, id, text) {
  contact(pn).sessions.delete(mineAddress());
  return incoming(pn, text, { id });
}

/** The account's own phone, which the page has asked, sends its copy of the message. */
export function fromOwnPhone(pn, id, text, stanzaId) {
  const key = { remoteJid: `${contact(pn).lid}@lid`, fromMe: false, id };
  const found = { key, message: { conversation: text }, messageTimestamp: now(), pushName: contact(pn).name };
  const webMessageInfoBytes = pb.encode(P('WAWebProtobufsWeb', 'WebMessageInfo'), found);
  const answer = {
    peerDataOperationRequestType: 4,
    stanzaId,
    peerDataOperationResult: [{ placeholderMessageResendResponse: { webMessageInfoBytes } }],
  };
  return peer({ protocolMessage: { type: 17, peerDataOperationRequestResponseMessage: answer } });
}
