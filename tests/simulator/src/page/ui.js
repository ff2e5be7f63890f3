// The parts that a person or a selector sees: the page that waits for a phone, and the list of chats.
import { config } from '/config.js';
import { Socket } from '/static/connection.js';
import { code, linking } from '/static/linking.js';
import { Chat } from '/static/chats.js';

const app = document.getElementById('app');

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function codeElement(text) {
  const hook = config.build.old_code_element ? {} : { 'data-testid': 'link-device-qr-code' };
  return element('div', { ...hook, 'data-ref': text, class: 'code' }, text);
}

const spinner = () => element('div', { 'data-testid': 'loading-spinner' }, '…');

function showLinkPage() {
  app.replaceChildren(
    element(
      'div',
      { class: 'landing', 'data-testid': 'link-device-screen' },
      element('h1', { 'data-testid': 'link-device-title' }, 'Link this page to a phone'),
      element('div', { 'data-testid': 'link-device-code-area' }, code() ? codeElement(code()) : spinner()),
      element('p', { 'data-testid': 'link-device-phone-number' }, 'Open the phone at /phone to scan this code.'),
    ),
  );
}

function showCode(text) {
  const area = app.querySelector('[data-testid="link-device-code-area"]');
  if (area) area.replaceChildren(text ? codeElement(text) : spinner());
  else if (text) showLinkPage();
}

let pane = null;

function rowText(chat) {
  const last = chat.msgs.last();
  return `${chat.formattedTitle}: ${last?.body ?? ''}`;
}

function fillPane() {
  if (!pane) return;
  pane.replaceChildren(...Chat.getModelsArray().map((chat) => element('div', { role: 'row' }, rowText(chat))));
}

// A burst of messages changes many chats at once: it is drawn once.
let drawing = false;

function drawSoon() {
  if (drawing) return;
  drawing = true;
  setTimeout(() => {
    drawing = false;
    fillPane();
  }, 50);
}

/** Follows the state of the page. */
export function mount() {
  linking.on('page', showLinkPage);
  linking.on('code', showCode);
  Socket.on('change:hasSynced', (_socket, synced) => {
    if (!synced || pane) return;
    pane = element('div', { id: 'pane-side', role: 'grid' });
    app.replaceChildren(pane);
    fillPane();
  });
  Chat.on('add change', drawSoon);
}
