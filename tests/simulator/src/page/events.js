// Backbone-like events: names may be separated by spaces, handlers get the triggered values. Handlers of `all` get
// every event, with its name first.

export class Emitter {
  #handlers = new Map();

  on(names, handler, context) {
    for (const name of names.split(/\s+/)) {
      const list = this.#handlers.get(name) ?? [];
      this.#handlers.set(name, [...list, { handler, context }]);
    }
    return this;
  }

  once(names, handler, context) {
    for (const name of names.split(/\s+/)) {
      const first = (...values) => {
        this.off(name, first);
        handler.apply(context ?? this, values);
      };
      first.original = handler;
      this.on(name, first, context);
    }
    return this;
  }

  off(names, handler) {
    const all = names === undefined || names === null ? [...this.#handlers.keys()] : names.split(/\s+/);
    for (const name of all) {
      const left = (this.#handlers.get(name) ?? []).filter(
        (entry) => handler && entry.handler !== handler && entry.handler.original !== handler,
      );
      this.#handlers.set(name, left);
    }
    return this;
  }

  // A handler that throws stops the other handlers and throws into the caller of trigger, as on the real page.
  trigger(name, ...values) {
    const call = (event, given) => {
      for (const { handler, context } of this.#handlers.get(event) ?? []) handler.apply(context ?? this, given);
    };
    call(name, values);
    call('all', [name, ...values]);
    return this;
  }

  listenTo(other, names, handler) {
    other.on(names, handler, this);
    return this;
  }
}
