// The pictures of people, and who may see them.
import { attr, node } from '../realnode.mjs';
import { failIq, result } from './iq.mjs';
import { place } from './media.mjs';
import { byUser, contact, nextId, state } from './state.mjs';

/** Somebody has this picture, or shows it to nobody. */
export function setPicture(pn, { bytes, hidden = false } = {}) {
  contact(pn);
  state.pictures.set(pn, { id: String(nextId()), path: place('t61.24694-24', bytes), hidden });
}

export function picture(n, wanted) {
  const person = byUser(String(attr(n, 'target') ?? '').split('@')[0]);
  const found = person && state.pictures.get(person.pn);
  if (!found) return failIq(n, 404, 'item-not-found');
  if (found.hidden) return failIq(n, 401, 'not-authorized');
  const { id, path } = found;
  const about = { id, type: attr(wanted, 'type'), url: `https://pps.whatsapp.net${path}`, direct_path: path };
  return result(n, node('picture', about));
}
