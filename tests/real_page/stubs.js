// Everything that the real site gets from the server or from Meta's shared code and that the snapshot lacks.
(function (g) {
  const R = g.__real,
    { stub, hole, Deferred } = R;
  const C = (g.__realConfig = Object.assign(
    { revision: 1044822804, gkx: {}, justknobx: {}, qex: {}, meta: {}, cr: {} },
    g.__realConfig,
  ));
  const gkx = Object.assign({ 26258: true }, C.gkx),
    seen = (R.seen = { gkx: new Set(), justknobx: new Set(), qex: new Set(), meta: new Set() });
  // database versions: any
  const JK = { 4736: 0, 1596: 5, 2338: 64, 2340: 100, 2545: 100, 2086: 0 };
  for (const n of [1617, 1618, 1619, 1620, 1621, 1623, 1624, 1662, 1663, 1664, 3717, 3982]) JK[n] = -1;
  stub('gkx', () => {
    const f = (n) => {
      seen.gkx.add(n);
      return gkx[n] === true;
    };
    f.add = f.addLoggedInternal = f.setPass = f.setFail = f.clear = () => {};
    f.getGKs = () => null;
    f.getLogged = () => [];
    return f;
  });
  stub('justknobx', () => ({
    _: (n) => {
      seen.justknobx.add(n);
      return n in C.justknobx ? C.justknobx[n] : n in JK ? JK[n] : false;
    },
    getBool: () => false,
    getInt: () => 0,
    add() {},
  }));
  stub('qex', () => ({
    _: (n) => {
      seen.qex.add(n);
      return n in C.qex ? C.qex[n] : null;
    },
    add() {},
  }));
  stub('MetaConfig', () => ({
    _: (n) => {
      seen.meta.add(n);
      return n in C.meta ? C.meta[n] : false;
    },
  }));
  for (const n of ['RDRequireDeferredReference', 'RDFDRequireDeferredReference', 'JSResourceReferenceImpl'])
    stub(n, () => Deferred);
  stub('Bootloader', () => ({
    loadModules(names, done) {
      Promise.all(names.map((name) => new Deferred(name).load())).then((loaded) => done(...loaded));
    },
  }));
  const data = {
    SiteData: {
      client_revision: C.revision,
      server_revision: C.revision,
      push_phase: 'C3',
      pkg_cohort: 'BP:whatsapp_web_pkg',
      haste_session: '1',
      hsi: '1',
      spin: 0,
      __spin_r: C.revision,
      __spin_b: 'trunk',
      __spin_t: 1787000000,
      vip: '127.0.0.1',
      be_one_ahead: false,
      ir_on: false,
      is_rtl: false,
      is_comet: false,
      is_experimental_tier: false,
      is_jit_warmed_up: true,
    },
    IntlCurrentLocale: { code: 'en_US' },
    CurrentUserInitialData: {
      ACCOUNT_ID: '0',
      USER_ID: '0',
      NAME: '',
      SHORT_NAME: null,
      IS_WORK_USER: false,
      IS_EMPLOYEE: false,
      IS_TEST_USER: false,
      APP_ID: '0',
    },
    JSErrorLoggingConfig: {
      appId: 0,
      extra: [],
      reportInterval: 50,
      sampleWeight: null,
      sampleWeightKey: '__jssesw',
      projectBlocklist: [],
    },
    ServerNonce: { ServerNonce: 'x' },
    LSD: { token: 'x' },
    SprinkleConfig: { param_name: 'jazoest', version: 2, should_randomize: false },
    ServerTimeData: { serverTime: Date.now(), timeOfRequestStart: Date.now(), timeOfResponseStart: Date.now() },
    AnalyticsCoreData: {
      device_id: null,
      app_id: '0',
      enable_bladerunner: false,
      enable_ack: true,
      push_phase: 'C3',
      enable_observer: false,
      stateful_events_list: [],
      app_version: '1',
    },
    WhatsAppWebBanzaiConfig: { disabled: true },
    BrowserCrashStaticConfig: {},
    WebConnectionClassServerGuess: { connectionClass: 'EXCELLENT' },
    UserAgentData: {
      browserArchitecture: '64',
      browserFullVersion: '139.0',
      browserMinorVersion: 0,
      browserName: 'Chrome',
      browserVersion: 139,
      deviceName: 'Unknown',
      engineName: 'Blink',
      engineVersion: '139',
      platformArchitecture: '64',
      platformName: 'Linux',
      platformVersion: null,
      platformFullVersion: null,
    },
    CometPersistQueryParams: { relative: {}, domain: {} },
    InteractionTracingConfigDefault: {},
    CometInteractionTracingConfig: {},
    NumberFormatConsts: {
      get: () => ({
        decimalSeparator: '.',
        numberDelimiter: ',',
        minDigitsForThousandsSeparator: 4,
        standardDecimalPatternInfo: { primaryGroupSize: 3, secondaryGroupSize: 3 },
        numberingSystemData: null,
      }),
    },
    WAWebWaUlCookie: null,
    ServerJSDefine: { getLoadedModuleHash: () => null },
  };
  for (const n of Object.keys(data)) stub(n, () => data[n]);
  const noop = () => {};
  stub('BanzaiLazyQueue', () => ({ queuePost: noop, flushQueue: () => [], onQueue: noop }));
  stub('fb-error-lite', () => ({ TAALOpcode: { PREVIOUS_FRAME: 1, PREVIOUS_DIR: 2, PREVIOUS_FILE: 3 } }));
  stub('sprintf', () => (s, ...a) => {
    let i = 0;
    return String(s).replace(/%s/g, () => String(a[i++]));
  });
  const str = (t, a) => {
    let s =
      typeof t === 'string'
        ? t
        : t == null
          ? ''
          : t instanceof Array
            ? String(t[0])
            : typeof t === 'object'
              ? String(Object.values(t)[0] && typeof Object.values(t)[0] !== 'object' ? Object.values(t)[0] : '')
              : String(t);
    return s;
  };
  const fbt = () => {
    const f = (t) => str(t);
    Object.assign(f, {
      _: str,
      _param: (k, v) => [k, v],
      _plural: (n) => [n, n],
      _enum: (k, v) => [k, v],
      _subject: () => [],
      _name: (k, v) => [k, v],
      _pronoun: () => [],
      _implicitParam: (k, v) => [k, v],
      _sameParam: () => [],
      c: str,
      isFbtInstance: () => false,
      cachedFbt: null,
    });
    return f;
  };
  stub('fbt', fbt);
  stub('fbs', fbt);
  stub('stylex', () => {
    const f = () => '';
    return Object.assign(f, {
      props: () => ({}),
      create: (x) => x,
      keyframes: () => '',
      inject: noop,
      attrs: () => ({}),
      compose: (...a) => Object.assign({}, ...a),
      firstThatWorks: (x) => x,
      types: hole('stylex.types'),
      defineVars: (x) => x,
      createTheme: (x) => x,
      include: (x) => x,
    });
  });
  for (const n of [
    'QuickPerformanceLogger',
    'QPLUserFlow',
    'ODS',
    'WebLoom',
    'InteractionTracing',
    'InteractionTracingMetrics',
    'FalcoLoggerInternal',
    'CometStyleXSheet',
    'ErrorTransport',
    'WAWebMomentLocales',
  ])
    stub(n, () => hole(n));
  // cr:NNNN: the server chooses these; null unless named here
  const cr = Object.assign(
    {
      4344:
        () =>
        (f, ms, ...a) =>
          g.setTimeout(f, ms, ...a),
      3725: () => (id) => g.clearTimeout(id),
      8712: (r) => r('tweetnacl'),
    },
    C.cr,
  );
  // the module behind a number follows from the names that are read from it
  const named = {
    1175: 'WAWebHandleDirtyBits',
    27582: 'WAWebPersistedJobInitializers',
    37444: 'WAWebMessagePluginParseProtobufRegistryForNonGuest',
    37443: 'WAWebMessagePluginProcessAsAddonRegistryForNonGuest',
    37446: 'WAWebMultipleMessageParserPluginParseProtobufRegistryForNonGuest',
    13546: 'WAWebGroupHandleAddressingModeMismatch',
    13547: 'WAWebUpdateDbForGroupActionApi',
    17143: 'WAWebContactCollection',
    254: 'WAWebSendNonMessageDataRequest',
    27423: 'WAWebAutoUpdaterUtils',
    27584: 'WAWebSubscribePushManagerActionUtils',
    37209: 'WAWebMobilePlatforms',
    37437: 'WAWebCmd',
    37440: 'WAWebAddonProcessMsgsUtils',
    37441: 'WAWebAddonGatingUtils',
    37442: 'WAWebReconcileMetaAiUnreadCountHelper',
    12321: 'WAWebUserPrefsMeUser',
    12317: 'WAComms',
    4324: 'WAWebOrchestratorJobEventSampling',
    12474: 'WAWebUpdaterRefreshState',
  };
  for (const [n, m] of Object.entries(named)) if (!(n in cr)) cr[n] = (r) => r(m);
  stub('bx', () => Object.assign((n) => ({ uri: '/bx/' + n }), { getURL: (x) => (x && x.uri) || '' }));
  for (const n of Object.keys(cr)) stub('cr:' + n, cr[n]);
  stub('memoizeStringOnly', () => (f) => {
    const m = {};
    return (k) => (k in m ? m[k] : (m[k] = f(k)));
  });
  stub('removeFromArray', () => (a, x) => {
    const i = a.indexOf(x);
    if (i >= 0) a.splice(i, 1);
  });
  stub('requireWeak', () => noop);
  // the loader's own list of modules, as wa-js reads it (in the snapshot this module is empty, so the site's form is
  // unknown)
  stub('__debug', () => ({
    get modulesMap() {
      const m = {};
      for (const [n, d] of R.defs)
        m[n] = {
          id: n,
          factory: d.factory,
          dependencies: d.deps,
          get exports() {
            const x = R.mods.get(n);
            return x ? x.exports : null;
          },
        };
      return m;
    },
  }));
  // workers: full-text search accepts everything, through the page's own broker; media and backend workers do nothing
  const silent = () => ({
    postMessage: noop,
    terminate: noop,
    addEventListener: noop,
    removeEventListener: noop,
    onmessage: null,
  });
  const search = () => {
    const B = (n) => g.importNamespace('WAWebBrokerProtocol' + n);
    const w = {
      ...silent(),
      postMessage(m) {
        const port = B('Handshake').extractPortFromHandshakePayload(m && m.message);
        if (port) {
          port.onmessage = (e) => {
            const c = B('Invocation').unwrapInvocationPayload(e.data);
            if (c) port.postMessage(B('Response').buildResponsePayload(c.invocationId, null));
          };
          return;
        }
        if (m && m.message && m.message.reqId != null)
          g.setTimeout(
            () => w.onmessage && w.onmessage({ data: { message: { reqId: m.message.reqId, result: null } } }),
            0,
          );
      },
    };
    return w;
  };
  const FTS = {};
  stub('WAWebFtsWorkerResource', () => FTS);
  stub('WorkerBundleResource', () => ({ createDedicatedWebWorker: (r) => (r === FTS ? search() : silent()) }));
  stub('WebWorkerV4Resource', () => ({
    createDedicatedV4WebWorker: () => ({ worker: silent(), initReady: new Promise(noop) }),
  }));
  // npm packages that the site bundles: the loader's host provides them (g.__vendor[name])
  for (const n of Object.keys(g.__vendor || {})) stub(n, () => g.__vendor[n](n));
})(globalThis);
