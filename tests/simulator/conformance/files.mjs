// Files that a friend sends to a client of the simulated page.
import { randomBytes } from 'node:crypto';

/** Kinds of files, with what their senders say of them. */
export const FILES = {
  image: { mimetype: 'image/png', caption: 'a picture' },
  video: { mimetype: 'video/mp4', seconds: 3 },
  gif: { mimetype: 'video/mp4', seconds: 2 },
  audio: { mimetype: 'audio/mpeg', seconds: 7 },
  ptt: { mimetype: 'audio/ogg; codecs=opus', seconds: 5 },
  document: { mimetype: 'application/pdf', filename: 'list of prices.pdf', pages: 2 },
  sticker: { mimetype: 'image/webp' },
};

/** Sends a file of this kind; returns what was sent, with its bytes in base64. */
export async function sendFile(simulator, from, kind, more = {}) {
  const bytes = randomBytes(5000).toString('base64');
  return { ...(await simulator.control('media', { from, kind, bytes, ...FILES[kind], ...more })), bytes };
}
