// The page's module loader: `window.require`, `window.__d`, and `require('__debug').modulesMap`.
import { config } from '/config.js';
import { faults } from '/static/wire.js';

const modules = new Map();

/** Meta's order of arguments; a factory either fills `exports` or replaces `module.exports`. */
function define(name, dependencies, factory) {
  modules.set(name, { id: name, dependencies, factory, module: { exports: {} }, done: false });
}

function load(entry) {
  if (!entry.done) {
    entry.done = true;
    entry.factory(window, require, require, lazy, entry.module, entry.module.exports, entry.dependencies);
  }
  return entry.module.exports;
}

/** The name under which a module is registered, with the names that are broken taken into account. */
function registered(name) {
  const renamed = Object.entries(faults.renamed_modules).find(([, to]) => to === name);
  if (renamed) return renamed[0];
  const gone = name in faults.renamed_modules || faults.missing_modules.includes(name);
  return gone ? undefined : name;
}

function require(name) {
  if (name === '__debug') return { modulesMap: modulesMap() };
  const entry = modules.get(registered(name));
  if (entry) return load(entry);
  if (config.build.unknown_module_null) return null;
  throw new Error(`Requiring unknown module "${name}"`);
}

function lazy(names, use) {
  queueMicrotask(() => use(...names.map(require)));
}

function modulesMap() {
  const map = {};
  for (const [name, entry] of modules) {
    if (faults.missing_modules.includes(name)) continue;
    const { exports } = entry.module;
    map[faults.renamed_modules[name] ?? name] = { id: name, exports, defaultExport: exports.default ?? exports };
  }
  return map;
}

/** Makes the loader visible to the page. */
export function install() {
  Object.assign(window, { require, __d: define });
}

/** Defines modules given as name → exports. */
export function defineAll(table) {
  for (const [name, exports] of Object.entries(table)) {
    window.__d(name, [], (_global, _require, _dynamic, _lazy, module) => {
      module.exports = exports;
    });
  }
}
