// The inbox: the list of chats beside one conversation; on a narrow screen one of the two at a time.

import * as chats from './chats.js';
import * as composer from './composer.js';
import { contents } from './contents.js';
import * as conversation from './conversation.js';
import { $ } from './elements.js';
import * as sums from './sums.js';
import { t } from './words.js';

/** Whether the inbox is what the page shows. */
let active = false;

export const isActive = () => active;

/** Reads again what is shown. */
export async function refresh() {
  if (!active) return;
  await Promise.all([chats.refresh(), conversation.refresh()]);
}

async function choose(chat) {
  composer.clear();
  chats.select(chat.chat_id);
  const opening = conversation.open(chat);
  $('inbox').dataset.open = 'talk';
  $('talk-title').focus();
  await opening;
}

/** Goes back to the list of chats. */
function back() {
  conversation.close();
  composer.clear();
  delete $('inbox').dataset.open;
  chats.focus();
  chats.select(null);
}

export function happened(event) {
  if (sums.happened(event) && active) conversation.render();
}

/** The log is not the one that was read. */
export function reset() {
  conversation.reset();
}

export function render(status) {
  composer.render(status);
}

/** Draws what is known anew: in another language, or with the contents shown or hidden. */
export function redraw() {
  $('inbox-reveal').textContent = t(contents.shown ? 'messages.hide' : 'messages.show');
  chats.render();
  conversation.render();
  composer.show();
}

/** Shows the inbox or leaves it. */
export function activate(on) {
  active = on;
  if (on) redraw();
}

/** Nothing is kept of what only those with the token may see. */
export function clear() {
  active = false;
  conversation.close();
  chats.clear();
  composer.render(null);
  composer.clear();
  delete $('inbox').dataset.open;
}

/** `again` reads the status and what is shown. */
export function listen(again) {
  chats.listen(choose);
  conversation.listen((message) => composer.reply(message));
  composer.listen(async () => {
    conversation.toEnd();
    await conversation.refresh().catch(again);
  });
  contents.follow(redraw);
  $('inbox-reveal').addEventListener('click', () => contents.show(!contents.shown));
  $('talk-back').addEventListener('click', back);
  $('talk-pane').addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.defaultPrevented) back();
  });
}
