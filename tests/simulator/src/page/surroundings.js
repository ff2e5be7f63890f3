// Modules of the real page that clients use along the way. wa-js finds modules by their exports and names only a few:
// such modules have invented names here.
import { config } from '/config.js';
import { alone } from '/static/loader.js';
import { Model } from '/static/models.js';
import { createWid } from '/static/wids.js';
import { Cmd, tell } from '/static/connection.js';
import { Stream } from '/static/stream.js';
import { wire } from '/static/wire.js';
import { getCurrentLid, getPhoneNumber, me } from '/static/people.js';

function findLinks(text = '') {
  return [...text.matchAll(/https?:\/\/\S+/g)].map(([href]) => ({ href, url: href, suspiciousCharacters: new Set() }));
}

const isServer = (server) => (chat) => createWid(chat.id).server === server;

/** The collection keeps calls in a map; clients look for the first one. */
class NetworkStatusModel extends Model {
  checkOnline() {
    return this.online;
  }
}

const NetworkStatus = new NetworkStatusModel({ online: navigator.onLine });
wire.on('online', () => NetworkStatus.set({ online: true }));
wire.on('offline', () => NetworkStatus.set({ online: false }));

/** Makes the phone send messages again that could not be decrypted. */
function askPhone(messages) {
  for (const { id, type } of messages) if (type === 'ciphertext') tell({ t: 'ask-phone', id: id.id });
}

const isMe = ({ id }) => [me.phone, me.lid].some((mine) => mine?.equals(id));
const phoneText = ({ id }) => (id.isLid() ? getPhoneNumber(id) : id)?.user;
const nameOf = (contact) => contact.name ?? contact.pushname ?? phoneText(contact) ?? contact.id.user;
const never = () => false;

const contacts = {
  WAWebContactGetters: {
    getIsMe: isMe,
    getIsUser: ({ id }) => id.isUser(),
    getIsGroup: ({ id }) => id.isGroup(),
    getIsBroadcast: ({ id }) => id.isBroadcast(),
    getIsNewsletter: ({ id }) => id.isNewsletter(),
    getIsPSA: ({ id }) => id.isPSA(),
    getIsIAS: never,
    getIsSupportAccount: never,
    getIsWAContact: () => true,
    getCanRequestPhoneNumber: never,
    getUserid: ({ id }) => id.user,
    getVerifiedName: () => undefined,
    getVerifiedLevel: () => undefined,
    getStatusMute: never,
    getName: ({ name }) => name,
    getNotifyName: ({ pushname }) => pushname,
    getPremiumMessageName: () => undefined,
    getShortName: ({ name }) => name,
    getPushname: ({ pushname }) => pushname,
    getIsEnterprise: never,
    getShowBusinessCheckmarkAsPrimary: never,
    getShowBusinessCheckmarkAsSecondary: never,
    getShowBusinessCheckmarkInChatlist: never,
    getIsDisplayNameApproved: never,
    getShouldForceBusinessUpdate: never,
  },
  WAWebFrontendContactGetters: {
    getIsMyContact: ({ name }) => name !== undefined,
    getMentionName: nameOf,
    getDisplayName: nameOf,
    getFormattedName: nameOf,
    getFormattedShortName: nameOf,
    getFormattedShortNameWithNonBreakingSpaces: (contact) => nameOf(contact).replaceAll(' ', '\u00a0'),
    getFormattedPhone: (contact) => phoneText(contact) && `+${phoneText(contact)}`,
    getFormattedUser: phoneText,
    getPhoneNumber: ({ id }) => (id.isLid() ? getPhoneNumber(id) : id),
    getPnForLid: ({ id }) => (id.isLid() ? getPhoneNumber(id) : undefined),
    getDisplayNameOrPnForLid: nameOf,
    getSearchName: nameOf,
    getSearchVerifiedName: () => undefined,
    getHeader: (contact) => nameOf(contact).slice(0, 1),
    getTextStatusString: () => undefined,
  },
};

const chats = {
  WAWebChatGetters: {
    getIsNewsletter: isServer('newsletter'),
    getIsBroadcast: isServer('broadcast'),
    getIsGroup: isServer('g.us'),
    getIsUser: (chat) => createWid(chat.id).isUser(),
    getHasUnread: ({ unreadCount }) => unreadCount > 0,
    getShouldAppearInList: () => true,
    getPreviewMessage: ({ msgs }) => msgs.last(),
    getShowChangeNumberNotification: never,
    getShouldShowUnreadDivider: never,
  },
};

const SOCKET_STATES =
  'CONFLICT CONNECTED OPENING PAIRING PROXYBLOCK SCREEN_LOCKED SMB_TOS_BLOCK TOS_BLOCK UNLAUNCHED UNPAIRED UNPAIRED_IDLE';
const SOCKET_STREAM = { DISCONNECTED: 'DISCONNECTED', SYNCING: 'SYNCING', RESUMING: 'RESUMING', CONNECTED: 'CONNECTED' };
const SOCKET_STATE = Object.fromEntries(SOCKET_STATES.split(' ').map((state) => [state, state]));
const ACK = { FAILED: -1, CLOCK: 0, SENT: 1, RECEIVED: 2, READ: 3, PLAYED: 4 };

const session = {
  WAWebStreamModel: { Stream },
  WAWebSocketConstants: { SOCKET_STATE, SOCKET_STREAM },
  WAWebAck: { ACK, ACK_STRING: { SENDER: 'sender', DELIVERY: 'delivery', READ: 'read' }, EDIT_ATTR: {} },
  WAWebBuildConstants: { SANITIZED_VERSION_STR: config.build.version, VERSION_STR: config.build.version },
  WAWebLoginState: { isLoggedIn: () => Boolean(me.lid), isRegistered: () => Boolean(me.lid) },
  WAWebNetworkStatus: alone(NetworkStatus),
  WAWebLogoutReason: { getErrorCodeFromLogoutReason: (reason) => reason },
  WAWebSyncGatingUtils: { isPlaceholderMessageResendEnabled: never },
  WAWebNonMessageDataRequestPlaceholderMessageResendUtils: { handlePlaceholderMsgsSeen: askPhone },
  WAWebLidMigrationUtils: { toPn: getPhoneNumber, toLid: getCurrentLid, isLidMigrated: () => true },
  WAWebLid1X1MigrationGating: { Lid1X1MigrationUtils: { isLidMigrated: () => true } },
};

/** The setting of the server's for the check of the types of files. */
const CHECKS_MIMETYPES = 'wa_web_download_mimetype_check_block_enabled';

const seconds = () => Math.floor(Date.now() / 1000);

/** The phone makes the preview of a link: here it finds on every page that the host has a title. */
async function previewed({ url }) {
  const { hostname } = new URL(url);
  const data = { title: hostname, description: `A page of ${hostname}`, matchedText: url, canonicalUrl: url, richPreviewType: 0 };
  return { url, data };
}

const rest = {
  WATimeUtils: { unixTime: seconds, unixTimeMs: () => Date.now() },
  WALinkify: { findLinks, findLink: (body) => findLinks(body)[0] },
  WAWebLinkify: { findFirstWebLink: (body) => findLinks(body)[0]?.url },
  WAWebLinkPreviewChatAction: { getLinkPreview: previewed },
  WAWebFetchLinkPreviewAction: { fetchLinkPreview: async () => null },
  WAWebABProps: { getABPropConfigValue: (name) => name === CHECKS_MIMETYPES && config.build.checks_mimetypes },
};

Cmd.isMainLoaded = false;

export const SURROUNDINGS = { ...contacts, ...chats, ...session, ...rest };
