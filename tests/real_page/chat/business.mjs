// The profiles of businesses.
import { J, attr, kid, kids, node } from '../realnode.mjs';
import { failIq, result } from './iq.mjs';
import { byUser, state } from './state.mjs';

const texts = (profile) =>
  ['address', 'description', 'email', 'latitude', 'longitude'].filter((name) => profile[name]).map((name) => node(name, {}, String(profile[name])));

const opening = ({ day, mode, open, close }) =>
  node('business_hours_config', { day_of_week: day, mode, ...(open !== undefined && { open_time: String(open), close_time: String(close) }) });

function contents(profile) {
  const { websites = [], categories = [], timezone, hours = [] } = profile;
  const all = [...texts(profile), ...websites.map((url) => node('website', {}, url))];
  if (categories.length > 0) all.push(node('categories', {}, categories.map(([id, name]) => node('category', { id }, name))));
  if (hours.length > 0) all.push(node('business_hours', { ...(timezone && { timezone }) }, hours.map(opening)));
  return all;
}

/** Answers the question for profiles; the number `refuse` in place of one refuses it. */
export function profiles(n) {
  const found = [];
  for (const asked of kids(kid(n, 'business_profile'))) {
    const [user, server] = attr(asked, 'jid').split('@');
    state.profilesAsked.push(server);
    const profile = state.businesses.get(byUser(user)?.pn);
    if (profile?.refuse) return failIq(n, profile.refuse, 'refused');
    if (profile) found.push(node('profile', { jid: J(`${user}@${server}`), tag: '1234' }, contents(profile)));
  }
  return result(n, node('business_profile', {}, found));
}
