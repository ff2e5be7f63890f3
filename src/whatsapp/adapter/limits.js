// WhatsApp's own limits on writing to people who do not know this account: a cap on new chats, and a time without any.
// The page enforces both on its screen only.
(function limits(page) {
  'use strict';
  const { push, guarded, attempt, has } = page;

  const forms = {
    cap: ['limits', ['WAWebIndividualNewChatMessageCappingLimitUtils', (m) => m.getCappingData && m]],
    cap_in_force: ['limits', ['WAWebIndividualNewChatMessageCappingLimitGatingUtils', (m) => m.isIndividualNewChatMessageCappingEnabled && m]],
    timelock: ['limits', ['WAWebReachoutTimelockUtils', (m) => m.isUserReachoutTimelocked && m]],
    prefs: ['limits', ['WAWebUserPrefsIndexedDBStorage', (m) => m.userPrefsIdb]],
  };

  const TIMELOCK_KEY = 'WAReachoutTimelockState';
  const seconds = (value) => (Number(value) > 0 ? Math.trunc(Number(value)) : null);

  function newChats() {
    const isInForce = attempt(() => has('cap_in_force').isIndividualNewChatMessageCappingEnabled());
    const data = isInForce ? attempt(() => has('cap').getCappingData()) : null;
    if (!data) return null;
    const until = seconds(data.cycle_end_timestamp);
    // The page puts the status back only when it looks at a cycle that is over.
    const status = until !== null && until < Date.now() / 1000 ? 'NONE' : String(has('cap').getCappingStatus());
    return { status, used: Number(data.used_quota) || 0, quota: Number(data.total_quota) || 0, until_s: until };
  }

  function timelock() {
    if (!attempt(() => has('timelock').isUserReachoutTimelocked())) return null;
    const state = attempt(() => has('prefs').get(TIMELOCK_KEY)) ?? {};
    // The page keeps milliseconds.
    const until = seconds(Number(state.time_enforcement_ends) / 1000);
    if (until !== null && until < Date.now() / 1000) return null;
    return { kind: String(state.enforcement_type ?? 'DEFAULT'), until_s: until };
  }

  /** Whether a limit holds for this chat now. Whoever has written to us, or knows us otherwise, is not concerned. */
  page.restricted = (wid, chat) => {
    if (wid.server === 'g.us') return null;
    const contact = chat?.contact ?? attempt(() => has('contacts').get(wid));
    const isFree = (module, test) => Boolean(contact) && attempt(() => module[test]({ chat, contact })) === true;
    const locked = timelock();
    if (locked && !isFree(has('timelock'), 'canSendMsgWhileTimelocked')) return { kind: 'timelock', until_s: locked.until_s };
    const cap = newChats();
    if (cap?.status === 'CAPPED' && !isFree(has('cap'), 'canSendMsgWhileCapped')) return { kind: 'new_chats', until_s: cap.until_s };
    return null;
  };

  let last = '';

  /** Before the account's settings have been read from storage, the page knows of no limit. */
  function tell() {
    if (!has('cap') || !has('timelock') || has('socket')?.stream !== 'CONNECTED') return;
    const present = { new_chats: newChats(), timelock: timelock() };
    const text = JSON.stringify(present);
    if (text === last) return;
    last = text;
    push('limits', present);
  }

  const EVENTS = ['reachout_timelock_state_change', 'new_chat_message_capping_state_change', 'offline_delivery_end_from_bridge'];
  const listeners = {
    command: (command) => EVENTS.forEach((event) => command.on(event, guarded('limits', tell))),
    socket: (socket) => socket.on('change:stream', guarded('limits', tell)),
  };

  return { forms, listeners, calls: {}, looks: { limits: tell } };
})
