// What the server has taken since the last look: for checks of calls that answer little themselves.
export class Since {
  #simulator;
  #actions = 0;
  #received = 0;

  constructor(simulator) {
    this.#simulator = simulator;
  }

  /** The next action of the page, once the server has it. */
  async action() {
    const { actions } = await this.#simulator.recordWhen('an action', (record) => record.actions.length > this.#actions);
    this.#actions += 1;
    return actions[this.#actions - 1];
  }

  /** The next message of the page, once the server has it. */
  async message() {
    const { received } = await this.#simulator.recordWhen('a message', (record) => record.received.length > this.#received);
    this.#received += 1;
    return received[this.#received - 1];
  }

  /** A group as the server has it, once it is so. */
  async group(id, condition) {
    const find = ({ groups }) => groups.find((group) => group.id === id);
    return find(await this.#simulator.recordWhen('the group', (record) => condition(find(record))));
  }
}
