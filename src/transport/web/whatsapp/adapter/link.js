// The connection to WhatsApp's server and the linked account: their state, the events that end them, and reconnecting.
/** @type {Adapter.File} */
(function link(page) {
  'use strict';
  const { from, whole, push, said, guarded, attempt, refuse, has, need, widText } = page;

  /** @type {Adapter.Forms} */
  const forms = {
    socket: ['session', from('WAWebSocketModel', (m) => m.Socket)],
    me: ['session', whole('WAWebUserPrefsMeUser', 'getMaybeMePnUser')],
    command: ['session', from('WAWebCmd', (m) => m.Cmd)],
    conn: ['session', from('WAWebConnModel', (m) => m.Conn)],
    // Both modules have the flag; the bus has it first.
    backlog: ['session', from('WAWebBackendEventBus', (m) => m.BackendEventBus), from('WAWebCmd', (m) => m.Cmd)],
    comms: ['recovery', whole('WAComms', 'getComms')],
    mutex: ['recovery', whole('WAWebUserPrefsTabMutex', 'currentTabHasMutex')],
    network: [
      'recovery',
      from('WAWebNetworkStatus', (m) => m.default?.on && m.default),
      from('WAWebNetworkStatus', (m) => typeof m.on === 'function' && m),
    ],
    resume: ['progress', from('WAWebOfflineHandler', (m) => m.OfflineMessageHandler)],
    updater: ['updates', from('WAWebUpdater', (m) => m.Updater)],
    storage: ['storage', from('WAWebStorageCmd', (m) => m.StorageCmd)],
    clock: ['clock', whole('WATimeUtils', 'unixTime'), from('WATimeUtils', (m) => m.default?.unixTime && m.default)],
  };

  // ── The state of the page ───────────────────────────────────────────────────────────────────────────────────────

  /** A lost connection fires events; a lost connection loop, or another tab that took the login, fires none. */
  const LOST_LOOK_MS = 1000;
  let lastStatus = '';
  let timer = /** @type {Adapter.Timer} */ (null);
  // Before the page has launched its socket it has neither a connection loop nor a mutex: that means nothing.
  let hadComms = false;
  let hadMutex = false;

  /**
   * Whether no other tab has taken the profile's mutex. A page that is about to unload releases its own mutex: then no
   * tab holds it, so no other tab has taken it.
   */
  function keepsMutex() {
    const { currentTabHasMutex, getMutex } = need('mutex');
    if (currentTabHasMutex()) hadMutex = true;
    return currentTabHasMutex() || (getMutex !== undefined && !getMutex());
  }

  function account() {
    const me = need('me');
    const phone = me.getMaybeMePnUser();
    const lid = me.getMaybeMeLidUser?.();
    // At a logout the page forgets the number at once, the LID only with the document.
    if (!phone) return null;
    const conn = need('conn');
    return {
      phone: phone.user ?? null,
      lid: widText(lid),
      pushname: me.getMaybeMeDisplayName?.() ?? conn.pushname ?? null,
      platform: conn.platform ?? null,
    };
  }

  function level() {
    const socket = need('socket');
    const loop = has('comms') ? Boolean(attempt(() => need('comms').getComms())) : null;
    hadComms ||= loop === true;
    const mutex = has('mutex') ? Boolean(attempt(keepsMutex)) : null;
    return {
      socket: socket.state || 'UNLAUNCHED',
      // In builds without a stream of its own the state says everything.
      stream: socket.stream ?? (socket.state === 'CONNECTED' ? 'CONNECTED' : 'DISCONNECTED'),
      synced: Boolean(socket.hasSynced),
      caught_up: has('backlog')?.isOfflineDeliveryEnd ?? true,
      comms: hadComms ? loop : null,
      mutex: hadMutex ? mutex : null,
      online: navigator.onLine,
      network: has('network')?.online ?? null,
      subscribed: page.subscribed(),
      version: page.version(),
      account: account(),
    };
  }

  /** Reports the whole level whenever something may have changed, so that no change is missed. */
  function status() {
    if (!has('socket') || !has('me') || !has('conn')) return;
    const present = level();
    const text = JSON.stringify(present);
    if (text !== lastStatus) {
      lastStatus = text;
      push('status', present);
    }
    if (timer === null && present.synced && present.stream !== 'CONNECTED') {
      timer = setTimeout(() => {
        timer = null;
        guarded('status', status)();
      }, LOST_LOOK_MS);
    }
  }

  // ── Events that end a session ───────────────────────────────────────────────────────────────────────────────────

  let leaving = false;

  /** @param {WA.Command} command */
  function watchLogout(command) {
    command.on(
      'starting_logout_from_bridge',
      guarded('leaving', () => {
        leaving = true;
        push('leaving', {});
      }),
    );
    // The page stops its connection loop once WhatsApp's server has answered the logout. Without an answer within 3 s
    // it clears its storage all the same, and the loop still exists.
    const told = () => (has('comms') ? !attempt(() => need('comms').getComms()) : null);
    /** @param {unknown} reason */
    const gone = (reason) =>
      push('logout', { reason: typeof reason === 'string' ? reason.slice(0, 80) : null, told: told() });
    command.on('logout_from_bridge', guarded('logout', () => gone(null)));
    command.on('unexpected_logout_modal_from_bridge', guarded('logout', gone));
  }

  /** @param {unknown} value */
  const wholeNumber = (value) => (Number.isFinite(Number(value)) && value !== null ? Math.trunc(Number(value)) : null);

  /** @param {WA.Command} command */
  function watchRefusals(command) {
    command.on(
      'account_temporarily_banned_from_bridge',
      guarded('ban', (/** @type {WA.Ban | undefined} */ ban) =>
        push('ban', {
          banned: Boolean(ban?.banned),
          code: ban?.code === undefined ? null : wholeNumber(ban.code),
          message: typeof ban?.message === 'string' ? said(ban.message) : null,
          expires_s: ban?.expire === undefined ? null : wholeNumber(ban.expire),
        }),
      ),
    );
    command.on('service_unavailable_503_from_bridge', guarded('unavailable', () => push('unavailable', {})));
  }

  /** A page that the server calls too old stops its connection loop and reloads itself at once, without an event. */
  function tellOutdated() {
    if (leaving || !hadComms || attempt(() => need('comms').getComms())) return;
    if (attempt(() => need('updater').hardExpirationTimer) !== null) push('outdated', {});
  }

  // ── Progress of a first sync, or of the backlog of an absence ───────────────────────────────────────────────────

  /** @type {{ [event in WA.CommandEvent]?: string }} */
  const STEPS = {
    offline_progress_update_from_bridge: 'offline',
    new_history_sync_chunk_processed_from_bridge: 'history',
    on_initial_chat_synced_from_bridge: 'chats',
    main_stream_mode_ready_from_bridge: 'chats',
    app_state_sync_completed_from_bridge: 'app_state',
    on_critical_sync_done_from_bridge: 'critical',
  };

  /** @param {string} step */
  function progress(step) {
    /** @type {Adapter.Reports['progress']} */
    const data = { step, done: null, total: null };
    if (step === 'offline') {
      const total = wholeNumber(attempt(() => need('resume').getOfflineMessageCount()));
      // The page counts in percent.
      const percent = wholeNumber(attempt(() => need('resume').getOfflineDeliveryProgress()));
      if (total !== null && percent !== null) Object.assign(data, { total, done: Math.round((total * percent) / 100) });
    }
    push('progress', data);
  }

  /** @param {WA.Command} command */
  function watchProgress(command) {
    for (const [event, step] of /** @type {[WA.CommandEvent, string][]} */ (Object.entries(STEPS))) command.on(event, guarded('progress', () => progress(step)));
    for (const event of /** @type {const} */ (['offline_delivery_end_from_bridge', 'offline_delivery_state_reset_from_bridge'])) {
      command.on(event, guarded('status', status));
    }
  }

  /** @type {Adapter.Listeners} */
  const listeners = {
    socket: (socket) => {
      for (const field of /** @type {const} */ (['state', 'stream', 'hasSynced'])) socket.on(`change:${field}`, guarded('status', status));
    },
    conn: (conn) => conn.on('change:pushname', guarded('status', status)),
    command: (command) => {
      watchLogout(command);
      watchRefusals(command);
      watchProgress(command);
    },
    backlog: (bus) => {
      bus.onOfflineDeliveryEnd?.(guarded('status', status));
      bus.onOfflineDeliveryStateReset?.(guarded('status', status));
    },
    network: (network) => network.on('change:online', guarded('status', status)),
    storage: (storage) => {
      /** @param {string} why */
      const modal = (why) => guarded('storage', () => push('fault', { where: 'storage', message: why }));
      storage.on('storage_not_enough_space', modal('the page says that the browser has no space left to store in'));
      storage.on('cache_storage_open_failed', modal('the page says that its storage cannot be opened'));
    },
  };

  // ── Calls of the service ────────────────────────────────────────────────────────────────────────────────────────

  /** Makes a waiting page connect at once, and drops a socket that is open but does not work. */
  function reconnect() {
    const comms = need('comms');
    const ended = hadMutex && attempt(keepsMutex) === false;
    if (ended || !comms.getComms()) refuse('LOOP_ENDED', 'the page has stopped connecting');
    if (comms.isSocketConnected?.()) {
      comms.forceAbortSocketConnection();
      return { how: 'dropped' };
    }
    (comms.maybeResetSocketLoop ?? comms.forceResetSocketLoop)();
    return { how: 'hurried' };
  }

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    reconnect: async () => reconnect(),
    /** Not awaited: the page navigates away during the call. */
    logout: async () => guarded('logout', () => need('socket').logout())(),
    clock: async () => ({ server_s: wholeNumber(need('clock').unixTime()) }),
  };

  for (const name of ['online', 'offline']) window.addEventListener(name, guarded('status', status));
  window.addEventListener('beforeunload', guarded('outdated', tellOutdated));

  return { forms, listeners, calls, looks: { status } };
})
