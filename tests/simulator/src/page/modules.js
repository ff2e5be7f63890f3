// The modules that exist from the first moment, also on the login screen.
import { config } from '/config.js';
import { BackendEventBus, Cmd, Socket, TabMutex, Updater, WAComms } from '/static/connection.js';
import {
  AdvSignatureApi,
  AltDeviceLinkingApi,
  Conn,
  DEVICE_PLATFORM,
  LaunchSocketUtils,
  LinkDeviceAction,
  LinkDeviceEvents,
  advSecretEventEmitter,
  decodeB64,
  encodeB64,
  isNativeCameraQRLinkedDeviceTest,
  storedSecret,
  waNoiseInfo,
  waSignalStore,
} from '/static/linking.js';
import { OfflineMessageHandler } from '/static/backlog.js';
import { Emitter } from '/static/events.js';
import { isMeAccount } from '/static/rows.js';
import { me } from '/static/people.js';


function getMeLidUserOrThrow() {
  if (!me.lid) throw new Error('nobody is logged in');
  return me.lid;
}

export const EARLY = {
  WAWebSocketModel: { Socket },
  WAWebConnModel: { Conn, ConnImpl: Conn.constructor },
  WAWebCmd: { Cmd, CmdImpl: Cmd.constructor },
  WAWebUserPrefsMeUser: {
    getMaybeMePnUser: () => me.phone,
    getMaybeMeLidUser: () => me.lid,
    getMaybeMeDevicePn: () => me.phone && `${me.phone.user}:${me.device}@${me.phone.server}`,
    getMeLidUserOrThrow,
    isMeAccount,
    getMaybeMeDisplayName: () => me.name,
  },
  WAWebUserPrefsInfoStore: { waNoiseInfo },
  WAWebSignalStoreApi: { waSignalStore },
  WAWebUserPrefsMultiDevice: { getADVSecretKey: storedSecret, advSecretEventEmitter, isRegistered: () => Boolean(me.phone) },
  // In older builds the secret has no module of its own.
  WAWebAdvSignatureApi: config.build.old_adv_secret ? {} : AdvSignatureApi,
  WABase64: { encodeB64, decodeB64 },
  WAWebCompanionRegClientUtils: { DEVICE_PLATFORM },
  WAWebAltDeviceLinkingApi: AltDeviceLinkingApi,
  WAWebLinkDeviceAction: LinkDeviceAction,
  WAWebLaunchSocketUtils: LaunchSocketUtils,
  WAWebLinkDeviceEvents: { WAWebLinkDeviceEvents: LinkDeviceEvents },
  WAWebNativeCameraQRLinkedDeviceUtils: { isNativeCameraQRLinkedDeviceTest },
  WAWebBackendEventBus: { BackendEventBus, BackendEvent: {} },
  WAComms,
  WAWebUserPrefsTabMutex: TabMutex,
  WAWebUpdater: { Updater },
  WAWebStorageCmd: { StorageCmd: new Emitter() },
  WAWebOfflineHandler: { OfflineMessageHandler },
  WAWebMiscBrowserUtils: { info: () => ({ name: 'Chrome', os: 'Linux', version: [] }) },
};
