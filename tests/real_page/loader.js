// The loader of these tests for the real page's modules (browser and Node). It supports `__d(name, deps, factory,
// flags)`; it fetches a module by name with globalThis.__fetchModule(name) -> source text or null. No line of it is
// the page's.
(function (g) {
  const defs = new Map(),
    mods = new Map(),
    stubs = new Map(),
    holes = new Map(),
    failed = new Map();
  const ES = 32,
    DEFAULT = 2;
  // A hole replaces a module that the snapshot lacks (React UI, logging, tracing): callable, readable, never a
  // promise.
  function hole(path) {
    const f = function () {};
    const kids = new Map();
    return new Proxy(f, {
      get(t, k) {
        if (k === 'then' || k === '$$typeof') return undefined;
        if (k === Symbol.toPrimitive) return () => '';
        if (k === Symbol.iterator) return function* () {};
        if (k === 'prototype') return t.prototype;
        if (k === 'toString' || k === 'toJSON') return () => '';
        if (k === 'call' || k === 'apply' || k === 'bind') return Function.prototype[k].bind(t);
        if (typeof k === 'symbol') return undefined;
        if (!kids.has(k)) kids.set(k, hole(path + '.' + k));
        return kids.get(k);
      },
      set(t, k, v) {
        kids.set(k, v);
        return true;
      },
      has(t, k) {
        return kids.has(k);
      },
      apply() {
        holes.set(path + '()', (holes.get(path + '()') || 0) + 1);
        return hole(path + '()');
      },
      construct() {
        holes.set('new ' + path, (holes.get('new ' + path) || 0) + 1);
        return hole('new ' + path);
      },
    });
  }
  function __d(name, deps, factory, flags) {
    if (stubs.has(name) && !stubs.get(name).wrap) return;
    defs.set(name, { deps: deps || [], factory, flags: flags == null ? 0 : flags });
  }
  function stub(name, make, opt) {
    stubs.set(name, Object.assign({ make }, opt));
  }
  function load(name) {
    let m = mods.get(name);
    if (m) {
      if (m.error) throw m.error;
      return m;
    }
    const s = stubs.get(name);
    if (s && !s.wrap) {
      m = { exports: {}, es: false };
      mods.set(name, m);
      m.exports = s.make(require);
      if (s.es) {
        m.es = true;
      }
      return m;
    }
    let def = defs.get(name);
    if (!def && g.__fetchModule && !name.startsWith('cr:')) {
      const text = g.__fetchModule(name);
      if (text) {
        (0, g.__evalModule)(text, name);
        def = defs.get(name);
      }
    }
    if (!def) {
      m = { exports: name.startsWith('cr:') ? null : hole(name), es: false };
      if (!name.startsWith('cr:')) holes.set(name, (holes.get(name) || 0) + 1);
      mods.set(name, m);
      return m;
    }
    m = { exports: {}, es: !!(def.flags & DEFAULT) };
    mods.set(name, m);
    const args = [g, require, importDefault, importNamespace, m, m.exports];
    if (def.flags & ES) args.push(m.exports);
    for (let i = 0; args.length < def.factory.length && i < def.deps.length; i++) args.push(importDefault(def.deps[i]));
    try {
      const r = def.factory.apply(g, args);
      if (r !== undefined && m.exports && Object.keys(m.exports).length === 0) m.exports = r;
    } catch (e) {
      m.error = e;
      failed.set(name, e);
      throw e;
    }
    if (s && s.wrap) m.exports = s.make(m.exports, require) || m.exports;
    return m;
  }
  // require returns the default export if that is the only one
  function require(name) {
    const m = load(name),
      e = m.exports;
    if (m.only === undefined && m.es)
      m.only = e != null && typeof e === 'object' && 'default' in e && Object.keys(e).length === 1;
    return m.only ? e.default : e;
  }
  function importDefault(name) {
    const m = load(name),
      e = m.exports;
    return m.es && e != null ? e.default : e;
  }
  function importNamespace(name) {
    const m = load(name),
      e = m.exports;
    if (m.es || e == null || typeof e === 'function') return e;
    return m.ns || (m.ns = Object.assign(Object.create(null), e, { default: e }));
  }
  // the value of a deferred reference: the default export if there is one, else the namespace
  function interop(name) {
    const m = load(name),
      e = m.exports;
    return m.es && e && 'default' in e ? e.default : e;
  }
  function has(name) {
    return defs.has(name) || mods.has(name) || stubs.has(name);
  }
  // Modules that the page fetches only when somebody opens the part of it that needs them, by the module that opens the
  // part. Until then `require` does not know them.
  const parts = {
    'WAWebNewGroupFlow.react': ['WAWebGroupCreateJob', 'WAWebCreateGroupAction'],
    'WAWebGroupInviteLinkModal.react': ['WAWebGroupInviteJob', 'WAWebGroupInviteAction', 'WAWebMexFetchGroupInviteCodeJob'],
  };
  const closed = new Set(Object.values(parts).flat());
  const open = (door) => parts[door]?.forEach((name) => closed.delete(name));
  function requireLazy(names, cb) {
    Promise.resolve().then(() => cb(...names.map(importDefault)));
  }
  class Deferred {
    constructor(name) {
      this.name = name;
    }
    setRequireDeferredForDisplay() {}
    __setRef() {
      return this;
    }
    getModuleId() {
      return this.name;
    }
    getModuleIdAsRef() {
      return this.name;
    }
    load() {
      return new Promise((ok, bad) =>
        g.setTimeout(() => {
          try {
            const value = interop(this.name);
            open(this.name);
            ok(value);
          } catch (e) {
            bad(e);
          }
        }, 0),
      );
    }
    preload() {
      return this.load();
    }
    onReady(cb) {
      let live = true;
      this.load().then(
        (x) => live && cb(x),
        () => {},
      );
      return {
        remove() {
          live = false;
        },
      };
    }
    onReadyImmediately(cb) {
      return this.onReady(cb);
    }
    isReady() {
      return mods.has(this.name);
    }
    getModuleIfRequireable() {
      return mods.has(this.name) ? interop(this.name) : null;
    }
    getModuleIfRequired() {
      return this.getModuleIfRequireable();
    }
    getModule() {
      return this.getModuleIfRequireable();
    }
    read() {
      return interop(this.name);
    }
    static loadAll(refs, cb) {
      Promise.all(refs.map((r) => r.load())).then((a) => cb(...a));
    }
    static disableForSSR_DO_NOT_USE() {}
    static enable() {}
  }
  g.babelHelpers = {
    taggedTemplateLiteralLoose(s, raw) {
      if (!raw) raw = s.slice(0);
      s.raw = raw;
      return s;
    },
    extends: Object.assign,
    objectWithoutPropertiesLoose(o, not) {
      const r = {};
      if (o == null) return r;
      for (const k of Object.keys(o)) if (!not.includes(k)) r[k] = o[k];
      return r;
    },
    inheritsLoose(a, b) {
      a.prototype = Object.create(b && b.prototype);
      a.prototype.constructor = a;
      Object.setPrototypeOf(a, b);
      return b;
    },
    assertThisInitialized(x) {
      if (x === undefined) throw new ReferenceError('super was not called');
      return x;
    },
    wrapNativeSuper(C) {
      function W(...a) {
        return Reflect.construct(C, a, Object.getPrototypeOf(this).constructor);
      }
      W.prototype = Object.create(C.prototype, { constructor: { value: W, writable: true, configurable: true } });
      return Object.setPrototypeOf(W, C);
    },
    arrayLikeToArray(a, n) {
      return Array.prototype.slice.call(a, 0, n == null ? a.length : n);
    },
    createClass(C, p, s) {
      for (const d of p || [])
        Object.defineProperty(
          C.prototype,
          d.key,
          Object.assign({ configurable: true, enumerable: false }, 'value' in d ? { writable: true } : {}, d),
        );
      for (const d of s || []) Object.defineProperty(C, d.key, Object.assign({ configurable: true }, d));
      return C;
    },
    construct(C, a, n) {
      return Reflect.construct(C, a, n || C);
    },
    asyncIterator(x) {
      const f = x[Symbol.asyncIterator];
      return f ? f.call(x) : x[Symbol.iterator]();
    },
    awaitAsyncGenerator(v) {
      return { __await: v };
    },
    wrapAsyncGenerator(fn) {
      return function (...args) {
        const it = fn.apply(this, args);
        const step = async (k, v) => {
          let r = it[k](v);
          while (!r.done && r.value && '__await' in r.value) {
            try {
              r = it.next(await r.value.__await);
            } catch (e) {
              r = it.throw(e);
            }
          }
          return { done: r.done, value: await r.value };
        };
        return {
          next: (v) => step('next', v),
          throw: (v) => step('throw', v),
          return: (v) => step('return', v),
          [Symbol.asyncIterator]() {
            return this;
          },
        };
      };
    },
  };
  // As on the real page, a module that is not defined yet throws, so that early scripts do not run half a page.
  let ready = false;
  const guard = (f) => (name) => {
    if (!ready || closed.has(name)) throw new Error(`Requiring unknown module "${name}"`);
    return f(name);
  };
  Object.assign(g, {
    __d,
    require: guard(require),
    importDefault: guard(importDefault),
    importNamespace: guard(importNamespace),
    requireLazy,
  });
  g.__real = {
    ready() {
      ready = true;
    },
    defs,
    mods,
    stub,
    holes,
    failed,
    hole,
    interop,
    has,
    Deferred,
  };
})(globalThis);
