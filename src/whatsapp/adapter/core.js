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
  if (window.top !== window || location.origin !== options.origin || window[options.api]) return;
  const report = window[options.binding];
  if (typeof report !== 'function') return;
  // The page has no business with the binding, nor any way to notice it.
  delete window[options.binding];

  const POLL_MS = 250;
  const epoch = `${Math.round(performance.timeOrigin)}-${Math.random().toString(36).slice(2, 10)}`;
  let n = 0;

  /** Half a surrogate pair, of an emoji cut in two, is no text for anybody else. */
  const readable = (_, value) => (typeof value === 'string' ? value.toWellFormed() : value);

  function push(type, data) {
    n += 1;
    report(JSON.stringify({ epoch, n, type, ...data }, readable));
  }

  /** What went wrong, short and without the phone numbers that WhatsApp's errors carry. */
  const said = (error) => String(error?.message ?? error).replace(/\d{6,}/g, '…').slice(0, 200);

  /** Wraps a listener: what goes wrong in it is reported, and never reaches the page's own event loop. */
  function guarded(name, listener) {
    const fail = (error) => push('fault', { where: name, message: said(error) });
    return (...args) => {
      try {
        const result = listener(...args);
        if (result && typeof result.catch === 'function') result.catch(fail);
      } catch (error) {
        fail(error);
      }
    };
  }

  function attempt(get) {
    try {
      return get() ?? null;
    } catch {
      return null;
    }
  }

  const refuse = (code, message, extra = {}) => {
    throw Object.assign(new Error(message), { code, extra });
  };

  // ── Capabilities: what the service needs of the page, and the forms it is found in, the first that works ──────────

  /** name → [what breaks without it, [module, what to take of it]…] */
  const forms = {};
  const found = {};
  const sources = {};

  function find(name) {
    const [, ...candidates] = forms[name];
    for (const [source, take] of candidates) {
      const exports = attempt(() => window.require(source));
      const value = exports && attempt(() => take(exports));
      if (value) {
        found[name] = value;
        sources[name] = source;
        return;
      }
    }
  }

  /** Looks for what is still missing. True when nothing is. */
  function resolve() {
    for (const name of Object.keys(forms)) if (found[name] === undefined) find(name);
    return Object.keys(forms).every((name) => found[name] !== undefined);
  }

  /** The capability, or undefined where the page lacks it. */
  function has(name) {
    if (found[name] === undefined && typeof window.require === 'function') find(name);
    return found[name];
  }

  function need(name) {
    const value = has(name);
    if (value !== undefined) return value;
    const [, ...candidates] = forms[name];
    return refuse('MISSING', candidates.map(([source]) => source).join(' or '));
  }

  /** @type {Adapter.Page['from']} */
  const from = (source, take) => [source, /** @type {(exports: never) => any} */ (take)];

  /** @type {Adapter.Page['whole']} */
  const whole = (source, member) => from(source, (exports) => exports[member] !== undefined && exports);

  /** @type {Adapter.Page['calling']} */
  const calling = (source, member) =>
    from(source, (/** @type {any} */ exports) => exports[member] && ((...values) => exports[member](...values)));

  const entries = () =>
    Object.entries(forms).map(([name, [breaks, ...candidates]]) => ({
      name,
      breaks,
      found: sources[name] ?? null,
      modules: candidates.map(([source]) => source),
    }));

  /** What was found in which module, and what is missing with what its absence breaks. */
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
  const listeners = [];
  const listening = new Set();
  const calls = { table: async () => ({ version: page.version(), entries: entries() }) };
  /** What is told when something may have moved, and at once after listening began: an earlier event is not missed. */
  const looks = [];
  page.version = () => attempt(() => window.Debug?.VERSION) ?? attempt(() => need('build').VERSION_STR);
  page.watched = new Set();

  forms.build = ['version', whole('WAWebBuildConstants', 'VERSION_STR')];
  for (const file of files) {
    const part = file(page);
    Object.assign(forms, part.forms);
    Object.assign(calls, part.calls);
    listeners.push(...Object.entries(part.listeners ?? {}));
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

  async function answer(name, argument) {
    try {
      const value = await calls[name](argument ?? {});
      return { ok: true, value: value ?? null };
    } catch (thrown) {
      const error = /** @type {{ code?: string, extra?: object } | null} */ (thrown);
      return { ok: false, code: error?.extra ? error.code : 'FAILED', message: said(error), ...error?.extra };
    }
  }

  Object.defineProperty(window, options.api, { value: answer });

  // ── Start ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** WhatsApp shows a browser it does not want a page without its loader, that links to a newer Chrome. */
  const asksForAnotherBrowser = () =>
    document.readyState === 'complete' &&
    typeof window.require !== 'function' &&
    Boolean(document.querySelector('a[href*="google.com/chrome"]'));

  let completeAt = null;
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
