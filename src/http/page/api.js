// Calls of the service, with the token where there is one. It goes in a header, never in an address.

import { observe } from './clock.js';

const KEY = 'session-manager.token';
/** Reading is done at once. */
const READ_MS = 15_000;
/** Stopping waits for the browser to end, and unlinking for WhatsApp. */
const CHANGE_MS = 60_000;
/** A large file may come through a slow tunnel. */
const UPLOAD_MS = 600_000;

/** The service said no, and why. */
export class Refused extends Error {
  constructor(status, { code, message } = {}, retryAfter = 0) {
    super(message ?? `HTTP ${status}`);
    Object.assign(this, { status, code, retryAfter });
  }
}

/** There was no answer, or none of the service's. */
export class Unreachable extends Error {
  code = 'UNREACHABLE';
}

/** Kept for the tab. */
export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

function headers(more) {
  try {
    const known = token.get();
    return new Headers({ ...more, ...(known && { Authorization: `Bearer ${known}` }) });
  } catch {
    // Letters that no header can carry are in no token either.
    throw new Refused(401, { code: 'UNAUTHORIZED' });
  }
}

/** The answer, once its head is there. */
export async function open(path, { signal, ...options } = {}) {
  const asked = performance.now();
  const sent = { cache: 'no-store', credentials: 'same-origin', redirect: 'error', ...options, headers: headers(options.headers), signal };
  const answer = await fetch(path, sent).catch((cause) => {
    throw new Unreachable('no answer', { cause });
  });
  observe(answer.headers.get('date'), asked, performance.now());
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => null);
  // What stands in front of the service answers for it when it is down.
  if (typeof body?.code !== 'string' && answer.status >= 500) throw new Unreachable(`HTTP ${answer.status}`);
  throw new Refused(answer.status, body ?? {}, Number(answer.headers.get('retry-after')) || 0);
}

async function json(path, options, limit) {
  const answer = await open(path, { ...options, signal: AbortSignal.timeout(limit) });
  return answer.json().catch((cause) => {
    throw new Unreachable('cut short', { cause });
  });
}

export const get = (path) => json(path, {}, READ_MS);

export const remove = (path) => json(path, { method: 'DELETE' }, CHANGE_MS);

export function post(path, body = {}) {
  const options = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  return json(path, options, CHANGE_MS);
}

/** Has the service keep a file; its answer has the `id` that /send takes. */
export function upload(file) {
  const headers = { 'Content-Type': file.type || 'application/octet-stream' };
  return json(`media?filename=${encodeURIComponent(file.name)}`, { method: 'POST', headers, body: file }, UPLOAD_MS);
}
