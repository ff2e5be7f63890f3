// The stream: the state of the page as a whole, in its own words. It follows the socket.
import { Model } from '/static/models.js';
import { Socket } from '/static/connection.js';
import { me } from '/static/people.js';

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
  isHardRefresh: undefined,
  couldForce: false,
  phoneAuthed: false,
});

const BLOCKED = ['PROXYBLOCK', 'TOS_BLOCK', 'SMB_TOS_BLOCK'];

/** A page that has synced stays MAIN when the connection is lost. */
function mode() {
  const { state, stream, hasSynced } = Socket;
  if (BLOCKED.includes(state)) return state;
  if (!me.phone) return 'QR';
  return hasSynced || stream === 'CONNECTED' ? 'MAIN' : 'SYNCING';
}

const INFOS = { OPENING: 'OPENING', PAIRING: 'PAIRING', UNLAUNCHED: 'OFFLINE' };

function follow() {
  const info = INFOS[Socket.state] ?? 'NORMAL';
  Stream.set({ mode: mode(), info, displayInfo: info, phoneAuthed: Socket.stream !== 'DISCONNECTED' });
}

Socket.on('change:state change:stream change:hasSynced', follow);
