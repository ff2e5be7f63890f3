// WhatsApp's limits on first messages, which the page asks for at its start.
import { now, state } from './state.mjs';

const TIMELOCK = 'WAWebMexFetchReachoutTimelockJobQuery';
const CAP = 'WAWebMexFetchNewChatMessageCappingInfoJobQuery';
/** The number of the setting that turns the cap on. */
const CAP_SETTING = '29369';

/** No chats may be begun until then; no end = none in force. */
export function timelock(until) {
  const answer = {
    is_active: Boolean(until),
    enforcement_type: until ? 'DEFAULT' : null,
    time_enforcement_ends: until ?? null,
  };
  state.mex.set(TIMELOCK, { xwa2_fetch_account_reachout_timelock: answer });
  return answer;
}

/** The cap on new chats: NONE, FIRST_WARNING, SECOND_WARNING or CAPPED. */
export function cap(status, until) {
  const answer = {
    capping_status: status,
    total_quota: 100,
    used_quota: status === 'CAPPED' ? 100 : 10,
    cycle_start_timestamp: String(now() - 3600),
    cycle_end_timestamp: String(until),
    server_sent_timestamp: String(now()),
    ote_status: 'NOT_ELIGIBLE',
    mv_status: 'NOT_ACTIVE',
  };
  state.mex.set(CAP, { xwa2_message_capping_info: answer });
  state.abprops = { ...state.abprops, [CAP_SETTING]: 100 };
  // The page asks for its settings again when their number has changed.
  state.settings += 1;
  return answer;
}
