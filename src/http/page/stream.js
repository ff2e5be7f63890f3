// `/events`, read by fetch because an EventSource sends no token. What arrives is mostly a signal to look again.

import { Refused, open } from './api.js';
import { slept } from './clock.js';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
/** The service says something every 15 s; after two that did not come the connection is dead. */
const SILENCE_MS = 35_000;

/** Reads fields as they come: gives each event's name and data, and remembers the id to go on from. */
class Reader {
  #rest = '';
  #name = '';
  #data = '';
  last = null;

  *read(text) {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop();
    for (const line of lines) {
      if (line === '' && this.#name) {
        yield [this.#name, this.#data];
        this.#name = '';
        this.#data = '';
      }
      const [, field, value] = /^(event|id|data): ?(.*?)\r?$/.exec(line) ?? [];
      if (field === 'event') this.#name = value;
      if (field === 'id') this.last = value;
      if (field === 'data') this.#data = value;
    }
  }

  /** A connection that ended in the middle of an event left half of it. */
  begin() {
    this.#rest = '';
    this.#name = '';
    this.#data = '';
  }
}

export class Stream {
  #reader = new Reader();
  #stop = new AbortController();
  #tell;

  /** `tell` gets `open`, `closed`, and the name of each event with its data as text. */
  constructor(tell) {
    this.#tell = tell;
    this.#follow();
  }

  close() {
    this.#stop.abort();
  }

  async #follow() {
    const { signal } = this.#stop;
    for (let failed = 0; !signal.aborted; failed += 1) {
      let wait = 0;
      try {
        await this.#once(signal, () => { failed = 0; });
      } catch (error) {
        if (error instanceof Refused && error.status === 401) return this.#tell('unauthorized');
        wait = (error.retryAfter ?? 0) * 1000;
      }
      if (signal.aborted) return undefined;
      this.#tell('closed');
      const pause = Math.max(wait, Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failed));
      // Many pages that lost one service do not all come back at once.
      await slept(pause * (0.75 + Math.random() / 2), signal);
    }
    return undefined;
  }

  /** One connection, until it ends. */
  async #once(signal, opened) {
    const silent = new AbortController();
    const stop = () => silent.abort();
    signal.addEventListener('abort', stop);
    let timer = setTimeout(stop, SILENCE_MS);
    try {
      const headers = { Accept: 'text/event-stream', ...(this.#reader.last && { 'Last-Event-ID': this.#reader.last }) };
      const answer = await open('events', { headers, signal: silent.signal });
      this.#reader.begin();
      opened();
      this.#tell('open');
      const body = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await body.read();
        if (done || signal.aborted) return;
        clearTimeout(timer);
        timer = setTimeout(stop, SILENCE_MS);
        for (const [name, data] of this.#reader.read(value)) this.#tell(name, data);
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      silent.abort();
    }
  }
}
