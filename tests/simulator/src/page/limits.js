// WhatsApp's own limits on messages to people who do not know this account. Only the page's user interface obeys them.
import { Cmd } from '/static/connection.js';
import { faults, wire } from '/static/wire.js';

const CAP_KEY = 'WANewChatMessageCappingData';
const TIMELOCK_KEY = 'WAReachoutTimelockState';

const cap = () =>
  faults.new_chats && {
    capping_status: faults.new_chats.status,
    used_quota: faults.new_chats.used,
    total_quota: faults.new_chats.quota,
    cycle_end_timestamp: faults.new_chats.until_s,
  };

const timelock = () =>
  faults.timelock && {
    state: 'VISIBLE',
    enforcement_type: faults.timelock.kind,
    time_enforcement_ends: faults.timelock.until_s * 1000,
  };

/** People who wrote to this account, or know it otherwise, are exempt. */
const isKnown = ({ chat }) => chat?.getTcToken() !== undefined;

export const limits = {
  WAWebIndividualNewChatMessageCappingLimitGatingUtils: { isIndividualNewChatMessageCappingEnabled: () => true },
  WAWebIndividualNewChatMessageCappingLimitUtils: {
    getCappingData: cap,
    getCappingStatus: () => cap()?.capping_status ?? 'NONE',
    isUserCapped: () => cap()?.capping_status === 'CAPPED',
    canSendMsgWhileCapped: isKnown,
  },
  WAWebReachoutTimelockUtils: { isUserReachoutTimelocked: () => Boolean(timelock()), canSendMsgWhileTimelocked: isKnown },
  WAWebUserPrefsIndexedDBStorage: { userPrefsIdb: { get: (key) => ({ [CAP_KEY]: cap(), [TIMELOCK_KEY]: timelock() })[key] } },
};

wire.on('faults', () => {
  Cmd.trigger('new_chat_message_capping_state_change');
  Cmd.trigger('reachout_timelock_state_change');
});
