// The phone: shows what the simulator knows, and does what a person could do to it.

const $ = (id) => document.getElementById(id);
/** How many messages of a chat are shown. */
const SHOWN = 30;
const TICKS = { '-1': '✗', 0: '…', 1: '✓', 2: '✓✓', 3: '✓✓ read', 4: '✓✓ played' };

async function ask(path, options) {
  const answer = await fetch(`/control/${path}`, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error);
  return body;
}

async function act(operation, body = {}) {
  try {
    await ask(operation, { method: 'POST', body: JSON.stringify(body) });
    $('problem').value = '';
    return true;
  } catch (error) {
    $('problem').value = error.message;
    return false;
  } finally {
    // Also after a refusal: a select must go back to what is so.
    await refresh();
  }
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function button(text, click) {
  const made = element('button', { type: 'button', textContent: text });
  made.addEventListener('click', click);
  return made;
}

function deviceItem({ device, online, queued }) {
  const state = online ? 'online' : 'offline';
  const text = queued ? `${device}: ${state}, ${queued} waiting` : `${device}: ${state}`;
  return element('li', {}, text, button('Unlink', () => act('unlink', { device })));
}

function messageItem(message, writer) {
  const mine = message.fromMe;
  const text = message.body || message.fields?.caption || '';
  const note = [new Date(message.t * 1000).toLocaleTimeString(), mine && TICKS[message.ack]].filter(Boolean).join(' ');
  return element(
    'div',
    { className: mine ? 'message mine' : 'message' },
    writer ? element('b', {}, writer) : '',
    message.type === 'chat' ? text : `[${message.type}] ${text}`.trim(),
    element('small', {}, note),
  );
}

/** Who wrote a message of a group. */
function writer({ fromMe, participant }, people) {
  if (fromMe || !participant) return '';
  const person = people.find(({ lid }) => lid === participant);
  return person?.name ?? person?.phone.replace('@c.us', '') ?? participant;
}

function chatItem({ chat, phone, name, messages }, people) {
  const title = [name, phone ?? chat].filter(Boolean).join(' · ');
  const items = messages.slice(-SHOWN).map((message) => messageItem(message, writer(message, people)));
  return element('article', { className: 'chat' }, element('h3', {}, title), ...items);
}

function status({ code, network }, { connections }) {
  if (network !== 'up') return 'The page is cut off, see “At once”.';
  if (code) return 'A page shows a code.';
  const live = connections.filter(({ closed_at }) => closed_at === null);
  if (live.some(({ device }) => device)) return 'A linked page is connected.';
  if (live.length > 0) return 'A page is connected but shows no code: not yet, or its codes have run out.';
  return 'No page is connected.';
}

/** Whether the value of a fault is another than when nothing is broken. */
function isBroken(value) {
  if (value !== null && typeof value === 'object') return Object.keys(value).length > 0;
  return Boolean(value) && value !== 'none';
}

function showFaults(faults) {
  const form = $('faults');
  // What the person is changing now must not be overwritten.
  if (form.contains(document.activeElement)) return;
  form.send.value = faults.send;
  form.server.value = faults.server;
  form.socket_state.value = faults.socket_state ?? '';
  form.missing_modules.value = faults.missing_modules.join(', ');
  form.slow_boot_ms.value = faults.slow_boot_ms;
  form.refuse_link.checked = faults.refuse_link;
}

async function refresh() {
  // First the record: what changes during the rest is beyond its version, and read again.
  const record = await ask('record');
  const [state, chats] = await Promise.all([ask('state'), ask('chats')]);
  $('number').textContent = `+${state.phone}`;
  $('status').textContent = status(state, record);
  $('scan').disabled = !state.code;
  $('conflict').disabled = !state.devices.some((device) => device.online);
  $('network').value = state.network;
  $('mend').disabled = state.network === 'up' && !Object.values(state.faults).some(isBroken);
  $('devices').replaceChildren(...state.devices.map(deviceItem));
  const none = element('p', {}, 'No messages yet.');
  $('chats').replaceChildren(...(chats.length > 0 ? chats.map((chat) => chatItem(chat, state.people)) : [none]));
  showFaults(state.faults);
  return record.version;
}

$('scan').addEventListener('click', () => act('scan'));
$('conflict').addEventListener('click', () => act('conflict'));
$('busy').addEventListener('click', () => act('busy', { ms: 5000 }));
  $('network').addEventListener('change', ({ target }) => act('network', { network: target.value }));
$('mend').addEventListener('click', async () => {
  if (await act('network', { network: 'up' })) await act('faults', { reset: true });
});

$('pairing').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;
  if (await act('pairing-code', { code: form.code.value })) form.reset();
});

$('write').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { number, body } = event.target;
  const operation = event.submitter?.value ?? 'incoming';
  const other = operation === 'incoming' ? { from: number.value } : { to: number.value };
  if (await act(operation, { ...other, body: body.value })) body.value = '';
});

$('faults').addEventListener('submit', (event) => {
  event.preventDefault();
  const form = event.target;
  document.activeElement.blur();
  act('faults', {
    send: form.send.value,
    server: form.server.value,
    socket_state: form.socket_state.value || null,
    missing_modules: form.missing_modules.value.split(/[\s,]+/).filter(Boolean),
    slow_boot_ms: Number(form.slow_boot_ms.value),
    refuse_link: form.refuse_link.checked,
  });
});

/** Follows the record: each answer comes when something has changed. A code can also run out, so at most 5 s apart. */
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
