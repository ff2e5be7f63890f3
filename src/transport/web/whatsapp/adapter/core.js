// The core of the page adapter: reports, calls, and the capabilities that the other files need of WhatsApp's page.
//
// The adapter is the only code that knows WhatsApp's modules. Its files are function expressions. The service calls this
// one with its options and the other files, in every document, before any script of the page runs.
//
// The adapter reports through one binding, as numbered JSON: {epoch, n, type, …}. The epoch names the document, n counts
// up without a gap. It answers calls through window[options.api](name, argument) with {ok, value} or {ok, code, message}.
// It never throws into the page, and polls only while modules are still being defined or the line is down.
/** @type {Adapter.Core} */
(function core(options, files) {
  'use strict';
  if (window.top !== window || location.origin !== options.origin) return;
  /** The binding for reports is a property of the window, and so is the function that answers calls. */
  const globals = /** @type {{ [name: string]: unknown }} */ (/** @type {unknown} */ (window));
  if (globals[options.api]) return;
  if (typeof globals[options.binding] !== 'function') return;
  const report = /** @type {(json: string) => void} */ (globals[options.binding]);
  // The page has no business with the binding, nor any way to notice it.
  delete globals[options.binding];

  const POLL_MS = 250;
  const epoch = `${Math.round(performance.timeOrigin)}-${Math.random().toString(36).slice(2, 10)}`;
  let n = 0;

  /**
   * Half a surrogate pair, of an emoji cut in two, is no text for anybody else.
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
   * What went wrong, short and without the phone numbers that WhatsApp's errors carry.
   * @type {Adapter.Page['said']}
   */
  const said = (error) => String(error?.message ?? error).replace(/\d{6,}/g, '…').slice(0, 200);

  /**
   * Wraps a listener: what goes wrong in it is reported, and never reaches the page's own event loop.
   * @type {Adapter.Page['guarded']}
   */
  function guarded(name, listener) {
    /** @param {unknown} error */
    const fail = (error) => push('fault', { where: name, message: said(error) });
    return (...args) => {
      try {
        const result = listener(...args);
        // The page's own promises need not be the browser's.
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

  // ── Capabilities: what the service needs of the page, and the forms it is found in, the first that works ──────────

  const forms = /** @type {Adapter.Forms} */ ({});
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

  /** Looks for what is still missing. True when nothing is. */
  function resolve() {
    for (const name of names()) if (found[name] === undefined) find(name);
    return names().every((name) => found[name] !== undefined);
  }

  /**
   * The capability, or undefined where the page lacks it.
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
    return refuse('MISSING', candidatesOf(name).map(([source]) => source).join(' or '));
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
      modules: candidatesOf(name).map(([source]) => source),
    }));

  /**
   * What was found in which module, and what is missing with what its absence breaks.
   * @param {boolean} settled
   */
  function surface(settled) {
    const missing = entries().filter((entry) => entry.found === null);
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

  /** The other files add what they share. */
  const page = Object.assign(/** @type {Adapter.Page} */ ({}), { from, whole, calling, push, said, guarded, attempt, refuse, has, need, entries, keyText, widText, options });
  /** Who listens to what: [capability, listen]. */
  const listeners = /** @type {[Adapter.Name, (value: any) => void][]} */ ([]);
  const listening = new Set();
  const calls = /** @type {Partial<Adapter.Calls>} */ ({ table: async () => ({ version: page.version(), entries: entries() }) });
  /** What is told when something may have moved, and at once after listening began: an earlier event is not missed. */
  const looks = /** @type {[string, () => unknown][]} */ ([]);
  page.version = () => attempt(() => window.Debug?.VERSION) ?? attempt(() => need('build').VERSION_STR);
  page.watched = new Set();

  forms.build = ['version', whole('WAWebBuildConstants', 'VERSION_STR')];
  for (const file of files) {
    const part = file(page);
    Object.assign(forms, part.forms);
    Object.assign(calls, part.calls);
    listeners.push(.../** @type {typeof listeners} */ (Object.entries(part.listeners ?? {})));
    looks.push(...Object.entries(part.looks ?? {}));
  }

  /** Listens to what has been found, then reads the present. */
  function watch() {
    for (const [name, listen] of listeners) {
      const value = found[name];
      if (value === undefined || listening.has(listen)) continue;
      guarded(name, () => {
        listen(value);
        listening.add(listen);
        page.watched.add(name);
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
      const refusal = /** @type {{ refusal?: string } | null} */ (thrown)?.refusal;
      return { ok: false, code: refusal ?? 'FAILED', message: said(thrown) };
    }
  }

  Object.defineProperty(window, options.api, { value: answer });

  // ── Start ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** WhatsApp shows a browser it does not want a page without its loader, that links to a newer Chrome. */
  const asksForAnotherBrowser = () =>
    document.readyState === 'complete' &&
    typeof window.require !== 'function' &&
    Boolean(document.querySelector('a[href*="google.com/chrome"]'));

  let completeAt = /** @type {Adapter.Count} */ (null);
  let toldRefused = false;

  /** True when there is nothing more to look for. */
  function lookAround() {
    if (document.readyState === 'complete' && completeAt === null) completeAt = performance.now();
    const hasLoader = typeof window.require === 'function';
    const all = hasLoader && resolve();
    if (hasLoader) watch();
    if (asksForAnotherBrowser() && !toldRefused) {
      toldRefused = true;
      push('refused', {});
    }
    const settled = completeAt !== null && performance.now() - completeAt >= options.settle_ms;
    if (all || settled) surface(settled);
    return all || settled;
  }

  function keepLooking() {
    let done = false;
    try {
      done = lookAround();
    } finally {
      if (!done) setTimeout(guarded('look', keepLooking), POLL_MS);
    }
  }

  /** What the address says of a logout before. The page takes these marks off early in its boot. */
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
