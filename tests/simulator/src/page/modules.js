// The modules that exist from the first moment, also on the login screen.
import { config } from '/config.js';
import { Cmd, Socket } from '/static/connection.js';
import {
  AltDeviceLinkingApi,
  Conn,
  DEVICE_PLATFORM,
  decodeB64,
  encodeB64,
  getADVSecretKey,
  waNoiseInfo,
  waSignalStore,
} from '/static/linking.js';
import { OfflineMessageHandler } from '/static/messages.js';
import { me } from '/static/people.js';

const advSecret = (offered) => (offered ? { getADVSecretKey, setADVSignedIdentity() {} } : {});

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
    getMeLidUserOrThrow,
    getMeUser: () => me.phone,
    getMaybeMeDisplayName: () => me.name,
  },
  WAWebUserPrefsInfoStore: { waNoiseInfo },
  WAWebSignalStoreApi: { waSignalStore },
  WAWebUserPrefsMultiDevice: advSecret(!config.build.old_adv_secret),
  WAWebAdvSignatureApi: advSecret(config.build.old_adv_secret),
  WABase64: { encodeB64, decodeB64 },
  WAWebCompanionRegClientUtils: { DEVICE_PLATFORM },
  WAWebAltDeviceLinkingApi: AltDeviceLinkingApi,
  WAWebLaunchSocketUtils: { refreshQR: () => Cmd.refreshQR() },
  WAWebOfflineHandler: { OfflineMessageHandler },
  WAWebMiscBrowserUtils: { info: () => ({ name: 'Chrome', os: 'Linux', version: [] }) },
};
