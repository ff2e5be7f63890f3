// The socket to the WhatsApp server: its states, and what goes through it.
//
//   UNLAUNCHED → OPENING ─┬─ login good ──▶ CONNECTED ──(lost)──▶ OPENING …
//                         ├─ no login ────▶ PAIRING → UNPAIRED (linking.js)
//                         └─ unlinked ────▶ logged out, the page starts again
//   CONFLICT, TIMEOUT and the blocked states end the attempts; takeover(), reconnect() or a reload start them.
import { config } from '/config.js';
import { Emitter } from '/static/events.js';
import { Model } from '/static/models.js';
import { TIMES, moment, wait, waitToRetry } from '/static/clock.js';
import { faults, loadNumber, mark, wire } from '/static/wire.js';
import * as storage from '/static/storage.js';

export const Cmd = new (class extends Emitter {
  refreshQR() {
    this.trigger('refresh_qr');
  }
})();

class SocketModel extends Model {
  async logout() {
    if (this.state === 'CONNECTED') await request({ t: 'logout' });
    loggedOut(0);
  }

  takeover() {
    if (this.state === 'CONFLICT') reopen();
  }

  reconnect() {
    reopen();
  }
}

export const Socket = new SocketModel({ state: undefined, hasSynced: false, stream: undefined });

/** Frames by kind, for whoever deals with them; each handler is awaited before the next frame. */
export const handlers = {};

/** Events: `connected`, `unpaired`, `linked`. */
export const connection = new Emitter();

let socket = null;
// Every attempt has a number; whatever belongs to an older one is over.
let attempt = 0;
let requests = 0;
const waiting = new Map();
const early = [];

const isOpen = () => socket?.readyState === WebSocket.OPEN && ['CONNECTED', 'UNPAIRED', 'UNPAIRED_IDLE'].includes(Socket.state);

/** Sends a frame if the connection is up; the answer is whether it was. */
export function tell(frame) {
  if (!isOpen()) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

/** Sends a frame and waits for the answer to it; without a connection, waits for that first. */
export function request(frame) {
  requests += 1;
  const asked = { ...frame, req: requests };
  return new Promise((resolve) => {
    waiting.set(asked.req, { asked, resolve });
    tell(asked);
  });
}

function answered(frame) {
  waiting.get(frame.req)?.resolve(frame);
  waiting.delete(frame.req);
}

/** Asks again what a lost connection left unanswered. */
export function askAgain() {
  for (const { asked } of waiting.values()) tell(asked);
}

for (const kind of ['exists', 'pairing-code', 'bye']) handlers[kind] = answered;

handlers.welcome = async ({ me, queued }) => {
  await wait(TIMES.connect);
  if (socket === null) return;
  const forced = faults.socket_state;
  if (forced) return force(forced);
  Socket.state = 'CONNECTED';
  mark('connected');
  askAgain();
  connection.trigger('connected', { me, queued, attempt });
};

handlers.unpaired = () => connection.trigger('unpaired');
handlers['logged-out'] = ({ reason }) => loggedOut(reason);
handlers.conflict = () => {
  abandon();
  Socket.state = 'CONFLICT';
};

/** Ends the present attempt and its socket; what they still say is not heard. */
function abandon() {
  attempt += 1;
  const old = socket;
  socket = null;
  early.length = 0;
  old?.close();
  if (!config.build.keeps_synced) Socket.hasSynced = false;
}

/** Whether everything since `number` is still the same connection. */
export const current = (number) => number === attempt && socket !== null;

function force(state) {
  abandon();
  Socket.state = state;
}

/** Starts over, at once. */
export function reopen() {
  abandon();
  Socket.state = 'OPENING';
  keepTrying();
}

async function keepTrying() {
  const mine = attempt;
  while (mine === attempt) {
    if (faults.socket_state) {
      if (faults.socket_state !== 'OPENING') await wait(TIMES.connect);
      if (mine === attempt) force(faults.socket_state);
      return;
    }
    // The end of a cut starts over, see below.
    if (!navigator.onLine || (await opened(mine))) return;
    await waitToRetry();
  }
}

/** Opens the socket; false if it was refused. */
async function opened(mine) {
  const hello = { t: 'hello', load: loadNumber, device: null, companion: null, ...(await credentials()) };
  const fresh = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/ws`);
  const up = await new Promise((resolve) => {
    fresh.onopen = () => resolve(true);
    fresh.onerror = () => resolve(false);
  });
  if (!up || mine !== attempt) {
    fresh.close();
    return !up ? false : true;
  }
  socket = fresh;
  fresh.onmessage = ({ data }) => socket === fresh && hear(JSON.parse(data));
  fresh.onclose = () => socket === fresh && lost();
  fresh.send(JSON.stringify(hello));
  return true;
}

async function credentials() {
  const device = await storage.get('login', 'device');
  return device ? { device } : { companion: await storage.get('login', 'companion') };
}

let busy = false;

/** Deals with frames one after the other. */
async function hear(frame) {
  early.push(frame);
  if (busy) return;
  busy = true;
  while (early.length > 0) {
    const next = early.shift();
    try {
      await handlers[next.t]?.(next);
    } catch (error) {
      console.error(error);
    }
  }
  busy = false;
}

/** The server is gone: the page notices late, and then tries until it is back. */
async function lost() {
  const mine = attempt;
  socket = null;
  await wait(TIMES.lossNoticed);
  if (mine === attempt) reopen();
}

async function loggedOut(reason) {
  abandon();
  Cmd.trigger('logout_from_bridge');
  Cmd.trigger('logout');
  await storage.clear();
  await wait(TIMES.logout);
  location.replace(`/?post_logout=1&logout_reason=${reason}`);
}

wire.on('online', async () => {
  const mine = attempt;
  await wait(TIMES.backOnline);
  if (mine === attempt && Socket.state === 'OPENING' && socket === null) reopen();
});

wire.on('state', async (state) => {
  force(state);
  const mine = attempt;
  // The two states that end by themselves.
  if (!['TIMEOUT', 'OPENING'].includes(state)) return;
  await wait(TIMES.timeoutOver);
  if (mine === attempt) reopen();
});

let wasForced = Boolean(faults.socket_state);

wire.on('faults', () => {
  const forced = faults.socket_state;
  const mended = wasForced && !forced;
  wasForced = Boolean(forced);
  if (forced && Socket.state !== forced && Socket.state !== 'UNLAUNCHED') force(forced);
  // An attempt of its own may be under way: only what was forced starts over.
  if (mended && socket === null && ['TIMEOUT', 'OPENING'].includes(Socket.state)) reopen();
});

/** The boot of the socket, at its measured times. */
export async function launch() {
  await moment(TIMES.unlaunched);
  Socket.state = 'UNLAUNCHED';
  await moment(TIMES.opening, faults.slow_boot_ms);
  if (faults.socket_state !== 'UNLAUNCHED') reopen();
}
