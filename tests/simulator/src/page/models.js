// Models and collections as the page's modules offer them: a field `state` is the own property `__x_state`, read and
// written as `model.state`; a write fires `change:state` and `change`, on the model and on its collections.
import { Emitter } from '/static/events.js';

const PREFIX = '__x_';

export class Model extends Emitter {
  #collections = new Set();

  constructor(fields = {}) {
    super();
    for (const [name, value] of Object.entries(fields)) {
      this.#declare(name);
      this[PREFIX + name] = value;
    }
  }

  #declare(name) {
    const prototype = Object.getPrototypeOf(this);
    if (name in prototype) return;
    Object.defineProperty(prototype, name, {
      configurable: true,
      get() {
        return this[PREFIX + name];
      },
      set(value) {
        this.set({ [name]: value });
      },
    });
  }

  get(name) {
    return this[PREFIX + name];
  }

  set(fields, value) {
    const changes = typeof fields === 'string' ? { [fields]: value } : fields;
    const changed = [];
    for (const [name, next] of Object.entries(changes)) {
      this.#declare(name);
      const previous = this[PREFIX + name];
      if (previous === next) continue;
      this[PREFIX + name] = next;
      changed.push([name, next, previous]);
    }
    for (const [name, next, previous] of changed) this.trigger(`change:${name}`, this, next, previous);
    if (changed.length > 0) this.trigger('change', this);
    return this;
  }

  trigger(name, ...values) {
    super.trigger(name, ...values);
    for (const collection of this.#collections) collection.trigger(name, ...values);
    return this;
  }

  joined(collection) {
    this.#collections.add(collection);
  }

  left(collection) {
    this.#collections.delete(collection);
  }

  get attributes() {
    return Object.fromEntries(Object.entries(this).filter(([name]) => name.startsWith(PREFIX)).map(([name, value]) => [name.slice(PREFIX.length), value]));
  }

  /** The model behind a proxy: there are no proxies here. */
  unsafe() {
    return this;
  }

  serialize() {
    const fields = Object.entries(this).filter(([name, value]) => name.startsWith(PREFIX) && value !== undefined);
    return Object.fromEntries(fields.map(([name, value]) => [name.slice(PREFIX.length), plain(value)]));
  }

  toJSON() {
    return this.serialize();
  }
}

const plain = (value) => (value instanceof Model || value instanceof Collection ? value.serialize() : value);

/**
 * The models of a collection stand in one array, which the page gives to whoever asks. It changes it in place: a model that
 * comes, goes, or takes another place in a collection that is sorted, does so under the hands of whoever reads the array.
 */
export class Collection extends Emitter {
  /** How the models of a collection are sorted; without it they stand as they came. */
  static comparator;

  #models = [];
  #index = new Map();

  constructor(modelClass) {
    super();
    this.modelClass = modelClass;
  }

  /** The key of an id in any form: string, wid or message key. */
  static key(id) {
    return id === undefined || id === null ? undefined : String(id._serialized ?? id);
  }

  get(id) {
    return this.#index.get(Collection.key(id?.id && id instanceof Model ? id.id : id));
  }

  async find(id) {
    return this.get(id);
  }

  getModelsArray() {
    return this.#models;
  }

  get models() {
    return this.getModelsArray();
  }

  get length() {
    return this.#models.length;
  }

  sort() {
    const { comparator } = this.constructor;
    if (comparator) this.#models.sort(comparator);
  }

  add(model, options = {}) {
    const models = Array.isArray(model) ? model : [model];
    // All models are in the collection before the first event is fired.
    const fresh = [];
    const result = models.map((item) => {
      const known = this.get(item.id);
      if (known) return known;
      const added = item instanceof Model ? item : new this.modelClass(item);
      this.#models.push(added);
      this.#index.set(Collection.key(added.id), added);
      added.joined(this);
      fresh.push(added);
      return added;
    });
    if (fresh.length > 0) this.sort();
    for (const added of fresh) this.trigger('add', added, this, options);
    return result;
  }

  remove(model, { silent = false } = {}) {
    const found = this.get(model?.id ?? model);
    if (!found) return undefined;
    this.#index.delete(Collection.key(found.id));
    this.#models.splice(this.#models.indexOf(found), 1);
    if (!silent) this.trigger('remove', found, this);
    found.left(this);
    return found;
  }

  /** Puts a model under another id, without an event of the collection. */
  rekey(model, id) {
    this.#index.delete(Collection.key(model.id));
    this.#index.set(Collection.key(id), model);
  }

  serialize() {
    return this.map((model) => model.serialize());
  }

  forEach(visit) {
    this.getModelsArray().forEach(visit);
  }

  map(transform) {
    return this.getModelsArray().map(transform);
  }

  filter(accept) {
    return this.getModelsArray().filter(accept);
  }

  last() {
    return this.getModelsArray().at(-1);
  }
}
