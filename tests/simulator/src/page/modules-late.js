// The modules that are defined while the page loads, in the three waves of a cold load.
import { config } from '/config.js';
import { Emitter } from '/static/events.js';
import { Collection, Model } from '/static/models.js';
import { MsgKey, Wid, WidFactory, createWid } from '/static/wids.js';
import { Chat, ChatStateBridge, GroupMetadata, findOrCreateLatestChat, sendSeen } from '/static/chats.js';
import { Msg, loadEarlierMsgs } from '/static/messages.js';
import {
  Contact,
  getAlternateUserWid,
  getCurrentLid,
  getPhoneNumber,
  me,
  queryWidExists,
} from '/static/people.js';
import { addAndSendMsgToChat, sendTextMsgToChat } from '/static/sending.js';

const Blocklist = new Collection(Model);

const collections = {
  WAWebCollections: { Msg, Chat, Contact, GroupMetadata, Blocklist },
  WAWebMsgCollection: { MsgCollection: Msg },
  WAWebChatCollection: { ChatCollection: Chat },
  WAWebContactCollection: { ContactCollection: Contact },
  WAWebWidFactory: { ...WidFactory },
  WAWebWid: { default: Wid },
  WAWebMsgKey: config.build.msg_key_default ? { default: MsgKey } : MsgKey,
  WAWebApiContact: { getPhoneNumber, getCurrentLid, getAlternateUserWid },
};

const sending = {
  WAWebQueryExistsJob: { queryWidExists },
  WAWebFindChatAction: { findOrCreateLatestChat },
  WAWebSendMsgChatAction: { addAndSendMsgToChat },
  WAWebSendTextMsgChatAction: { sendTextMsgToChat },
  WAWebGetEphemeralFieldsMsgActionsUtils: {
    getEphemeralFields: ({ ephemeralDuration }) => (ephemeralDuration ? { ephemeralDuration } : {}),
  },
  WAWebChatLoadMessages: { loadEarlierMsgs },
  WAWebChatStateBridge: { ...ChatStateBridge },
  WAWebUpdateUnreadChatAction: { sendSeen },
};

function findLinks(text = '') {
  return [...text.matchAll(/https?:\/\/\S+/g)].map(([href]) => ({ href, url: href, suspiciousCharacters: new Set() }));
}

const isServer = (server) => (chat) => createWid(chat.id).server === server;

/** Calls are kept in a map of the collection; clients look for the first one. */
class Calls extends Emitter {
  calls = new Map();
}

// What clients of the real page touch on their way, beyond the above.
const surroundings = {
  WALinkify: { findLinks, findLink: (text) => findLinks(text)[0] },
  WAWebLinkPreviewChatAction: { getLinkPreview: async () => null },
  WAWebStreamModel: { Stream: { markAvailable() {}, markUnavailable() {}, displayInfo: 'NORMAL', mode: 'MAIN' } },
  WAWebSyncGatingUtils: { isPlaceholderMessageResendEnabled: () => false },
  WAWebNonMessageDataRequestPlaceholderMessageResendUtils: { handlePlaceholderMsgsSeen: async () => {} },
  WAWebCallCollection: new Calls(),
  WAWebLidMigrationUtils: { toPn: getPhoneNumber, toLid: getCurrentLid, isLidMigrated: () => true },
  WAWebChatGetters: {
    getIsNewsletter: isServer('newsletter'),
    getIsBroadcast: isServer('broadcast'),
    getIsGroup: isServer('g.us'),
    getIsUser: (chat) => createWid(chat.id).isUser(),
  },
  WAWebContactGetters: {
    getIsMe: ({ id }) => [me.phone, me.lid].some((mine) => mine?.equals(id)),
    getIsUser: ({ id }) => id.isUser(),
    getIsGroup: ({ id }) => id.isGroup(),
    getIsWAContact: () => true,
    getUserid: ({ id }) => id.user,
    getVerifiedName: () => undefined,
    getVerifiedLevel: () => undefined,
    getStatusMute: () => false,
    getName: ({ name }) => name,
    getShortName: ({ name }) => name,
    getPushname: ({ pushname }) => pushname,
    getIsEnterprise: () => false,
  },
  WAWebFrontendContactGetters: { getIsMyContact: ({ name }) => name !== undefined },
};

/** In the order in which they appear. */
export const WAVES = [collections, sending, surroundings];
