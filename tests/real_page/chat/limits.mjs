// WhatsApp's limits on first messages: the page asks for them at its start, and is notified of them while it is open.
import { node } from '../realnode.mjs';
import { HOST, nextId, now, state } from './state.mjs';

const TIMELOCK = 'WAWebMexFetchReachoutTimelockJobQuery';
const CAP = 'WAWebMexFetchNewChatMessageCappingInfoJobQuery';
/** The number of the setting that turns the cap on. */
const CAP_SETTING = '29369';

let newest = 0;

/** A time for a limit: the page ignores a limit sent in the same second as the last one as stale. */
function sentAt() {
  newest = Math.max(now(), newest + 1);
  return newest;
}

/** Notifies the open page. */
function tell(operation, data) {
  const about = { type: 'mex', from: HOST, id: String(nextId()), t: String(now()) };
  state.current?.send(node('notification', about, node('update', { op_name: operation }, JSON.stringify({ data }))));
}

/** No chats may be started until then; without an end there is no lock. */
export function timelock(until, told) {
  const answer = {
    is_active: Boolean(until),
    enforcement_type: until ? 'DEFAULT' : null,
    time_enforcement_ends: until ? String(until) : null,
  };
  if (told) tell('NotificationUserReachoutTimelockUpdate', { xwa2_notify_account_reachout_timelock: answer });
  state.mex.set(TIMELOCK, { xwa2_fetch_account_reachout_timelock: answer });
  return answer;
}

/** The cap on new chats: NONE, FIRST_WARNING, SECOND_WARNING or CAPPED. */
export function cap(status, until, told) {
  const answer = {
    capping_status: status,
    total_quota: 100,
    used_quota: status === 'CAPPED' ? 100 : 10,
    cycle_start_timestamp: String(now() - 3600),
    cycle_end_timestamp: String(until),
    server_sent_timestamp: String(sentAt()),
    ote_status: 'NOT_ELIGIBLE',
    mv_status: 'NOT_ACTIVE',
  };
  if (told) tell('MessageCappingInfoNotification', { xwa2_notify_new_chat_messages_capping_info_update: answer });
  state.mex.set(CAP, { xwa2_message_capping_info: answer });
  state.abprops = { ...state.abprops, [CAP_SETTING]: 100 };
  // The page asks for its settings again when their number has changed.
  state.settings += 1;
  return answer;
}
