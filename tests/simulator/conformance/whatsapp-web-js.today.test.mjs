// whatsapp-web.js: what it relies on and the real page of August 2026 has no longer.
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { SILENCE_MS, fails } from './expected.mjs';
import { temporaryFolder } from './folder.mjs';
import { START_MS, Simulator } from './simulator.mjs';
import { Client } from './whatsapp-web-js.mjs';

const FRIEND = '5491122334455';

describe('whatsapp-web.js', () => {
  let simulator;
  let client;

  before(async () => {
    simulator = await Simulator.start();
    client = await new Client(simulator, temporaryFolder()).start();
    await simulator.scan();
    await client.events.first('ready');
  }, { timeout: START_MS });

  after(async () => {
    await client?.stop();
    await simulator?.stop();
  }, { timeout: START_MS });

  const lacking = 'WAWebMsgKey has no "_serialized"';

  fails('sendMessage: returns the Message', { lacking, error: /nothing was returned/ }, async () => {
    const { lid } = await simulator.control('person', { number: FRIEND });
    await client.library.getNumberId(FRIEND);
    const sent = await client.library.sendMessage(lid, 'hello from the library');
    const { received } = await simulator.recordWhen('the message', (record) => record.received.length > 0);
    assert.equal(received.length, 1);
    assert.ok(sent, 'nothing was returned');
  });

  fails('message: with a key', { lacking, error: /no such message/ }, async () => {
    const { message: key } = await simulator.control('incoming', { from: FRIEND, body: 'hello from the phone' });
    await client.events.first('message', ({ body }) => body === 'hello from the phone');
    await client.events.first('message', ({ id }) => id._serialized === key, SILENCE_MS);
  });
});
