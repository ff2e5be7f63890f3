// Starts the page's own logic without its React screens, with the same calls in the same order as the page's bootstrap
// and App.
(function (g) {
  g.__real.ready();
  const R = g.__real,
    log = (...a) => console.log('[boot]', ...a);
  R.boot = { step: 'begin', errors: [] };
  g.addEventListener('error', (e) => R.boot.errors.push('error ' + e.message));
  const need = (n) => importNamespace(n),
    def = (n) => importDefault(n);
  const tryStep = async (name, f) => {
    R.boot.step = name;
    try {
      return await f();
    } catch (e) {
      R.boot.errors.push(name + ': ' + ((e && e.stack) || e));
      log('FAILED', name, (e && e.stack) || String(e));
    }
  };
  if (g.__realConfig.log) {
    need('WATagsLogger').initializeWaLogger({
      count() {},
      debug: (s) => console.log('[D]', s),
      info: (s) => console.log('[I]', s),
      logRestricted() {},
      warn: (s) => console.log('[W]', s),
      error: (s, t, e) => console.log('[E]', s, e && e.stack ? e.stack.slice(0, 600) : ''),
      devConsole() {},
    });
    R.stub('WAWebMainThreadLogger', () => ({ initializeWAWebMainThreadLogger() {} }));
  }
  (async () => {
    await tryStep('bootstrapApp', () => need('WAWebAppBootstrap').bootstrapApp());
    // the calls that App makes when it mounts
    await tryStep('mutex', async () => {
      const mutex = def('WAWebAppMutex'),
        Q = def('WAWebUserPrefsStore').get(need('WAWebUserPrefsKeys').UserPrefs.MutexBlockStrategy) === 1;
      mutex.setShouldLaunchSocket(!Q);
      if (Q) need('WAWebLaunchSocket').launchSocket(mutex.waitForCompletion());
      g.addEventListener('beforeunload', () => mutex.unloadMutex());
      g.addEventListener('unload', () => mutex.unloadMutex());
      g.addEventListener('storage', (e) => {
        if (mutex.storagePong(e)) {
          const c = need('WAComms');
          if (c.getComms()) c.closeSocketAndPreventRetry();
          R.boot.anotherSession = true;
        }
      });
      if (document.visibilityState !== 'visible')
        await new Promise((ok) => {
          document.addEventListener('visibilitychange', ok, { once: true });
          setTimeout(ok, 5000);
        });
      need('WAWebEventsWaitForMain').resolveMainLoaded();
      const take = (e, over) => (over ? mutex.takeoverLocal(e) : mutex.init(e)).catch((again) => take(again, true));
      R.boot.mutex = await take(0, false);
    });
    R.boot.step = 'running';
    log('running');
  })();
})(globalThis);
