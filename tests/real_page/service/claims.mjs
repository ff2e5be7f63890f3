// Shared by the claims about the service: their world, the log of messages, and the list of results.
import { sleep } from '../world.mjs';

export const FRIEND = '5491122334455';

/** Bytes in the form that the chat server's controls read. */
export const bytes = (text) => ({ $b64: Buffer.from(text).toString('base64') });

export class Claims {
  made = 0;
  failed = 0;

  constructor(world) {
    this.w = world;
  }

  say = (holds, what, seen) => {
    this.made += 1;
    if (!holds) this.failed += 1;
    console.log(`${holds ? 'yes' : 'NO '} ${what}${seen === undefined ? '' : ` — ${JSON.stringify(seen)}`}`);
  };

  async part(name, make) {
    console.log(`# ${name}`);
    await make(this).catch((error) => this.say(false, `${name} broke off: ${error.message}`));
  }

  async rows() {
    return (await this.w.get('/messages?limit=1000')).items;
  }

  /** All entries of the log, page by page. */
  async all(query = '') {
    const items = [];
    for (let after = ''; ; ) {
      const page = await this.w.get(`/messages?limit=1000${query}${after && `&after=${after}`}`);
      items.push(...page.items);
      if (page.items.length === 0) return items;
      after = page.next;
    }
  }

  /** The first matching entry of the log, once there is one. */
  async row(wanted, ms = 6000) {
    const deadline = Date.now() + ms;
    for (;;) {
      const found = (await this.all()).find(wanted);
      if (found || Date.now() > deadline) return found;
      await sleep(100);
    }
  }

  /** Waits until `look` returns something; null if that takes too long. */
  async until(look, ms = 30000) {
    const deadline = Date.now() + ms;
    for (;;) {
      const found = await look();
      if (found || Date.now() > deadline) return found || null;
      await sleep(100);
    }
  }

  /** Sends a friend's message, in the form of the chat protocol. */
  fromFriend(message, id, extra) {
    return this.w.ctl('incoming', { from: FRIEND, opt: { id, message, extra } });
  }

  /** The ids of the messages with this text that the server received, each id once. */
  async ids(text) {
    const found = await this.sent(text);
    return [...new Set(found.map(({ id }) => id))];
  }

  /** The stanzas with this text that the server received. */
  async sent(text) {
    const { sent } = await this.w.ctl('state');
    return sent.filter(({ encs, readers }) => JSON.stringify([encs, readers ?? null]).includes(JSON.stringify(text)));
  }

  /** Stops the service and starts it again; returns its state when READY, with the time it took. */
  async again(ms = 60000) {
    await this.w.halt();
    await this.w.service();
    return this.w.until('READY', ms);
  }

  /** Links the phone after an unlinking. */
  async link(options) {
    await this.w.post('/connect');
    return this.w.link(options);
  }

  /** How many crashes of the page or the browser /metrics counts. */
  async crashes() {
    const answer = await fetch(`http://127.0.0.1:${this.w.port}/metrics`);
    const lines = (await answer.text()).split('\n');
    const counted = lines.filter((line) => /^session_manager_reconnections_total\{reason="(PAGE|BROWSER)_CRASHED"/.test(line));
    return counted.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }
}
