// Linking the phone: the code as it rotates, or a code to type for a phone number.

import { post, remove } from './api.js';
import { now } from './clock.js';
import { $, busy, say } from './elements.js';
import { t, wrong } from './words.js';

let shown = null;
let paired = null;
let byNumber = false;

/** Shows what the status says of the code. */
export function render(status) {
  const waiting = status?.state === 'QR_REQUIRED';
  if (!waiting) forget();
  shown = waiting && status.qr ? status.qr : null;
  $('scan').hidden = !waiting || byNumber;
  $('pair').hidden = !waiting || !byNumber;
  $('paired').hidden = paired === null;
  $('qr-wait').hidden = shown !== null;
  $('qr').hidden = shown === null;
  if (shown) {
    if ($('qr').src !== status.qr_code_base64) $('qr').src = status.qr_code_base64;
    $('qr').alt = t('qr.alt', { n: shown.attempt });
  } else {
    // What was on the screen is a secret as long as it is valid.
    $('qr').removeAttribute('src');
  }
  spell();
  tick();
}

/** Once the phone is linked nothing of it is kept. */
function forget() {
  paired = null;
  byNumber = false;
  $('phone').value = '';
  say($('phone-error'), '');
}

function spell() {
  $('pair-code').textContent = paired?.display ?? '';
  // Read letter by letter, not as a word.
  $('pair-code').setAttribute('aria-label', paired ? t('pair.spelled', { code: [...paired.code].join(' ') }) : '');
}

/** Whole seconds left by the service's clock, and which part of the whole that is. */
function left(expires, generated) {
  const [end, start] = [Date.parse(expires), Date.parse(generated)];
  const rest = Math.max(0, end - now());
  return { seconds: Math.ceil(rest / 1000), part: Math.min(1, rest / Math.max(1, end - start)) };
}

function count(element, { part }, text) {
  element.querySelector('.rest').setAttribute('stroke-dasharray', `${part * 100} 100`);
  const timer = element.querySelector('[role=timer]');
  if (timer.textContent !== text) timer.textContent = text;
}

/** Counts down; called every second. */
export function tick() {
  $('qr-left').hidden = shown === null;
  if (shown) {
    const rest = left(shown.expires_at, shown.generated_at);
    const key = rest.seconds > 0 ? 'qr.left' : 'qr.soon';
    $('qr').classList.toggle('stale', rest.seconds === 0);
    count($('qr-left'), rest, t(key, { attempt: shown.attempt, n: rest.seconds }));
  }
  if (paired) {
    const rest = left(paired.expires_at, paired.asked_at);
    $('pair-code').classList.toggle('stale', rest.seconds === 0);
    count($('pair-left'), rest, rest.seconds > 0 ? t('pair.left', { n: rest.seconds }) : t('pair.over'));
  }
}

async function ask() {
  say($('phone-error'), '');
  $('phone').removeAttribute('aria-invalid');
  try {
    const given = await post('pairing-code', { phone_number: $('phone').value.trim() });
    paired = { ...given, asked_at: new Date(now()).toISOString() };
    $('paired').hidden = false;
    spell();
    tick();
    $('pair-code').focus();
  } catch (error) {
    say($('phone-error'), wrong(error));
    $('phone').setAttribute('aria-invalid', 'true');
    $('phone').focus();
  }
}

/** A phone that was given a pairing code takes no other until that one is dropped. */
async function drop() {
  if (!paired) return;
  paired = null;
  $('paired').hidden = true;
  spell();
  // What fails here ends by itself when the pairing code has run out.
  await remove('pairing-code').catch(() => {});
}

function choose(number) {
  byNumber = number;
  $('scan').hidden = number;
  $('pair').hidden = !number;
  (number ? $('phone') : $('by-number')).focus();
}

export function listen() {
  $('by-number').addEventListener('click', () => choose(true));
  $('by-code').addEventListener('click', () => {
    choose(false);
    drop();
  });
  $('pair-form').addEventListener('submit', (event) => {
    event.preventDefault();
    busy(event.submitter ?? $('phone'), ask);
  });
}
