// Votes, encrypted with the secret of their poll.
import crypto from 'node:crypto';
import { pb } from '../realnode.mjs';
import { cat, gcm, hmac, sha256 } from '../keys.mjs';
import { incoming } from './messages.mjs';
import { E2E, contact } from './state.mjs';

/** Somebody votes in their own poll. */
export function vote(pn, id, secret, option) {
  const voter = Buffer.from(`${contact(pn).lid}@lid`);
  const whose = cat(Buffer.from(id), voter, voter, Buffer.from('Poll Vote'), [1]);
  const key = hmac(hmac(Buffer.alloc(32), Buffer.from(secret)), whose);
  const iv = crypto.randomBytes(12);
  const plain = pb.encode(E2E('Message$PollVoteMessage'), { selectedOptions: [sha256(Buffer.from(option))] });
  const encPayload = gcm(key, iv, plain, cat(Buffer.from(id), [0], voter));
  const pollCreationMessageKey = { remoteJid: '100000000000001@lid', fromMe: true, id };
  const message = {
    pollUpdateMessage: { pollCreationMessageKey, vote: { encPayload, encIv: iv }, senderTimestampMs: Date.now() },
  };
  return incoming(pn, '', { message });
}
