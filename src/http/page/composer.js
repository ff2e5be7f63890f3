// The box that sends a test message into the open chat: words, a file, a reply. It is an ordinary message: all limits of
// /send hold for it.

import { post, upload } from './api.js';
import { author, brief } from './bubble.js';
import { contents } from './contents.js';
import { opened } from './conversation.js';
import { $, busy, say } from './elements.js';
import { size, t, wrong } from './words.js';

/** The service's client, which some services want named. */
let client = null;
let ready = false;
/** The message that is replied to. */
let answered = null;
/** The idempotency key of what is in the box: pressed again after an answer that was lost, it is sent once. */
let key = null;
/** The file that the service has already, so that trying again sends no bytes a second time. */
let stored = null;

export function render(status) {
  client = status?.cliente_id ?? null;
  ready = status?.state === 'READY' && status.send.available;
  show();
}

/** Shows the box as it is now, also in another language. */
export function show() {
  for (const part of ['write-text', 'write-file', 'write-send']) $(part).disabled = !ready;
  say($('write-closed'), ready ? '' : t('write.closed'));
  $('write-reply').hidden = answered === null;
  const quoted = answered && (contents.shown ? `${author(answered)}: ${brief(answered)}` : t('messages.hidden'));
  $('write-quote').textContent = quoted ?? '';
  const [file] = $('write-file').files;
  say($('write-name'), file ? `${file.name} · ${size(file.size)}` : '');
  $('write-drop').hidden = !file;
}

/** What is in the box is another message now. */
function changed() {
  key = null;
  say($('write-problem'), '');
  say($('write-result'), '');
}

export function reply(message) {
  answered = message;
  changed();
  show();
  $('write-text').focus();
}

function drop() {
  $('write-file').value = '';
  stored = null;
  changed();
  show();
}

/** Empties the box; nothing is kept of another chat. */
export function clear() {
  answered = null;
  $('write').reset();
  drop();
}

/** The body of /send; the file is brought first. */
async function message(chat) {
  const [file] = $('write-file').files;
  const text = $('write-text').value.trim();
  if (file) stored ??= (await upload(file)).id;
  return {
    to: chat.chat_id, idempotency_key: key,
    ...(text && { message: text }), ...(file && { media: { id: stored } }),
    ...(answered && { reply_to: answered.id }), ...(client !== null && { cliente_id: client }),
  };
}

async function send(refresh) {
  const chat = opened();
  if (!chat || !ready) return;
  say($('write-problem'), '');
  say($('write-result'), '');
  if (!$('write-text').value.trim() && $('write-file').files.length === 0) {
    say($('write-problem'), t('code.INVALID_MESSAGE'));
    return;
  }
  key ??= `page-${crypto.getRandomValues(new BigUint64Array(2)).join('-')}`;
  try {
    const sent = await post('send', await message(chat));
    if (opened() === chat) clear();
    say($('write-result'), t(sent.dry_run ? 'write.dry' : 'write.sent'));
  } catch (error) {
    // Refused: the next press is another message. Whether a lost one arrived is not known: it keeps its key.
    if (!['UNREACHABLE', 'SEND_UNCONFIRMED'].includes(error.code)) key = null;
    // A file that the service no longer has is brought again.
    if (error.code === 'MEDIA_NOT_FOUND') stored = null;
    say($('write-problem'), wrong(error));
  }
  await refresh();
  $('write-text').focus();
}

/** `refresh` reads the conversation again. */
export function listen(refresh) {
  $('write').addEventListener('submit', (event) => {
    event.preventDefault();
    busy($('write-send'), () => send(refresh));
  });
  $('write-text').addEventListener('input', changed);
  $('write-text').addEventListener('keydown', (event) => {
    // Enter sends, except while an input method composes a word; Shift and Enter begin a line.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $('write').requestSubmit();
  });
  $('write-file').addEventListener('change', () => {
    stored = null;
    changed();
    show();
  });
  $('write-drop').addEventListener('click', () => {
    drop();
    $('write-file').focus();
  });
  $('write-unquote').addEventListener('click', () => {
    answered = null;
    changed();
    show();
    $('write-text').focus();
  });
}
