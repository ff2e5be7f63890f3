// A test message, to see that sending works. It is an ordinary message: all limits of /send hold for it.

import { post } from './api.js';
import { $, busy, say } from './elements.js';
import { clock, t, wrong } from './words.js';

/** The service's client, which some services want named. */
let client = null;
/** The idempotency key of what is in the fields: pressed again after an answer that was lost, it is sent once. */
let key = null;

export function render(status) {
  client = status?.cliente_id ?? null;
  $('test-open').hidden = status?.state !== 'READY' || !status.send.available;
}

function open() {
  key = null;
  say($('test-problem'), '');
  say($('test-result'), '');
  $('test-text').value ||= t('test.default');
  $('test').showModal();
  $('test-number').focus();
}

async function send() {
  say($('test-problem'), '');
  say($('test-result'), '');
  key ??= `page-${crypto.getRandomValues(new BigUint64Array(2)).join('-')}`;
  const message = { number: $('test-number').value.trim(), message: $('test-text').value.trim(), idempotency_key: key };
  try {
    const sent = await post('send', client === null ? message : { ...message, cliente_id: client });
    key = null;
    say($('test-result'), t(sent.dry_run ? 'test.dry' : 'test.sent', { to: sent.to, at: clock(sent.timestamp) }));
  } catch (error) {
    // Refused: the next press is another message. Whether a lost one arrived is not known: it keeps its key.
    if (!['UNREACHABLE', 'SEND_UNCONFIRMED'].includes(error.code)) key = null;
    say($('test-problem'), wrong(error));
  }
}

/** Nothing is kept of what only those with the token may see. */
export function clear() {
  render(null);
  $('test').close();
  $('test-form').reset();
}

/** `changed` is told when there is a new status to read. */
export function listen(changed) {
  $('test-open').addEventListener('click', open);
  $('test-close').addEventListener('click', () => $('test').close());
  $('test').addEventListener('close', changed);
  for (const field of ['test-number', 'test-text']) {
    $(field).addEventListener('input', () => {
      key = null;
      say($('test-problem'), '');
    });
  }
  $('test-form').addEventListener('submit', (event) => {
    event.preventDefault();
    busy($('test-send'), send);
  });
}
