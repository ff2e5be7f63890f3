// Identities: LIDs, phone numbers, contacts.
import { Collection, Model } from '/static/models.js';
import { createWid, setMine } from '/static/wids.js';
import { connection, request } from '/static/connection.js';
import { faults, reach } from '/static/wire.js';
import * as storage from '/static/storage.js';

/** The linked account; empty if there is none. */
export const me = { lid: undefined, phone: undefined, name: undefined, device: undefined };

const phoneOf = new Map();
const lidOf = new Map();

export class ContactModel extends Model {
  static {
    this.prototype.proxyName = 'contact';
  }

  /** Only the contact under the LID says so. */
  get isContactBlocked() {
    return this.id.isLid() && isBlocked(this.id);
  }
}

export class ContactCollection extends Collection {
  constructor() {
    super(ContactModel);
  }

  /** Like the real page, creates a contact for every person that is asked for. */
  async find(id) {
    return this.get(id) ?? this.add({ id: createWid(id), phoneNumber: getPhoneNumber(createWid(id)) })[0];
  }
}

export const Contact = new ContactCollection();

export function setMe(identity) {
  me.lid = identity && createWid(identity.lid);
  me.phone = identity && createWid(identity.phone);
  me.name = identity?.name;
  me.device = identity?.device ?? me.device;
  setMine(me.lid, me.phone);
  if (identity) remember(identity);
}

// A logout clears the number; the LID stays in memory until the document ends.
connection.on('cleared', () => {
  me.phone = undefined;
});

export function remember({ lid, phone, name }) {
  const wid = createWid(lid);
  if (phone) {
    phoneOf.set(lid, createWid(phone));
    lidOf.set(phone, wid);
    noteContact(createWid(phone), { pushname: name });
  }
  noteContact(wid, { pushname: name, ...(phone && { phoneNumber: createWid(phone) }) });
}

function noteContact(id, fields) {
  const known = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const [contact] = Contact.add({ id, name: undefined, pushname: undefined, phoneNumber: undefined });
  contact.set(known);
}

/** Stores an identity permanently. */
export async function learn(identity) {
  const { lid, phone, name } = identity;
  const contact = Contact.get(lid);
  if (contact && (!phone || phoneOf.has(lid)) && (!name || contact.pushname === name)) return;
  remember(identity);
  const old = await storage.get('people', identity.lid);
  await storage.put('people', identity.lid, { ...old, ...identity });
}

/** Creates a contact for a sender of whom only the LID is known. */
export function meet(wid, name) {
  if (wid.isUser()) noteContact(wid, { pushname: name, phoneNumber: getPhoneNumber(wid) });
}

export async function recall() {
  (await storage.all('people')).forEach(remember);
}

/** Whether the account's owner has blocked the person. */
export function isBlocked(wid) {
  const identities = [String(wid), String(getAlternateUserWid(createWid(wid)))];
  return faults.blocked.some((phone) => identities.includes(`${phone}@c.us`));
}

export const getPhoneNumber = (lid) => phoneOf.get(String(lid));
export const getCurrentLid = (phone) => lidOf.get(String(phone));
export const getAlternateUserWid = (wid) => getPhoneNumber(wid) ?? getCurrentLid(wid);

/** Only the contact of a LID can be blocked. Resolves without an effect where it is so already. */
async function setBlocked(contact, on) {
  if (isBlocked(contact.id) === on) return;
  if (!contact.id.isLid()) throw `${contact.id} has no LID here`;
  const { code } = await request({ t: 'act', action: { action: 'block', lid: String(contact.id), on } });
  if (code !== null) throw new Error('the action was refused');
  const phone = getPhoneNumber(contact.id)?.user;
  faults.blocked = [...faults.blocked.filter((one) => one !== phone), ...(on ? [phone] : [])];
}
export const blockContact = ({ contact }) => setBlocked(contact, true);
export const unblockContact = (contact) => setBlocked(contact, false);

class ServerStatusCodeError extends Error {
  name = 'ServerStatusCodeError';
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/** The link and the path both lead to the host of files; the real link expires. */
export async function getProfilePic(wid) {
  const { picture, hidden } = await request({ t: 'person', wid: String(wid) });
  if (!picture) throw new ServerStatusCodeError(404, 'item-not-found');
  if (hidden) throw new ServerStatusCodeError(401, 'not-authorized');
  return { eurl: `${location.origin}${picture}`, tag: picture, directPath: picture };
}

/** What somebody says of themselves; the page asks by LID alone. */
export async function getStatus({ wid }) {
  if (!wid.isLid()) throw new Error('not a LID');
  const { about } = await request({ t: 'person', wid: String(wid) });
  return { id: wid, status: about };
}

const DAY = { day: 'day_of_week', open: 'open_time', close: 'close_time' };

/** Times that are not told are 0. */
const openingOf = (told) =>
  Object.fromEntries(Object.entries({ day: told.day, mode: told.mode, open: told.open ?? 0, close: told.close ?? 0 }).map(([name, value]) => [DAY[name] ?? name, value]));

function profileOf({ websites = [], categories = [], timezone, hours, ...texts }) {
  const opening = hours && { business_hours: { config: hours.map(openingOf), ...(timezone && { timezone }) } };
  const website = websites.map((url) => ({ url }));
  return { ...texts, website, categories: categories.map(([id, name]) => ({ id, localized_display_name: name })), ...opening };
}

/** The profiles of those who are businesses. */
export async function queryBusinessProfile(all) {
  const found = [];
  for (const { wid } of all) {
    const lid = wid.isLid() ? wid : getCurrentLid(wid);
    const { business } = await request({ t: 'person', wid: String(lid) });
    if (business?.refuse) throw new ServerStatusCodeError(business.refuse, 'refused');
    if (business) found.push({ wid, tag: '1234', profile: profileOf(business) });
  }
  return found;
}

/** Asks the server about a wid: `null`, or the LID of a person on WhatsApp. */
export async function queryWidExists(wid) {
  await reach('exists');
  const { found } = await request({ t: 'exists', wid: String(createWid(wid)) });
  if (!found) return null;
  await learn({ lid: found.lid, ...(found.phone && { phone: found.phone }) });
  return { wid: createWid(found.lid), biz: undefined };
}

/** Asks the server about a phone number. */
export const queryPhoneExists = (phone) => queryWidExists(`${phone}@c.us`);
