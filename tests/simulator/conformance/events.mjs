// The events of a client, kept from the start: a test may ask for one that has already been.
import { EventEmitter, once } from 'node:events';
import { DEADLINE_MS } from './simulator.mjs';

export class EventLog {
  #heard = [];
  #news = new EventEmitter();

  constructor(emitter, names) {
    for (const name of names) {
      emitter.on(name, (...values) => {
        this.#heard.push({ name, values });
        this.#news.emit('news');
      });
    }
  }

  /** The values of every event `name` until now. */
  all(name) {
    return this.#heard.filter((heard) => heard.name === name).map(({ values }) => values);
  }

  /** The values of the first event `name` that satisfies `condition`. */
  async first(name, condition = () => true, deadlineMs = DEADLINE_MS) {
    const signal = AbortSignal.timeout(deadlineMs);
    for (;;) {
      const event = this.#heard.find((heard) => heard.name === name && condition(...heard.values));
      if (event) return event.values;
      await once(this.#news, 'news', { signal }).catch(() => {
        throw new Error(`no such ${name} in ${deadlineMs} ms; heard: ${this.#heard.map((heard) => heard.name)}`);
      });
    }
  }
}
