// The real page: its modules, and our chat server behind it.
import { flags } from '../flags.mjs';
import { World } from '../world.mjs';

const FRIEND = '5491122334455';

export class Real {
  name = 'the real page';
  #world = new World();

  start() {
    return this.#world.start();
  }

  stop() {
    return this.#world.stop();
  }

  flags() {
    return flags(this.#world.real);
  }

  async #control(name, values) {
    const answer = await this.#world.ctl(name, values);
    if (answer.error) throw new Error(`${name}: ${answer.error}`);
    return answer;
  }

  scan(code) {
    return this.#control('scan', { code, opt: { history: 30 } });
  }

  /** A text of a friend; gives its bare id. */
  async incoming(text) {
    return (await this.#control('incoming', { from: FRIEND, text })).id;
  }

  #ofFriend(message, extra) {
    return this.#control('incoming', { from: FRIEND, opt: { message, extra } });
  }

  /** The key of a message of the friend's, as the friend's own device names it. */
  #key(id) {
    return { remoteJid: '100000000000001@lid', fromMe: true, id };
  }

  edit(id, text) {
    const protocolMessage = {
      key: this.#key(id),
      type: 14,
      editedMessage: { conversation: text },
      timestampMs: Date.now(),
    };
    return this.#ofFriend({ editedMessage: { message: { protocolMessage } } }, { edit: '1' });
  }

  revoke(id) {
    return this.#ofFriend({ protocolMessage: { key: this.#key(id), type: 0 } }, { edit: '7' });
  }

  react(id, text) {
    return this.#ofFriend({ reactionMessage: { key: this.#key(id), text, senderTimestampMs: Date.now() } });
  }

  burst(n) {
    return this.#control('burst', { n, prefix: 'waiting' });
  }

  /** The line is lost and stays so. */
  async cut() {
    await this.#control('refuse', { on: 1 });
    await this.#control('drop');
  }

  mend() {
    return this.#control('refuse', { on: 0 });
  }

  /** The line is lost and may come back at once. */
  drop() {
    return this.#control('drop');
  }

  /** What the server says to messages: `ack`, `silent`, or the number of a refusal. */
  answer(how) {
    return this.#control('ack', { rule: how });
  }

  /** Messages stay in the page, before they have left. */
  hold(on) {
    return this.#control('hold', on ? { iq: 'encrypt/key' } : {});
  }

  /** How often a message has come to the server. */
  async sent(id) {
    return (await this.#control('state')).sent.filter((message) => message.id === id).length;
  }

  /** The server ends the line, and refuses every login with this number. */
  refuse(reason, attrs = {}) {
    return this.#control('fail', { reason, attrs, now: 1 });
  }

  accept() {
    return this.#control('fail', {});
  }

  rotate() {
    return this.#control('rotate');
  }

  replaced() {
    return this.#control('replaced');
  }

  unlink() {
    return this.#control('unlink');
  }

  /** Another tab of the same profile; gives what closes it. */
  async secondTab(browser) {
    const tab = await browser.newPage();
    await tab.goto('https://web.whatsapp.com/', { waitUntil: 'domcontentloaded' });
    return () => tab.close();
  }
}
