// The stream: what the page as a whole is doing, in words of its own. It follows the socket.
import { Model } from '/static/models.js';
import { Socket } from '/static/connection.js';

class StreamModel extends Model {
  markAvailable() {
    this.set({ available: true });
  }

  markUnavailable() {
    this.set({ available: false });
  }
}

export const Stream = new StreamModel({
  mode: undefined,
  info: undefined,
  displayInfo: undefined,
  available: false,
  needsUpdate: undefined,
  hasSynced: false,
});

const MODES = { PAIRING: 'QR', UNPAIRED: 'QR', UNPAIRED_IDLE: 'QR', TIMEOUT: 'OFFLINE', UNLAUNCHED: 'SYNCING' };

function mode() {
  const { state, hasSynced } = Socket;
  if (state === 'CONNECTED') return hasSynced ? 'MAIN' : 'SYNCING';
  if (state === 'OPENING') return hasSynced ? 'OFFLINE' : 'SYNCING';
  return MODES[state] ?? state;
}

const INFOS = { OPENING: 'OPENING', PAIRING: 'PAIRING', TIMEOUT: 'TIMEOUT', UNLAUNCHED: 'OFFLINE' };

function follow() {
  const info = INFOS[Socket.state] ?? 'NORMAL';
  const needsUpdate = Socket.state === 'DEPRECATED_VERSION' ? 'SOFT' : undefined;
  Stream.set({ mode: mode(), info, displayInfo: info, needsUpdate, hasSynced: Socket.hasSynced });
}

Socket.on('change:state change:hasSynced', follow);
