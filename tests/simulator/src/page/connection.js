// The socket to the WhatsApp server: its states, and the frames that go through it.
//
//   UNLAUNCHED → OPENING → PAIRING ─┬─ registered ──▶ CONNECTED ── success ──▶ (messages.js)
//        ▲                          │                     ├─ failure ──▶ the next turn, or the end
//        │ the next turn            └─ no login ──▶ UNPAIRED (linking.js)
//        └───────────── closed: stream DISCONNECTED at once, the state stays until the next turn
//
// CONNECTED comes before the server has accepted the login, so a refused login shows CONNECTED too.
import { Emitter } from '/static/events.js';
import { Model } from '/static/models.js';
import { TIMES, moment, pause, retryMs, wait } from '/static/clock.js';
import { faults, loadNumber, mark, wire } from '/static/wire.js';
import * as storage from '/static/storage.js';

/** The events of the page's backend, which its frontend gets a moment later. */
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

/** Announces an event to both sides. */
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

/** The handler of each kind of frame; each handler is awaited before the next frame. */
export const handlers = {};

/** Events: `connected`, `unpaired`. */
export const connection = new Emitter();

/** The loop of attempts. `comms` is null before it starts and after it was stopped; a loop that only ended keeps it. */
let comms = null;
let ended = false;
let socket = null;
// Every attempt has a number; results of an older attempt are ignored.
let attempt = 0;
let failures = 0;
let hurry = () => {};
let requests = 0;
const waiting = new Map();
const early = [];
let welcomed = false;

const isOpen = () => socket?.readyState === WebSocket.OPEN;

/** Sends a frame if the connection is up; returns whether it was. */
export function tell(frame) {
  if (!isOpen()) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

/** Sends a frame and waits for its answer; without a connection it waits for one first. */
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

for (const kind of ['exists', 'pairing-code', 'bye', 'acted', 'grouped']) handlers[kind] = answered;

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
  /** Ends the loop and keeps the object, as a tab does that lost its mutex. */
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

/** Ends the current attempt and its socket; later events of the socket are ignored. */
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
    // After a connection that held for a while, the next attempt follows at once.
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

/** A state that today's page never sets; older builds did. */
async function force(state) {
  Socket.state = state;
  while (faults.socket_state) await new Promise((resolve) => wire.once('faults', resolve));
}

let busy = false;

/** Handles frames one after the other. */
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

/** Whether attempt `number` is still the current connection. */
export const current = (number) => number === attempt && socket !== null;

handlers.welcome = async ({ me, queued }) => {
  welcomed = true;
  announce('account_temporarily_banned', { banned: false });
  // Requests that an earlier connection left without an answer are sent again.
  for (const { asked } of waiting.values()) tell(asked);
  connection.trigger('connected', { me, queued, attempt });
};

handlers.unpaired = () => connection.trigger('unpaired');

// ── The end of a login ──────────────────────────────────────────────────────────────────────────────────────────────

export const Updater = { hardExpirationTimer: undefined, updateInProgress: undefined };

/** The server refuses the login. */
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

/** The login is used on another machine: the loop ends without an event. */
handlers.conflict = () => stopComms();

let left = false;

/** Runs `first`, which tells whether the server knows of the logout (then the loop stops), and clears the storage. */
export async function leave(first, marks = {}) {
  if (left) return;
  left = true;
  Cmd.trigger('starting_logout_from_bridge');
  if ((await first()) && comms !== null) stopComms();
  await clearAndGo(marks);
}

/** The server refused the login: this device is no longer linked. */
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

/** Starts the socket at its measured times. */
export async function launch() {
  await moment(TIMES.unlaunched);
  await moment(TIMES.opening, faults.slow_boot_ms);
  mutex = THIS_TAB;
  if (faults.socket_state !== 'UNLAUNCHED') startComms();
  else wire.once('faults', launch);
}

// The page removes the parameters of a logout from the address early.
if (new URLSearchParams(location.search).has('post_logout')) history.replaceState(null, '', '/');
