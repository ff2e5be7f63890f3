// The page's module loader: `window.require`, `window.__d`, and `require('__debug').modulesMap`.
//
// A module either exports names, or exports a single value (`alone`). `require` returns the names, or the single value
// itself; `importNamespace` always returns an object of names, with the single value under `default`.
import { config } from '/config.js';
import { faults } from '/static/wire.js';

const modules = new Map();

/** The arguments are in Meta's order; a factory either fills `exports` or replaces `module.exports`. */
function define(name, dependencies, factory) {
  modules.set(name, { id: name, dependencies, factory, module: { exports: {} }, done: false });
}

function load(entry) {
  if (!entry.done) {
    entry.done = true;
    entry.factory(window, require, importDefault, importNamespace, lazy, entry.module, entry.module.exports, entry.dependencies);
  }
  return entry;
}

/** The name under which a module is registered, after the faults are applied. */
function registered(name) {
  const renamed = Object.entries(faults.renamed_modules).find(([, to]) => to === name);
  if (renamed) return renamed[0];
  const gone = name in faults.renamed_modules || faults.missing_modules.includes(name);
  return gone ? undefined : name;
}

function find(name) {
  const entry = modules.get(registered(name));
  if (entry) return load(entry);
  if (config.build.unknown_module_null) return null;
  throw new Error(`Requiring unknown module "${name}"`);
}

/**
 * The exports of a module, as every client sees them: one object for all clients, because they replace functions in
 * it.
 */
function require(name) {
  if (name === '__debug') return { modulesMap: modulesMap() };
  const entry = find(name);
  if (entry === null) return null;
  return entry.alone ? entry.module.exports.default : entry.module.exports;
}

const importNamespace = (name) => find(name)?.module.exports ?? null;
const importDefault = (name) => importNamespace(name)?.default;

function lazy(names, use) {
  queueMicrotask(() => use(...names.map(require)));
}

function modulesMap() {
  const map = {};
  for (const [name, entry] of modules) {
    if (faults.missing_modules.includes(name)) continue;
    const { exports } = entry.module;
    const { factory } = entry;
    map[faults.renamed_modules[name] ?? name] = { id: name, factory, exports, defaultExport: exports.default ?? exports };
  }
  return map;
}

/** Makes the loader available to the page. */
export function install() {
  const ErrorGuard = { skipGuardGlobal() {}, applyWithGuard: (work, self, args) => work.apply(self, args) };
  Object.assign(window, { ErrorGuard, importDefault, importNamespace, require, __d: define });
}

class Alone {
  constructor(value) {
    this.value = value;
  }
}

/** Door → the modules behind it, which are not there before somebody opens it. */
const parts = new Map();

/** Fetches what is behind a door. Over a network that is cut it never comes. */
async function openPart(door) {
  if (registered(door) === undefined || !navigator.onLine) return new Promise(() => {});
  defineAll(parts.get(door) ?? {});
  return {};
}

/** The parts that are fetched only when they are needed, and the loader of them. */
export function defineParts(table) {
  for (const [door, modules] of Object.entries(table)) parts.set(door, modules);
  defineAll({
    Bootloader: {
      loadModules: (doors, done) => void Promise.all(doors.map(openPart)).then((loaded) => done(...loaded)),
    },
    WAWebNewGroupFlowLoadable: { requireBundle: () => openPart('WAWebNewGroupFlow.react') },
    'WAWebGroupInviteLinkModalLoadable.react': { WAWebGroupInviteLinkModalLoadable: {} },
  });
}

/** Marks the single value that a module exports. */
export const alone = (value) => new Alone(value);

/** Defines modules given as name → exports. */
export function defineAll(table) {
  for (const [name, exports] of Object.entries(table)) {
    const isAlone = exports instanceof Alone;
    window.__d(name, [], (_global, _require, _default, _namespace, _lazy, module) => {
      module.exports = isAlone ? { default: exports.value } : exports;
    });
    Object.assign(modules.get(name), { alone: isAlone });
  }
}
