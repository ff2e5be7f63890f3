// WhatsApp's own limits on messages to people who do not know this account: a cap on new chats, and a time without
// any. The page enforces both only in its user interface.
/** @type {Adapter.File} */
(function limits(page) {
  'use strict';
  const { from, whole, push, guarded, attempt, has, need } = page;

  /** @type {Adapter.Forms} */
  const forms = {
    cap: ['limits', whole('WAWebIndividualNewChatMessageCappingLimitUtils', 'getCappingData')],
    cap_in_force: ['limits', whole('WAWebIndividualNewChatMessageCappingLimitGatingUtils', 'isIndividualNewChatMessageCappingEnabled')],
    timelock: ['limits', whole('WAWebReachoutTimelockUtils', 'isUserReachoutTimelocked')],
    prefs: ['limits', from('WAWebUserPrefsIndexedDBStorage', (m) => m.userPrefsIdb)],
  };

  const TIMELOCK_KEY = 'WAReachoutTimelockState';
  /** @param {unknown} value */
  const seconds = (value) => (Number(value) > 0 ? Math.trunc(Number(value)) : null);

  function newChats() {
    const isInForce = attempt(() => need('cap_in_force').isIndividualNewChatMessageCappingEnabled());
    const data = isInForce ? attempt(() => need('cap').getCappingData()) : null;
    if (!data) return null;
    const until = seconds(data.cycle_end_timestamp);
    // The page resets the status only when it looks at a cycle that is over.
    const status = until !== null && until < Date.now() / 1000 ? 'NONE' : String(need('cap').getCappingStatus());
    return { status, used: Number(data.used_quota) || 0, quota: Number(data.total_quota) || 0, until_s: until };
  }

  function timelock() {
    if (!attempt(() => need('timelock').isUserReachoutTimelocked())) return null;
    const state = attempt(() => need('prefs').get(TIMELOCK_KEY));
    // The page stores milliseconds.
    const until = seconds(Number(state?.time_enforcement_ends) / 1000);
    if (until !== null && until < Date.now() / 1000) return null;
    return { kind: String(state?.enforcement_type ?? 'DEFAULT'), until_s: until };
  }

  /** The limit that applies to this chat now. People who wrote to this account, or know it otherwise, are exempt. */
  page.restricted = (wid, chat) => {
    if (wid.server === 'g.us') return null;
    const contact = chat?.contact ?? attempt(() => need('contacts').get(wid));
    /** @param {(about: { chat: WA.Chat | null, contact: WA.Contact }) => boolean} test */
    const isFree = (test) => contact !== null && attempt(() => test({ chat, contact })) === true;
    const locked = timelock();
    if (locked && !isFree((about) => need('timelock').canSendMsgWhileTimelocked(about))) {
      return { kind: 'timelock', until_s: locked.until_s };
    }
    const cap = newChats();
    if (cap?.status === 'CAPPED' && !isFree((about) => need('cap').canSendMsgWhileCapped(about))) {
      return { kind: 'new_chats', until_s: cap.until_s };
    }
    return null;
  };

  let last = '';

  /** Before the page has read the account's settings from storage, it knows of no limit. */
  function tell() {
    if (!has('cap') || !has('timelock') || has('socket')?.stream !== 'CONNECTED') return;
    const present = { new_chats: newChats(), timelock: timelock() };
    const text = JSON.stringify(present);
    if (text === last) return;
    last = text;
    push('limits', present);
  }

  /** @type {WA.CommandEvent[]} */
  const EVENTS = ['reachout_timelock_state_change', 'new_chat_message_capping_state_change', 'offline_delivery_end_from_bridge'];
  /** @type {Adapter.Listeners} */
  const listeners = {
    command: (command) => EVENTS.forEach((event) => command.on(event, guarded('limits', tell))),
    socket: (socket) => socket.on('change:stream', guarded('limits', tell)),
  };

  return { forms, listeners, calls: {}, looks: { limits: tell } };
})
