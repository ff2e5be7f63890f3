// The modules that are defined while the page loads, in their order of appearance.
import { config } from '/config.js';
import { Collection, Model } from '/static/models.js';
import { MsgKey, Wid, WidFactory } from '/static/wids.js';
import {
  Chat,
  ChatCollection,
  ChatModel,
  ChatStateBridge,
  GroupMetadata,
  GroupMetadataModel,
  findOrCreateLatestChat,
  sendSeen,
} from '/static/chats.js';
import { fileModules } from '/static/file-modules.js';
import {
  canReplyMsg,
  capability,
  getters,
  markUnread,
  modelUtils,
  sendDeleteMsgs,
  addAndSendMessageEdit,
  sendMessageEdit,
  sendReactionToMsg,
  sendRevokeMsgs,
} from '/static/actions.js';
import { calls, stanzas } from '/static/calls.js';
import { ProfilePicThumb, clientModules } from '/static/clients.js';
import { groupActions } from '/static/group-changes.js';
import { infoJob, leaveGroup, mexUpdateGroupPropertyJob, participantsJob, queryJob } from '/static/groups.js';
import { Presence, presenceAction } from '/static/presence.js';
import { alone } from '/static/loader.js';
import { PollVotes, Reactions } from '/static/addons.js';
import { limits } from '/static/limits.js';
import { pinBridge, setArchive, setPin } from '/static/marks.js';
import { Msg, MsgModel, loadEarlierMsgs } from '/static/messages.js';
import {
  Contact,
  ContactCollection,
  ContactModel,
  blockContact,
  getAlternateUserWid,
  getCurrentLid,
  getPhoneNumber,
  getProfilePic,
  getStatus,
  isBlocked,
  queryBusinessProfile,
  queryPhoneExists,
  queryWidExists,
  unblockContact,
} from '/static/people.js';
import { chatReceipts, groupReceipts, statusReceipts } from '/static/receipts.js';
import { getMessageInfoTable, getMessageTable, getReactionsTable, getVotesTable, messageFromDbRow } from '/static/rows.js';
import { addAndSendMsgToChat, createTextMsgData, genOutgoingMsgData, resendMsg, sendMsgRecord, sendTextMsgToChat, updateMessageTable } from '/static/sending.js';
import { USyncQuery, USyncUser, createLidPnMappings } from '/static/usync.js';
import { SURROUNDINGS } from '/static/surroundings.js';

/** Tells for each person whether the account blocks them. */
class BlocklistCollection extends Collection {
  get(wid) {
    return isBlocked(wid) ? { id: wid } : undefined;
  }
}

const Blocklist = new BlocklistCollection(Model);
const StatusV3 = new Collection(Model);

const collections = {
  WAWebCollections: { Msg, Chat, Contact, GroupMetadata, Blocklist, Presence, ProfilePicThumb, Reactions, StatusV3 },
  WAWebMsgCollection: { MsgCollection: Msg },
  WAWebMsgModel: { Msg: MsgModel },
  WAWebChatCollection: { ChatCollection: Chat, ChatCollectionImpl: ChatCollection },
  WAWebChatModel: { Chat: ChatModel },
  WAWebContactCollection: { ContactCollection: Contact, ContactCollectionImpl: ContactCollection },
  WAWebContactModel: alone(ContactModel),
  WAWebGroupMetadataCollection: alone(GroupMetadata),
  WAWebGroupMetadataModel: alone(GroupMetadataModel),
  WAWebBlocklistCollection: { BlocklistCollection: Blocklist },
  WAWebPresenceCollection: { PresenceCollection: Presence },
  WAWebStatusCollection: { StatusCollection: StatusV3 },
  WAWebWidFactory: { ...WidFactory },
  WAWebWid: alone(Wid),
  WAWebMsgKey: config.build.msg_key_default ? { default: MsgKey } : alone(MsgKey),
  WAWebApiContact: { getPhoneNumber, getCurrentLid, getAlternateUserWid },
  WAWebLidPnCache: { lidPnCache: { getPhoneNumber, getCurrentLid } },
};

const sending = {
  WAWebUsync: { USyncQuery, USYNC_ADDRESSING_MODE: { PN: 'pn', LID: 'lid' } },
  WAWebUsyncUser: { USyncUser },
  WAWebDBCreateLidPnMappings: { createLidPnMappings },
  WAWebQueryExistsJob: { queryWidExists, queryPhoneExists },
  WAWebFindChatAction: { findOrCreateLatestChat },
  WAWebSendMsgChatAction: { addAndSendMsgToChat },
  WAWebSendTextMsgChatAction: { sendTextMsgToChat, createTextMsgData },
  WAWebMsgDataUtils: { genOutgoingMsgData },
  WAWebResendMsgAction: { resendMsg },
  WAWebSendMsgRecordAction: { sendMsgRecord },
  WAWebDBUpdateMessageTable: { updateMessageTable },
  WAWebSchemaMessage: { getMessageTable },
  WAWebSchemaMessageInfo: { getMessageInfoTable },
  WAWebSchemaReactions: { getReactionsTable },
  WAWebPollsVotesSchema: { getTable: getVotesTable },
  WAWebDBMessageSerialization: { messageFromDbRow },
  WAWebReactionsCollection: { ReactionsCollection: Reactions },
  WAWebPollsPollVoteCollection: { PollVoteCollection: PollVotes },
  ...limits,
  WAWebGetEphemeralFieldsMsgActionsUtils: {
    getEphemeralFields: ({ ephemeralDuration }) => (ephemeralDuration ? { ephemeralDuration } : {}),
  },
  WAWebHandleDirectChatReceipt: chatReceipts,
  WAWebHandleGroupChatReceipt: groupReceipts,
  WAWebHandleStatusReceipt: statusReceipts,
  WAWebChatLoadMessages: { loadEarlierMsgs },
  WAWebChatStateBridge: { ...ChatStateBridge },
  WAWebUpdateUnreadChatAction: { sendSeen, markUnread },
  WAWebBlockContactAction: { blockContact, unblockContact },
  WAWebContactStatusBridge: { getStatus },
  WAWebQueryBusinessProfile: { queryBusinessProfile },
  WAWebGetProfilePicJob: { getProfilePic },
  WAWebSetArchiveChatAction: { setArchive },
  WAWebSetPinChatAction: { setPin },
  WAWebChatPinBridge: pinBridge,
  WAWebCallCollection: alone(calls),
  WAWebUpdateDbForGroupActionApi: groupActions,
  ...stanzas,
  WAWebMsgReply: { canReplyMsg },
  WAWebMsgActionCapability: capability,
  WAWebMsgGetters: getters,
  WAWebMsgModelUtils: modelUtils,
  WAWebSendReactionMsgAction: { sendReactionToMsg },
  WAWebSendMessageEditAction: { sendMessageEdit, addAndSendMessageEdit },
  WAWebPresenceChatAction: presenceAction,
  WAWebGroupModifyParticipantsJob: participantsJob,
  WAWebGroupModifyInfoJob: infoJob,
  WAWebMexUpdateGroupPropertyJob: { mexUpdateGroupPropertyJob },
  WAWebGroupQueryJob: queryJob,
  WAWebGroupExitJob: { leaveGroup },
  WAWebChatSendMessages: { sendRevokeMsgs, sendDeleteMsgs },
};

export const LATE = { ...collections, ...sending, ...fileModules, ...clientModules, ...SURROUNDINGS };
