// The core of the page adapter: reports, calls, and the capabilities of WhatsApp's page that the other files need.
//
// The adapter is the only code that knows WhatsApp's modules. Its files are function expressions. In every document,
// before any script of the page runs, the service calls this one with its options and the other files.
//
// The adapter reports through one binding, as numbered JSON: {epoch, n, type, …}. The epoch identifies the document, n
// counts up without a gap. It answers calls through window[options.api](name, argument) with {ok, value} or {ok, code,
// message}. It never throws into the page, and polls only while modules are still being defined or the connection is
// down.
/** @type {Adapter.Core} */
(function core(options, files) {
  'use strict';
  if (window.top !== window || location.origin !== options.origin) return;
  /** The binding for reports and the function that answers calls are properties of the window. */
  const globals = /** @type {{ [name: string]: unknown }} */ (/** @type {unknown} */ (window));
  if (globals[options.api]) return;
  if (typeof globals[options.binding] !== 'function') return;
  const report = /** @type {(json: string) => void} */ (globals[options.binding]);
  // The page must neither use the binding nor notice it.
  delete globals[options.binding];

  const POLL_MS = 250;
  const epoch = `${Math.round(performance.timeOrigin)}-${Math.random().toString(36).slice(2, 10)}`;
  let n = 0;

  /**
   * Replaces half a surrogate pair, of an emoji that was cut in two, because it is not valid text elsewhere.
   * @param {string} _
   * @param {unknown} value
   */
  const readable = (_, value) => (typeof value === 'string' ? value.toWellFormed() : value);

  /** @type {Adapter.Page['push']} */
  function push(type, data) {
    n += 1;
    report(JSON.stringify({ epoch, n, type, ...data }, readable));
  }

  /**
   * A short description of an error, without the phone numbers that WhatsApp's errors contain.
   * @type {Adapter.Page['said']}
   */
  const said = (error) => String(error?.message ?? error).replace(/\d{6,}/g, '…').slice(0, 200);

  /**
   * Wraps a listener: an error in it is reported, and never reaches the page's own event loop.
   * @type {Adapter.Page['guarded']}
   */
  function guarded(name, listener) {
    /** @param {unknown} error */
    const fail = (error) => push('fault', { where: name, message: said(error) });
    return (...args) => {
      try {
        const result = listener(...args);
        // The page's own promises may not be the browser's.
        if (typeof result?.catch === 'function') result.catch(fail);
      } catch (error) {
        fail(error);
      }
    };
  }

  /** @type {Adapter.Page['attempt']} */
  function attempt(get) {
    try {
      return get() ?? null;
    } catch {
      return null;
    }
  }

  /** @type {Adapter.Page['refuse']} */
  const refuse = (code, message) => {
    throw Object.assign(new Error(message), { refusal: code });
  };

  /** @type {Adapter.Page['failureOf']} */
  const failureOf = (thrown) => ({ code: thrown?.refusal ?? 'FAILED', message: said(thrown) });

  // ── Capabilities: the parts of the page that the service needs, each taken from the first form that works ─────────

  const forms = /** @type {Adapter.Forms} */ ({});
  /** The names of the capabilities that are looked for only when they are needed. */
  const deferred = /** @type {Set<string>} */ (new Set());
  /** The names of those among them that belong to parts which the page fetches only when somebody uses them. */
  const onDemand = /** @type {Set<string>} */ (new Set());
  const found = /** @type {{ [name in Adapter.Name]?: any }} */ ({});
  const sources = /** @type {{ [name in Adapter.Name]?: Adapter.Source }} */ ({});
  const names = () => /** @type {Adapter.Name[]} */ (Object.keys(forms));

  /**
   * @param {Adapter.Name} name
   * @returns {Adapter.Form<unknown>[]}
   */
  function candidatesOf(name) {
    const [, ...candidates] = forms[name] ?? [''];
    return candidates;
  }

  /** @param {Adapter.Name} name */
  function find(name) {
    for (const [source, take] of candidatesOf(name)) {
      const exports = attempt(() => window.require(source));
      const value = exports && attempt(() => take(/** @type {never} */ (exports)));
      if (value) {
        found[name] = value;
        sources[name] = source;
        return;
      }
    }
  }

  /** Looks for missing capabilities. True when none is missing. */
  function resolve() {
    const wanted = names().filter((name) => !deferred.has(name));
    for (const name of wanted) if (found[name] === undefined) find(name);
    return wanted.every((name) => found[name] !== undefined);
  }

  /**
   * The capability, or undefined if the page lacks it.
   * @type {Adapter.Page['has']}
   */
  function has(name) {
    if (found[name] === undefined && typeof window.require === 'function') find(name);
    return found[name];
  }

  /** @type {Adapter.Page['need']} */
  function need(name) {
    const value = has(name);
    if (value !== undefined) return value;
    return refuse('MISSING', page.modulesOf(name));
  }

  /** @type {Adapter.Page['from']} */
  const from = (source, take) => [source, /** @type {(exports: never) => any} */ (take)];

  /** @type {Adapter.Page['whole']} */
  const whole = (source, member) => from(source, (exports) => exports[member] !== undefined && exports);

  /** @type {Adapter.Page['calling']} */
  const calling = (source, member) =>
    from(source, (/** @type {any} */ exports) => exports[member] && ((/** @type {unknown[]} */ ...values) => exports[member](...values)));

  const entries = () =>
    names().map((name) => ({
      name,
      breaks: forms[name]?.[0] ?? '',
      found: sources[name] ?? null,
      on_demand: onDemand.has(name),
      modules: candidatesOf(name).map(([source]) => source),
    }));

  /**
   * Reports in which module each capability was found, and which are missing, with the features they break.
   * @param {boolean} settled
   */
  function surface(settled) {
    const missing = entries().filter((entry) => entry.found === null && !deferred.has(entry.name));
    push('surface', {
      settled,
      loader: typeof window.require === 'function',
      found: sources,
      missing: missing.map(({ name, breaks, modules }) => ({ name, breaks, modules })),
    });
  }

  // ── Ids ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * The page's own text of a key. Older builds keep it in a field.
   * @param {WA.MsgKey | string} key
   */
  const keyText = (key) => (typeof key === 'string' ? key : (key._serialized ?? String(key)));

  /** @param {Adapter.Anyone} wid */
  function widText(wid) {
    if (wid === null || wid === undefined) return null;
    return typeof wid === 'string' ? wid : (wid._serialized ?? `${wid.user}@${wid.server}`);
  }

  // ── The other files ─────────────────────────────────────────────────────────────────────────────────────────────

  /** The object that all files share; each file adds its own functions. */
  const page = Object.assign(/** @type {Adapter.Page} */ ({}), { from, whole, calling, push, said, guarded, attempt, refuse, failureOf, has, need, entries, keyText, widText, options });
  /** The listeners: [capability, function]. */
  const listeners = /** @type {[Adapter.Name, (value: any) => void][]} */ ([]);
  const listening = new Set();
  const calls = /** @type {Partial<Adapter.Calls>} */ ({
    async table() {
      for (const name of names()) has(name);
      return { version: page.version(), entries: entries(), wrapped: page.wrapped };
    },
  });
  /** Functions that report the present state, whenever it may have changed and once after listening began. */
  const looks = /** @type {[string, () => unknown][]} */ ([]);
  page.version = () => attempt(() => window.Debug?.VERSION) ?? attempt(() => need('build').VERSION_STR);
  page.modulesOf = (name) => candidatesOf(name).map(([source]) => source).join(' or ');
  page.wrapped = [];
  /** The names of the capabilities that the adapter listens to. */
  const watched = new Set();
  let arriving = true;
  // While parts of the page are still arriving, those that nobody listens to yet would change unheard.
  page.subscribed = () => watched.has('messages') && (!arriving || listeners.every(([, listen]) => listening.has(listen)));

  forms.build = ['version', whole('WAWebBuildConstants', 'VERSION_STR')];
  for (const file of files) {
    const part = file(page);
    Object.assign(forms, part.forms, part.deferred, part.onDemand);
    for (const name of Object.keys({ ...part.deferred, ...part.onDemand })) deferred.add(name);
    for (const name of Object.keys(part.onDemand ?? {})) onDemand.add(name);
    Object.assign(calls, part.calls);
    listeners.push(.../** @type {typeof listeners} */ (Object.entries(part.listeners ?? {})));
    looks.push(...Object.entries(part.looks ?? {}));
  }

  /** Listens to the capabilities that were found, then reports the present state. */
  function watch() {
    for (const [name, listen] of listeners) {
      const value = found[name];
      if (value === undefined || listening.has(listen)) continue;
      guarded(name, () => {
        listen(value);
        listening.add(listen);
        watched.add(name);
      })();
    }
    for (const [name, look] of looks) guarded(name, look)();
  }

  /**
   * @param {keyof Adapter.Calls} name
   * @param {any} argument
   */
  async function answer(name, argument) {
    try {
      const call = calls[name];
      if (!call) throw new Error(`the adapter has no call ${name}`);
      const value = await call(argument ?? {});
      return { ok: true, value: value ?? null };
    } catch (thrown) {
      return { ok: false, ...failureOf(thrown) };
    }
  }

  Object.defineProperty(window, options.api, { value: answer });

  // ── Start ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** To an unsupported browser WhatsApp shows a page without its module loader that links to a newer Chrome. */
  const asksForAnotherBrowser = () =>
    document.readyState === 'complete' &&
    typeof window.require !== 'function' &&
    Boolean(document.querySelector('a[href*="google.com/chrome"]'));

  let completeAt = /** @type {Adapter.Count} */ (null);
  let loaderAt = /** @type {Adapter.Count} */ (null);
  let toldRefused = false;

  /** True when there is nothing more to look for. */
  function lookAround() {
    if (document.readyState === 'complete' && completeAt === null) completeAt = performance.now();
    const hasLoader = typeof window.require === 'function';
    const all = hasLoader && resolve();
    const settled = completeAt !== null && performance.now() - completeAt >= options.settle_ms;
    const done = all || settled;
    if (hasLoader) {
      loaderAt ??= performance.now();
      // Some of the document may never arrive.
      arriving = !done && performance.now() - loaderAt < options.settle_ms;
      watch();
    }
    if (asksForAnotherBrowser() && !toldRefused) {
      toldRefused = true;
      push('refused', {});
    }
    if (done) surface(settled);
    return done;
  }

  function keepLooking() {
    let done = false;
    try {
      done = lookAround();
    } finally {
      if (!done) setTimeout(guarded('look', keepLooking), POLL_MS);
    }
  }

  /** The address holds the reason of an earlier logout. The page removes these parameters early in its start. */
  function postLogout() {
    const query = new URLSearchParams(location.search);
    if (!query.has('post_logout')) return null;
    const reason = Number.parseInt(query.get('logout_reason') ?? '', 10);
    /** @param {string} name */
    const text = (name) => query.get(name)?.slice(0, 300) || null;
    return {
      reason: Number.isNaN(reason) ? null : reason,
      header: text('logout_message_header'),
      subtext: text('logout_message_subtext'),
    };
  }

  const [navigation] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType('navigation'));
  window.addEventListener(
    'load',
    guarded('load', () => push('document', { status: navigation?.responseStatus ?? 0 })),
  );
  push('hello', { post_logout: postLogout(), reloaded: navigation?.type === 'reload' });
  guarded('look', keepLooking)();
})
