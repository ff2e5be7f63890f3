// The operator page: reads `/status` whenever `/events` says that something happened, and every few seconds besides.

import { Refused, get, token } from './api.js';
import * as deliveries from './deliveries.js';
import { $, busy, say } from './elements.js';
import * as inbox from './inbox.js';
import * as link from './link.js';
import * as messages from './messages.js';
import * as sending from './sending.js';
import * as session from './session.js';
import { Stream } from './stream.js';
import * as words from './words.js';

/** Between two looks: backlogs have no events; without the stream these looks are all there is. */
const LOOK_MS = { followed: 10_000, unfollowed: 4_000, soon: 2_000, hidden: 30_000 };
/** Messages that come together are read together. */
const GATHER_MS = 250;
/** Events whose data the inbox shows; the others say only that there is something to read. */
const SUMMED = ['message_reaction', 'message_vote'];

let status = null;
let stream = null;
let following = false;
let answered = true;
/** Why the service gives no status, where it says so. */
let refusal = '';
let looking = null;
let queued = null;
let next = 0;
let due = Infinity;
let gathering = 0;
let wanted = false;

/** Runs the look that is asked for while one is under way after it, once. */
function look() {
  if (looking) {
    queued ??= looking.then(() => {
      queued = null;
      return look();
    });
    return queued;
  }
  looking = once().finally(() => { looking = null; });
  return looking;
}

async function once() {
  later(Infinity);
  const asked = token.get();
  try {
    const read = await get('status');
    // The token is another one meanwhile: what it gave is not shown.
    if (asked !== token.get()) return;
    status = read;
    answered = true;
    show();
    follow();
  } catch (error) {
    if (asked !== token.get()) return;
    if (error instanceof Refused && error.status === 401) return prompt(asked);
    answered = false;
    refusal = error instanceof Refused ? words.wrong(error) : '';
    show();
  }
  later(pause());
}

/** Looks again after so many milliseconds, or never. */
function later(ms) {
  clearTimeout(next);
  due = performance.now() + ms;
  if (ms !== Infinity) next = setTimeout(() => { look(); if (!following) gather(); }, ms);
}

function pause() {
  if (document.hidden) return LOOK_MS.hidden;
  if (answered && status?.reconciling) return LOOK_MS.soon;
  return following ? LOOK_MS.followed : LOOK_MS.unfollowed;
}

function show() {
  $('prompt').hidden = true;
  view();
  $('lock').hidden = token.get() === null;
  session.render(answered ? status : null, refusal);
  // What was true a while ago is not said to be so now.
  $('deliveries').hidden = !answered;
  if (answered) deliveries.render(status.deliveries);
  sending.render(answered ? status : null);
  inbox.render(answered ? status : null);
  live();
}

/** Shows the board or the inbox. */
function view() {
  $('board').hidden = inbox.isActive();
  $('inbox').hidden = !inbox.isActive();
  $('views').hidden = false;
  $('view-board').setAttribute('aria-pressed', String(!inbox.isActive()));
  $('view-inbox').setAttribute('aria-pressed', String(inbox.isActive()));
}

function change(toInbox) {
  inbox.activate(toInbox);
  view();
  if (toInbox) gather();
}

function live() {
  const word = !answered ? 'lost' : following ? 'on' : 'off';
  $('live').dataset.live = word;
  say($('live'), $('views').hidden ? '' : words.t(`live.${word}`));
}

/** A browser has few connections to one host: a page that nobody looks at leaves its own to others. */
function follow() {
  if (stream || document.hidden) return;
  gather();
  stream = new Stream((event, data) => {
    if (event === 'unauthorized') return prompt(token.get());
    if (event === 'presence') return undefined;
    if (event === 'open' || event === 'closed') following = event === 'open';
    if (event === 'reset') for (const part of [messages, inbox]) part.reset();
    if (SUMMED.includes(event)) inbox.happened(parsed(data));
    if (event.startsWith('message') || event === 'reset' || event === 'open') gather();
    // What became of it at the targets is known a little later.
    if (!event.startsWith('message')) look();
    else if (due > performance.now() + LOOK_MS.soon) later(LOOK_MS.soon);
  });
}

function parsed(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

function unfollow() {
  stream?.close();
  stream = null;
  following = false;
}

function gather() {
  wanted = true;
  gathering ||= setTimeout(async () => {
    wanted = false;
    try {
      await Promise.all([messages.refresh(), inbox.refresh()]);
    } catch (error) {
      // The look at the status says what is wrong; the next event or look tries again.
      if (!(error instanceof Refused)) look();
    } finally {
      gathering = 0;
      // Something came while the messages were read.
      if (wanted) gather();
    }
  }, GATHER_MS);
}

/** Asks for the token; one that was sent was wrong. */
function prompt(sent) {
  unfollow();
  later(Infinity);
  token.forget();
  status = null;
  for (const part of [session, deliveries, messages, sending, inbox]) part.clear();
  for (const part of ['board', 'inbox', 'views']) $(part).hidden = true;
  $('prompt').hidden = false;
  $('lock').hidden = true;
  document.title = `${words.t('token.title')} · WhatsApp`;
  live();
  refuse(sent ? words.t('token.wrong') : '');
  if (!sent) $('announcement').textContent = words.t('token.needed');
}

function refuse(sentence) {
  say($('token-error'), sentence);
  if (sentence) $('token').setAttribute('aria-invalid', 'true');
  else $('token').removeAttribute('aria-invalid');
  $('token').select();
  $('token').focus();
}

async function enter() {
  const typed = $('token').value.trim();
  if (!typed) return refuse(words.t('token.empty'));
  token.set(typed);
  await look();
  if (token.get() === typed) {
    $('token').value = '';
    $('title').focus();
  }
}

function translate() {
  $('language').textContent = words.t('language.other');
  $('language').lang = words.language === 'es' ? 'en' : 'es';
  if (!$('prompt').hidden) document.title = `${words.t('token.title')} · WhatsApp`;
  $('language').title = words.t('language.switch');
}

function listen() {
  session.listen(look);
  deliveries.listen(look);
  messages.listen();
  sending.listen(look);
  inbox.listen(look);
  $('view-board').addEventListener('click', () => change(false));
  $('view-inbox').addEventListener('click', () => change(true));
  $('token-form').addEventListener('submit', (event) => {
    event.preventDefault();
    busy($('token-form'), enter);
  });
  $('lock').addEventListener('click', () => prompt(null));
  $('language').addEventListener('click', async () => {
    await words.change();
    translate();
    if ($('prompt').hidden) show();
    messages.render();
    inbox.redraw();
    refreshError();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) unfollow();
    else look();
  });
  setInterval(link.tick, 250);
}

function refreshError() {
  if (!$('prompt').hidden && $('token-error').textContent) say($('token-error'), words.t('token.wrong'));
}

await words.start();
translate();
listen();
await look();
