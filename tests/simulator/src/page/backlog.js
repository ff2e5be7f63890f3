// The events of the server, in its order; and the events that it held back while this device was away.
//
// The page restores its chats and is synced before it handles the backlog, unless the backlog is large: then it first
// stores only rows, and restores the chats afterwards. On an open page a large backlog makes the page reload itself.
import { config } from '/config.js';
import { TIMES, wait } from '/static/clock.js';
import { mark } from '/static/wire.js';
import { Socket, announce, connection, current, handlers, tell } from '/static/connection.js';
import { addonEvents } from '/static/addons.js';
import { callEvents } from '/static/calls.js';
import { groupEvents } from '/static/group-changes.js';
import { events, restore, store } from '/static/messages.js';
import { receiptEvents, receive } from '/static/receipts.js';
import { setMe } from '/static/people.js';
import * as storage from '/static/storage.js';

const backlog = { total: 0, left: 0, rowsOnly: false, done: () => {} };

export const OfflineMessageHandler = {
  /** In percent. */
  getOfflineDeliveryProgress: () =>
    backlog.total === 0 ? 100 : Math.floor((100 * (backlog.total - backlog.left)) / backlog.total),
  getOfflineMessageCount: () => backlog.total,
};

events.receipt = receive;
const happenings = { ...events, ...addonEvents, ...callEvents, ...groupEvents, ...receiptEvents };

let ready = Promise.withResolvers();
let hasRestored = false;
const queue = [];
let working = false;

// The connection does not await this, so that events which arrive meanwhile are handled together.
handlers.event = (frame) => {
  queue.push(frame);
  if (!working) workThrough();
};

async function workThrough() {
  working = true;
  while (queue.length > 0) {
    await ready.promise;
    await work();
  }
  working = false;
}

const isMessage = (frame) => frame?.event.e === 'message';
/** How many messages of a large backlog are stored at a time. */
const LOT = 400;

/** Handles the next event, or a run of messages at once. */
async function work() {
  const run = [queue.shift()];
  if (run[0] === undefined) return;
  const limit = backlog.rowsOnly && backlog.left > 0 ? LOT : Infinity;
  while (run.length < limit && isMessage(run[0]) && isMessage(queue[0]) && run[0].offline === queue[0].offline) run.push(queue.shift());
  try {
    const shown = !(backlog.rowsOnly && run[0].offline);
    if (isMessage(run[0])) await store(run.map(({ event }) => event.message), { isNew: true, shown });
    else await happenings[run[0].event.e]({ ...run[0].event, offline: run[0].offline });
  } catch (error) {
    console.error(error);
  }
  tell({ t: 'got', seq: run.at(-1).seq });
  const offline = run.filter((frame) => frame.offline).length;
  if (offline === 0) return;
  backlog.left -= offline;
  announce('offline_progress_update');
  if (backlog.left <= 0) backlog.done();
}

async function restoreOnce() {
  if (hasRestored) return;
  hasRestored = true;
  await restore();
}

/** The chats are restored: messages can be sent now, and new messages are shown. */
function synced() {
  mark('synced');
  Socket.hasSynced = true;
  Socket.stream = 'CONNECTED';
}

connection.on('connected', async ({ me: account, queued, attempt }) => {
  setMe(account);
  // Events that an earlier connection left here arrive again.
  queue.length = 0;
  ready.resolve();
  ready = Promise.withResolvers();
  const isCurrent = () => current(attempt);
  const isLarge = queued >= config.build.backlog_limit;
  if (Socket.hasSynced && isLarge) {
    announce('offline_delivery_state_reset');
    await wait(TIMES.refresh);
    if (isCurrent()) location.reload();
    return;
  }
  const reconnected = Boolean(Socket.hasSynced);
  if (reconnected) announce('offline_delivery_state_reset');
  Object.assign(backlog, { total: queued, left: queued, rowsOnly: isLarge });
  const caughtUp = new Promise((resolve) => {
    backlog.done = resolve;
  });
  const arrived = queued === 0 ? Promise.resolve() : caughtUp;
  if (isLarge) {
    ready.resolve();
    await arrived;
  }
  if (!reconnected) await wait(TIMES.sync);
  await restoreOnce();
  if (!isCurrent()) return;
  // After a link the page is synced last; on a load with a login it is synced first.
  const isLink = !(await storage.get('login', 'synced'));
  if (!reconnected && !isLink) synced();
  if (!reconnected) announce('main_stream_mode_ready');
  ready.resolve();
  await arrived;
  if (!isCurrent()) return;
  announce('offline_delivery_end');
  if (!isLink) return;
  announce('on_initial_chat_synced');
  synced();
  await storage.put('login', 'synced', true);
  announce('on_critical_sync_done');
});

