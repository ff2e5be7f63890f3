// The socket to the WhatsApp server: its states, and what goes through it.
//
//   UNLAUNCHED → OPENING → PAIRING ─┬─ registered ──▶ CONNECTED ── success ──▶ (messages.js)
//        ▲                          │                     ├─ failure ──▶ the next turn, or the end
//        │ the next turn            └─ no login ──▶ UNPAIRED (linking.js)
//        └───────────── closed: stream DISCONNECTED at once, the state stays until the next turn
//
// CONNECTED is there before the server has said whether it takes the login: a login that is refused shows it too.
import { Emitter } from '/static/events.js';
import { Model } from '/static/models.js';
import { TIMES, moment, pause, retryMs, wait } from '/static/clock.js';
import { faults, loadNumber, mark, wire } from '/static/wire.js';
import * as storage from '/static/storage.js';

/** What the page's backend tells, and what its frontend is told of that a moment later. */
class Bus extends Emitter {
  isOfflineDeliveryEnd = false;
  isMainStreamReadyMd = false;

  triggerRefreshQR() {
    this.trigger('refresh_qr');
  }

  onLogout(listener) {
    this.on('logout', listener);
    return this;
  }

  onOfflineDeliveryEnd(listener) {
    this.on('offline_delivery_end', listener);
    return this;
  }

  onOfflineDeliveryStateReset(listener) {
    this.on('offline_delivery_state_reset', listener);
    return this;
  }

  onMainStreamModeReady(listener) {
    this.on('main_stream_mode_ready', listener);
    return this;
  }
}

export const BackendEventBus = new Bus();
export const Cmd = Object.assign(new (class CmdImpl extends Emitter {})(), {
  isOfflineDeliveryEnd: false,
  isMainStreamReadyMd: false,
});

/** Tells both sides. */
export function announce(event, ...values) {
  const flags = {
    offline_delivery_end: ['isOfflineDeliveryEnd', true],
    offline_delivery_state_reset: ['isOfflineDeliveryEnd', false],
    main_stream_mode_ready: ['isMainStreamReadyMd', true],
  };
  const [flag, value] = flags[event] ?? [];
  if (flag) BackendEventBus[flag] = value;
  BackendEventBus.trigger(event, ...values);
  if (flag) Cmd[flag] = value;
  Cmd.trigger(`${event}_from_bridge`, ...values);
}

class SocketModel extends Model {
  logout(_reason = 'user_initiated') {
    leave(async () => {
      if (!isOpen()) return false;
      const answered = request({ t: 'logout' }).then(() => true);
      return Promise.race([answered, wait(TIMES.unlink).then(() => false)]);
    });
  }

  takeover() {
    throw new Error('Takeover called without conflict!');
  }

  reconnect() {
    WAComms.closeSocketAndResume();
  }
}

export const Socket = new SocketModel({ state: 'UNLAUNCHED', stream: 'DISCONNECTED', hasSynced: undefined });

/** Frames by kind, for whoever deals with them; each handler is awaited before the next frame. */
export const handlers = {};

/** Events: `connected`, `unpaired`. */
export const connection = new Emitter();

/** The loop of attempts. `comms` is null before it starts and after it was stopped; one that has only ended stays. */
let comms = null;
let ended = false;
let socket = null;
// Every attempt has a number; whatever belongs to an older one is over.
let attempt = 0;
let failures = 0;
let hurry = () => {};
let requests = 0;
const waiting = new Map();
const early = [];
let welcomed = false;

const isOpen = () => socket?.readyState === WebSocket.OPEN;

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

for (const kind of ['exists', 'pairing-code', 'bye']) handlers[kind] = answered;

// ── The loop ────────────────────────────────────────────────────────────────────────────────────────────────────────

function started(what) {
  if (comms === null) throw new Error(`[comms] ${what} called before startComms`);
  return comms;
}

export const WAComms = {
  getComms: () => comms,
  isCommsInitialized: () => comms !== null,
  isSocketConnected: () => isOpen(),
  getMsSinceLastInboundRx: () => -1,
  startComms,
  stopComms,
  /** Ends the loop and keeps the object: what a tab does that lost its mutex. */
  closeSocketAndPreventRetry() {
    started('closeSocketAndPreventRetry');
    ended = true;
    drop();
  },
  closeSocketAndResume() {
    started('closeSocketAndResume');
    socket?.close();
  },
  maybeResetSocketLoop() {
    started('maybeResetSocketLoop');
    if (!isOpen()) hurry();
  },
  forceResetSocketLoop() {
    started('forceResetSocketLoop');
    hurry();
  },
  forceAbortSocketConnection() {
    started('forceAbortSocketConnection');
    socket?.close();
  },
};

/** Ends the present attempt and its socket; what they still say is not heard. */
function drop() {
  attempt += 1;
  const old = socket;
  socket = null;
  welcomed = false;
  early.length = 0;
  old?.close();
  Socket.stream = 'DISCONNECTED';
  hurry();
}

export function stopComms() {
  comms = null;
  ended = true;
  drop();
}

export function startComms() {
  comms = {};
  ended = false;
  failures = 0;
  loop(comms);
}

async function loop(mine) {
  const goesOn = () => comms === mine && !ended;
  while (goesOn()) {
    const restarted = new Promise((resolve) => {
      hurry = resolve;
    });
    const began = performance.now();
    await Promise.race([turn(), restarted]);
    if (!goesOn()) return;
    // A connection that held for a while is followed by the next attempt at once.
    failures = performance.now() - began > retryMs(10) ? 0 : failures + 1;
    const again = new Promise((resolve) => {
      hurry = resolve;
    });
    await Promise.race([pause(retryMs(failures)), again]);
  }
}

/** One attempt; resolves when its connection is gone. */
async function turn() {
  attempt += 1;
  const mine = attempt;
  Socket.state = 'OPENING';
  if (faults.socket_state) return force(faults.socket_state);
  if (!navigator.onLine) return wait(TIMES.retry);
  const fresh = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/ws`);
  const closed = new Promise((resolve) => {
    fresh.onclose = resolve;
    fresh.onerror = resolve;
  });
  const up = await Promise.race([new Promise((resolve) => (fresh.onopen = () => resolve(true))), closed.then(() => false)]);
  if (!up || mine !== attempt) return fresh.close();
  await wait(TIMES.connect);
  if (mine !== attempt) return fresh.close();
  socket = fresh;
  fresh.onmessage = ({ data }) => socket === fresh && hear(JSON.parse(data));
  Socket.state = 'PAIRING';
  await connection.ready?.();
  const login = await storage.get('login', 'device');
  if (mine !== attempt) return fresh.close();
  const device = login ?? null;
  const companion = device ? null : await storage.get('login', 'companion');
  fresh.send(JSON.stringify({ t: 'hello', load: loadNumber, device, companion }));
  if (device) {
    Socket.state = 'CONNECTED';
    mark('connected');
    if (Socket.hasSynced) Socket.stream = 'CONNECTED';
  }
  await closed;
  if (socket !== fresh) return;
  socket = null;
  welcomed = false;
  early.length = 0;
  Socket.stream = 'DISCONNECTED';
}

/** A state that nothing of today's page sets; older builds did. */
async function force(state) {
  Socket.state = state;
  while (faults.socket_state) await new Promise((resolve) => wire.once('faults', resolve));
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

/** Whether everything since `number` is still the same connection. */
export const current = (number) => number === attempt && socket !== null;

handlers.welcome = async ({ me, queued }) => {
  welcomed = true;
  announce('account_temporarily_banned', { banned: false });
  // What an earlier connection left without an answer is asked again.
  for (const { asked } of waiting.values()) tell(asked);
  connection.trigger('connected', { me, queued, attempt });
};

handlers.unpaired = () => connection.trigger('unpaired');

// ── What ends a login ───────────────────────────────────────────────────────────────────────────────────────────────

export const Updater = { hardExpirationTimer: undefined, updateInProgress: undefined };

/** The server does not take the login. */
handlers.failure = ({ reason, code, expire, message, header, subtext }) => {
  if (reason === 405 || reason === 409) {
    Updater.hardExpirationTimer = 1;
    stopComms();
    location.reload();
  } else if (reason === 402) {
    announce('account_temporarily_banned', { banned: true, code, message, expire });
  } else if (reason === 503) {
    Cmd.trigger('service_unavailable_503_from_bridge');
  } else if ([401, 403, 406].includes(reason)) {
    const locked = { logout_reason: 3, ...(header && { logout_message_header: header }), ...(subtext && { logout_message_subtext: subtext }) };
    return refused(reason === 403 ? locked : {});
  }
};

/** The phone unlinked this device while it was connected. */
handlers['logged-out'] = () => (welcomed ? leave(() => true) : refused({}));

/** The login is used on another machine: nothing is said, and the loop is over. */
handlers.conflict = () => stopComms();

let left = false;

/** Runs `first`, which says whether the server knows of the logout, and clears the storage. Only if it knows is the loop stopped. */
export async function leave(first, marks = {}) {
  if (left) return;
  left = true;
  Cmd.trigger('starting_logout_from_bridge');
  if ((await first()) && comms !== null) stopComms();
  await clearAndGo(marks);
}

/** The server refused the login: this device is not linked any more. */
function refused(marks) {
  left = true;
  if (comms !== null) stopComms();
  return clearAndGo(marks);
}

async function clearAndGo(marks) {
  Socket.hasSynced = undefined;
  connection.trigger('cleared');
  await storage.clear();
  await wait(TIMES.logout);
  const query = new URLSearchParams({ post_logout: 1, ...marks });
  location.replace(`/?${query}`);
  BackendEventBus.trigger('logout');
  Cmd.trigger('logout_from_bridge');
}

// ── The same profile in another tab ─────────────────────────────────────────────────────────────────────────────────

const THIS_TAB = 'this tab';
let mutex = null;
export const TabMutex = { currentTabHasMutex: () => mutex === THIS_TAB, getMutex: () => mutex };

window.addEventListener('beforeunload', () => {
  if (mutex === THIS_TAB) mutex = null;
});

wire.on('tab', () => {
  mutex = 'another tab';
  if (comms !== null) WAComms.closeSocketAndPreventRetry();
});

wire.on('online', async () => {
  await wait(TIMES.backOnline);
  if (!isOpen()) hurry();
});

wire.on('faults', () => {
  if (faults.socket_state && Socket.state !== faults.socket_state && comms !== null) {
    socket?.close();
    hurry();
  }
});

wire.on('state', (state) => {
  Socket.state = state;
});

/** The boot of the socket, at its measured times. */
export async function launch() {
  await moment(TIMES.unlaunched);
  await moment(TIMES.opening, faults.slow_boot_ms);
  mutex = THIS_TAB;
  if (faults.socket_state !== 'UNLAUNCHED') startComms();
  else wire.once('faults', launch);
}

// The marks of a logout are taken off the address early.
if (new URLSearchParams(location.search).has('post_logout')) history.replaceState(null, '', '/');
