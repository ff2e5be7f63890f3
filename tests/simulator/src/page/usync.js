// Questions about many numbers at once. What they answer is known to the page only once it is told to remember it.
import { request } from '/static/connection.js';
import { learn } from '/static/people.js';
import { createWid } from '/static/wids.js';
import { faults } from '/static/wire.js';

/** How the server says that it was asked too much. */
const REFUSED = { errorCode: 429, errorText: 'rate-overlimit' };

export class USyncUser {
  withPhone(phone) {
    this.phone = phone;
    return this;
  }
}

export class USyncQuery {
  #users = [];
  #protocols = new Set();

  withContactProtocol() {
    this.#protocols.add('contact');
    return this;
  }

  withLidProtocol() {
    this.#protocols.add('lid');
    return this;
  }

  withUser(user) {
    this.#users.push(user);
    return this;
  }

  async execute() {
    const numbers = this.#users.map(({ phone }) => phone.replace(/\D/g, ''));
    if (numbers.some((number) => faults.refused_numbers.includes(number))) return { list: [], error: { all: REFUSED } };
    const list = [];
    for (const [index, { phone }] of this.#users.entries()) {
      const number = numbers[index];
      if (faults.unanswered_numbers.includes(number)) continue;
      const wid = `${number}@c.us`;
      const { found } = await request({ t: 'exists', wid });
      const lid = found && this.#protocols.has('lid') ? { lid: found.lid } : {};
      list.push({ id: createWid(wid), contact: { type: found ? 'in' : 'out', content: phone }, ...lid });
    }
    return { list, error: {} };
  }
}

export async function createLidPnMappings({ mappings }) {
  for (const { pn, lid } of mappings) await learn({ lid: String(lid), phone: String(pn) });
}
