// The phone: shows the simulator's state of an account, and does what the account's owner could do.
import { $, act, ask, button, choice, element } from '/phone/control.js';
import { show } from '/phone/chats.js';
import { showFaults } from '/phone/faults.js';

/** The account on screen: named in the address, so that two windows can be two phones. */
const account = (accounts) => accounts.find(({ phone }) => phone === location.hash.slice(1)) ?? accounts[0];
let phone = '';

function accountItem({ phone: number, name }) {
  return choice(number === phone, () => {
    location.hash = number;
  }, name ?? `+${number}`);
}

function deviceItem({ device, online, queued }) {
  const text = [online ? 'online' : 'offline', queued ? `${queued} waiting` : ''].filter(Boolean).join(', ');
  const dot = element('span', { className: online ? 'dot online' : 'dot' });
  const unlink = button('Unlink', () => act('unlink', { device }));
  return element('li', {}, element('span', {}, dot, `device ${device.split(':')[1]}: ${text}`), unlink);
}

function codeItem(code, i) {
  const scan = button('Scan', () => act('scan', { account: phone, code }));
  return element('div', { className: 'switch' }, scan, element('small', {}, `code ${i + 1}: ${code.slice(0, 14)}…`));
}

function status({ codes, network }, devices, { connections }) {
  if (network !== 'up') return 'The pages are cut off.';
  if (codes.length === 1) return 'A page shows a code.';
  if (codes.length > 1) return `${codes.length} pages show a code; the button takes the latest.`;
  if (devices.some(({ online }) => online)) return 'Linked and connected.';
  const waiting = connections.some(({ closed_at, device }) => closed_at === null && !device);
  return waiting ? 'A page is open but shows no code: not yet, or its codes have run out.' : 'No page is open.';
}

async function refresh() {
  // The record comes first: a change during the other requests has a newer version, and is read again.
  const record = await ask('record');
  const state = await ask('state');
  const me = account(state.accounts);
  phone = me.phone;
  const chats = await ask(`chats?account=${phone}`);
  const devices = state.devices.filter((device) => device.phone === phone);
  $('accounts').replaceChildren(...state.accounts.map(accountItem));
  $('name').textContent = me.name ?? 'Account';
  $('number').textContent = `+${phone}`;
  $('initial').textContent = (me.name ?? phone).slice(0, 1).toUpperCase();
  $('status').textContent = status(state, devices, record);
  $('scan').disabled = state.codes.length === 0;
  $('codes').replaceChildren(...(state.codes.length > 1 ? state.codes.map(codeItem) : []));
  $('conflict').disabled = !devices.some(({ online }) => online);
  $('devices').replaceChildren(...devices.map(deviceItem));
  show({ account: phone, accounts: state.accounts, people: state.people, chats });
  showFaults(state.faults, state.network);
  return record.version;
}

$('scan').addEventListener('click', () => act('scan', { account: phone }));
$('conflict').addEventListener('click', () => act('conflict', { account: phone }));
window.addEventListener('hashchange', refresh);

/** Makes a form run an operation on submit. */
function submits(id, operation, body) {
  $(id).addEventListener('submit', async (event) => {
    event.preventDefault();
    if (await act(operation, body(event.target))) event.target.reset();
  });
}

submits('paste', 'scan', ({ code }) => ({ account: phone, code: code.value }));
submits('pairing', 'pairing-code', ({ code }) => ({ code: code.value }));
submits('new-account', 'account', ({ number }) => ({ number: number.value }));

/** Follows the record: each answer comes with a change, but at most 5 s apart because a code can also expire. */
async function follow() {
  let lost = false;
  for (;;) {
    try {
      const version = await refresh();
      if (lost) $('problem').value = '';
      lost = false;
      await ask(`record?after=${version}&wait=5`);
    } catch (error) {
      lost = true;
      $('problem').value = `The simulator does not answer: ${error.message}`;
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

follow();
