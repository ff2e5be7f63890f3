// The account's own phone, asked by the page to upload a file again whose link is gone.
import crypto from 'node:crypto';
import { J, attr, kid, node, pb } from '../realnode.mjs';
import { gcm, hkdf, ungcm } from '../keys.mjs';
import { placeAgain } from './media.mjs';
import { P, note, now, state } from './state.mjs';

const RESULTS = { general_error: 0, success: 1, not_found: 2, decryption_error: 3 };
const keyOf = (mediaKey) => hkdf(Buffer.from(mediaKey, 'base64'), Buffer.alloc(32), 'WhatsApp Media Retry Notification', 32);

/** What the page sent, opened with the key of the message. */
function opened(receipt, id, mediaKey) {
  const sealed = kid(receipt, 'encrypt');
  const [text, iv] = ['enc_p', 'enc_iv'].map((name) => new Uint8Array(kid(sealed, name).content));
  const spec = P('WAWebProtobufsMmsRetry', 'ServerErrorReceipt');
  try {
    return pb.decode(spec, ungcm(keyOf(mediaKey), iv, text, Buffer.from(id))).stanzaId === id ? 'its id' : 'another id';
  } catch (error) {
    return `cannot open: ${error.message}`;
  }
}

/** Handles the receipt with which the page asks for a file again, as `state.reuploadRule` says. */
export function reupload(s, receipt) {
  const id = attr(receipt, 'id');
  const file = state.media.get(id);
  const rmr = kid(receipt, 'rmr');
  state.reuploads.push({
    id,
    to: attr(receipt, 'to'),
    jid: attr(rmr, 'jid'),
    from_me: attr(rmr, 'from_me'),
    participant: attr(rmr, 'participant'),
    holds: file ? opened(receipt, id, file.mediaKey) : 'of an unknown file',
  });
  answer(s, id);
}

/** The phone's answer, if it has one now. */
export function answer(s, id) {
  const file = state.media.get(id);
  const rule = state.reuploadRule ?? 'silent';
  if (rule === 'silent' || !file) return;
  const about = { type: 'mediaretry', from: J(`${state.me.lid}@lid`), id, t: String(now()) };
  if (rule.startsWith('error ')) {
    s.send(node('notification', about, node('error', { code: rule.slice(6) })));
    return;
  }
  const told = { stanzaId: id, result: RESULTS[rule] };
  if (rule === 'success') told.directPath = placeAgain(file.directPath);
  const iv = crypto.randomBytes(12);
  const text = pb.encode(P('WAWebProtobufsMmsRetry', 'MediaRetryNotification'), told);
  const sealed = gcm(keyOf(file.mediaKey), iv, text, Buffer.from(id));
  note('--', `asked to upload again: ${rule}`);
  s.send(node('notification', about, node('encrypt', {}, node('enc_p', {}, sealed), node('enc_iv', {}, new Uint8Array(iv)))));
}
