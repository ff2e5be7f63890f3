// The session: its state in words, what to do next, and the buttons that do it.

import { post } from './api.js';
import { now } from './clock.js';
import { $, busy, make, say } from './elements.js';
import * as link from './link.js';
import { clock, has, relative, t, wrong } from './words.js';

/** The colour and the sign of a state, which says the same without colour. */
const TONES = {
  INIT: 'wait', QR_REQUIRED: 'act', AUTHENTICATED: 'wait', READY: 'ok',
  RECONNECTING: 'lost', DISCONNECTED: 'idle', ERROR: 'bad', UNREACHABLE: 'bad',
};
/** Only POST /connect leaves these: trying again by itself cannot mend them. */
const PERMANENT = [
  'BROWSER_NOT_FOUND', 'BROWSER_REFUSED', 'SURFACE_CHANGED', 'ACCOUNT_BLOCKED', 'PROXY_BLOCKED', 'PROFILE_IN_USE', 'NO_DISPLAY',
];
/** In these no browser runs. */
const STOPPED = ['DISCONNECTED', 'ERROR'];

let status = null;
let announced = '';

function nextStep({ state, reason, reconciling }) {
  if (state === 'READY' && reconciling) return t('state.READY.reconciling');
  if (state === 'ERROR' && PERMANENT.includes(reason)) return t('state.ERROR.permanent');
  if (state === 'ERROR' && !reason) return t('state.ERROR.start');
  return t(`state.${state}.next`);
}

/** Why it is where it is: of no interest where all is well. */
function why({ state, reason }) {
  return reason && state !== 'READY' && has(`reason.${reason}`) ? t(`reason.${reason}`) : '';
}

/** WhatsApp's own limits on this account, and until when. */
function limits({ new_chats: chats, timelock, ban }) {
  const until = (time) => (time ? t('limit.until', { at: clock(time) }) : '');
  const said = [];
  if (chats && chats.status !== 'NONE') {
    const key = chats.status === 'CAPPED' ? 'limit.capped' : 'limit.warned';
    const count = chats.quota === null ? '' : t('limit.count', { used: chats.used ?? '?', quota: chats.quota });
    said.push([t(key), count, until(chats.until)]);
  }
  if (timelock) said.push([t('limit.timelock'), until(timelock.until)]);
  if (ban) said.push([t('limit.ban'), until(ban.until)]);
  return said.map((words) => words.filter(Boolean).join(' ')).join(' · ');
}

/** Nothing beside the code while a phone is to be linked. */
function facts({ account, since, reconnection_attempts: attempts, send, cliente_id: client, ...rest }) {
  const sending = send.mode === 'live' && !send.available ? 'closed' : send.mode;
  const versions = [rest.whatsapp_web_version && `WhatsApp Web ${rest.whatsapp_web_version}`, rest.browser_version];
  const known = {
    account: account && [account.pushname, account.phone && `+${account.phone}`, account.platform].filter(Boolean).join(' · '),
    since: relative(Date.parse(since), now()),
    attempts: attempts > 0 && String(attempts),
    send: account && [t(`send.${sending}`), send.queued > 0 && t('send.queued', { n: send.queued })].filter(Boolean).join(' · '),
    limits: limits(rest.limits),
    client,
    versions: versions.filter(Boolean).join(' · '),
  };
  return Object.entries(known).filter(([, value]) => value).map(([name, value]) => make('div', { children: [
    make('dt', { textContent: t(`fact.${name}`) }),
    make('dd', { children: [make('bdi', { textContent: value })] }),
  ] }));
}

/** What the service says itself, where something is wrong: it may know more, such as which part is missing. */
function detail({ state, detail: sentence, send, reconnection_attempts: attempts }) {
  if (state === 'READY') return (send.mode !== 'off' && !send.available && send.reason) || sentence;
  // Without a reason there is no session yet, and only this sentence says what the start waits for.
  if (state === 'ERROR' && !status.reason) return sentence;
  const troubled = state === 'ERROR' || state === 'INIT' || (state === 'RECONNECTING' && attempts > 0);
  return troubled && why(status) ? sentence : '';
}

/** Shows a status; null where the service gives none, and why. */
export function render(latest, refusal) {
  status = latest;
  const state = status?.state ?? 'UNREACHABLE';
  const title = t(`state.${state}.title`);
  const step = status ? nextStep(status) : t('state.UNREACHABLE.next');
  $('session').dataset.tone = TONES[state];
  $('sign').setAttribute('href', `#sign-${TONES[state]}`);
  $('state').textContent = status ? state : '';
  $('title').textContent = title;
  $('next').textContent = step;
  say($('why'), status ? why(status) : refusal);
  document.title = `${title} · WhatsApp`;
  $('facts').replaceChildren(...(status && state !== 'QR_REQUIRED' ? facts(status) : []));
  say($('detail'), status ? detail(status) : '');
  link.render(status);
  buttons(state);
  announce([title, $('why').textContent, step].filter(Boolean).join('. '), state);
}

function buttons(state) {
  const focused = document.activeElement;
  $('connect').hidden = !STOPPED.includes(state);
  $('connect').textContent = t(status?.reason === 'CONFLICT' ? 'do.take' : 'do.connect');
  $('disconnect').hidden = !status || state === 'DISCONNECTED';
  // Before a phone is linked there is nothing to unlink.
  $('logout').hidden = !status || state === 'QR_REQUIRED' || state === 'INIT' || (status.reason === 'LOGGED_OUT');
  // Who works without a mouse is not thrown to the top of the page.
  if (focused !== document.body && focused?.closest('[hidden]')) $('title').focus();
}

/** Told once for each state, not with every second. */
function announce(text, state) {
  if (announced === text) return;
  if (announced && !announced.startsWith(t(`state.${state}.title`))) say($('problem'), '');
  announced = text;
  $('announcement').textContent = text;
}

/** Whoever waits for the answer to the question on the screen. */
let asked = null;

function answer(yes) {
  $('confirm').close();
  asked?.(yes);
  asked = null;
}

/**
 * Asks before something that cannot be taken back; true when it may be done. The browser tells of a dialog that Escape
 * closed a moment later than it closes it: by then the same question may be on the screen again.
 */
function confirmed(what, yes) {
  asked?.(false);
  $('confirm-title').textContent = t(`confirm.${what}.title`);
  $('confirm-text').textContent = t(`confirm.${what}.text`);
  $('confirm-yes').textContent = yes;
  $('confirm').showModal();
  $('confirm-no').focus();
  return new Promise((resolve) => {
    asked = resolve;
  });
}

async function logOut() {
  try {
    return await post('logout');
  } catch (error) {
    if (error.code !== 'NOT_CONNECTED') throw error;
    return await confirmed('force', t('confirm.force.yes')) ? post('logout', { force: true }) : undefined;
  }
}

/** `changed` is told when there is a new status to read. */
export function listen(changed) {
  const runs = (id, work) => busy($(id), async () => {
    say($('problem'), '');
    say($('notice'), '');
    try {
      const said = await work();
      if (said?.phone_still_lists_device) say($('notice'), t('logout.still'));
    } catch (error) {
      say($('problem'), wrong(error));
    }
    await changed();
  });
  // A button is busy with what it does, not with the question: whoever said no may press it again at once.
  const asks = (id, work) => $(id).addEventListener('click', async () => {
    if (await confirmed(id, t(`do.${id}`))) await runs(id, work);
  });
  $('connect').addEventListener('click', () => runs('connect', () => post('connect')));
  asks('disconnect', () => post('disconnect'));
  asks('logout', logOut);
  $('confirm-no').addEventListener('click', () => answer(false));
  $('confirm-yes').addEventListener('click', () => answer(true));
  $('confirm').addEventListener('close', () => {
    if (!$('confirm').open) answer(false);
  });
  link.listen();
}

/** Nothing is kept of what only those with the token may see. */
export function clear() {
  status = null;
  announced = '';
  answer(false);
  say($('problem'), '');
  say($('notice'), '');
  for (const part of ['state', 'title', 'next', 'why', 'detail', 'facts']) $(part).textContent = '';
  link.render(null);
}
