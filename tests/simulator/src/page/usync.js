// Questions about many numbers at once. What they answer is known to the page only once it is told to remember it.
import { request } from '/static/connection.js';
import { learn } from '/static/people.js';
import { createWid } from '/static/wids.js';
import { faults } from '/static/wire.js';

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
    const list = [];
    for (const { phone } of this.#users) {
      const number = phone.replace(/\D/g, '');
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
