// Claims about the lists of chats, people and groups.
import { FRIEND } from './claims.mjs';

const GROUP = '120363000000000081';
const [CREATOR, MEMBER] = ['5491133330001', '5491133330003'];

export async function people(claims) {
  const { w, say } = claims;
  await w.ctl('incoming', { from: FRIEND, text: 'to be counted' });
  await w.ctl('group', { id: GROUP, opt: { members: [CREATOR, MEMBER] } });
  await w.ctl('ingroup', { id: GROUP, from: CREATOR, text: 'from the group of the lists' });
  await claims.row(({ body }) => body === 'from the group of the lists', 10000);

  const { items: chats, as_of: asOf } = await w.get('/chats?refresh=true');
  const chat = chats.find(({ phone }) => phone === FRIEND);
  say(chat?.lid && chat.unread > 0 && !chat.archived && Boolean(asOf), 'GET /chats: the friend is one chat with number and LID, unread', {
    chats: chats.length,
    name: chat?.name,
    unread: chat?.unread,
  });
  const one = await w.get(`/chats/${FRIEND}`);
  say(one.chat_id === chat?.chat_id && one.unread === chat?.unread, 'GET /chats/{chat} by the number says the same');

  const { items: all } = await w.get('/contacts?limit=1000');
  const friends = all.filter(({ phone, lid }) => phone === FRIEND || lid === chat?.lid);
  say(friends.length === 1 && friends[0].pushname, 'GET /contacts: the friend is there once', friends);
  say(all.filter(({ me }) => me).length === 1, 'and so is the account itself');
  const { items: found } = await w.get(`/contacts?query=${FRIEND.slice(3)}`);
  say(found.length === 1 && found[0].lid === chat?.lid, 'a part of the number finds the friend');

  const marks = async (method, path, body) => {
    const answer = await fetch(`http://127.0.0.1:${w.port}/chats/${FRIEND}/${path}`, { method, body: body && JSON.stringify(body) });
    const { archived, pinned, muted, muted_until: until, message } = await answer.json();
    return [answer.status, archived, pinned, muted, until, message].join();
  };
  const until = '2031-01-01T00:00:00.000Z';
  for (const [method, path, body, expected] of [
    ['POST', 'archive', undefined, '200,true,false,false,,'],
    ['POST', 'archive', undefined, '200,true,false,false,,'],
    ['DELETE', 'archive', undefined, '200,false,false,false,,'],
    ['POST', 'pin', undefined, '200,false,true,false,,'],
    ['POST', 'mute', { until }, `200,false,true,true,${until},`],
    ['POST', 'mute', {}, '200,false,true,true,,'],
    ['DELETE', 'mute', undefined, '200,false,true,false,,'],
    ['DELETE', 'pin', undefined, '200,false,false,false,,'],
  ]) {
    const seen = await marks(method, path, body);
    say(seen === expected, `${method} /chats/{chat}/${path} shows in the state`, seen === expected ? undefined : seen);
  }

  await w.ctl('unknown', { list: '5491177770019,541177770019' });
  const asked = ['5491177770011', '5491177770012', '5491177770019'];
  const { body: many } = await w.post('/numbers', { numbers: asked });
  const exists = many.items?.map(({ exists: is, lid }) => [is, Boolean(lid)].join());
  say(exists?.join(' ') === 'true,true true,true false,false', 'POST /numbers: an answer for each', exists ?? many);
  const usyncs = async () => (await w.ctl('state')).iqs.filter((iq) => iq.startsWith('usync')).length;
  const questions = await usyncs();
  const remembered = await w.get('/contacts/5491177770012');
  say(remembered.lid === many.items?.[1].lid && (await usyncs()) === questions, 'and who was found is known without another question');

  const block = async (method) => {
    const answer = await fetch(`http://127.0.0.1:${w.port}/contacts/${FRIEND}/block`, { method });
    const { blocked, message } = await answer.json();
    return [answer.status, blocked, message, (await w.ctl('state')).blocked.includes(FRIEND)].join();
  };
  const blocks = [await block('POST'), await block('POST'), await block('DELETE')];
  say(blocks.join(' ') === '200,true,,true 200,true,,true 200,false,,false', 'the friend is blocked, and not any more', blocks);
  const silent = await w.get(`/contacts/${FRIEND}/about`);
  await w.ctl('about', { of: FRIEND, text: 'at work' });
  const said = await w.get(`/contacts/${FRIEND}/about`);
  say(silent.about === null && said.about === 'at work', 'GET /contacts/{id}/about: what the friend says', { silent, said });

  const asBusiness = async () => (await w.get(`/contacts/${FRIEND}?business=true`)).business_profile;
  const nobody = await asBusiness();
  const hours = [{ day: 'mon', mode: 'specific_hours', open: 540, close: 1080 }];
  await w.ctl('business', { of: FRIEND, opt: { email: 'ana@example.com', websites: ['https://example.com/'], categories: [['1', 'Florist']], hours } });
  const shop = await asBusiness();
  const told = [shop?.email, shop?.websites?.[0], shop?.categories?.[0], shop?.hours?.[0]?.opens, shop?.hours?.[0]?.closes].join();
  const { profilesAsked } = await w.ctl('state');
  const isTold = told === 'ana@example.com,https://example.com/,Florist,09:00,18:00' && profilesAsked.join() === 'lid,lid';
  say(nobody === null && isTold, 'GET /contacts/{id}?business=true: what a business says of itself, asked by LID', [told, profilesAsked]);

  const picture = async (number) => {
    const answer = await fetch(`http://127.0.0.1:${w.port}/contacts/${number}/picture`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    return [answer.status, answer.headers.get('content-type'), answer.ok ? bytes.toString('base64') : JSON.parse(bytes).code].join();
  };
  await w.ctl('picture', { of: FRIEND, opt: { bytes: { $b64: '/9j/4AAQSkZJRg==' } } });
  const seen = [await picture(FRIEND), await picture(CREATOR)];
  const shown = '200,image/jpeg,/9j/4AAQSkZJRg== 404,application/json,NO_PICTURE';
  say(seen.join(' ') === shown, 'GET /contacts/{id}/picture: the bytes, or 404 where there is none', seen);

  const before = await w.ctl('state');
  const { items: groups } = await w.get('/groups?refresh=true');
  const listed = groups.find(({ group_id: id }) => id === `${GROUP}@g.us`);
  const questionsFor = async () => (await w.ctl('state')).iqs.slice(before.iqs.length).filter((iq) => /^w:(g2|mex)/.test(iq)).length;
  say(listed && !listed.known && (await questionsFor()) === 0, 'GET /groups: a group that is known from a message, and nobody is asked', {
    known: listed?.known,
  });
  const group = await w.get(`/groups/${GROUP}@g.us`);
  const roles = group.participants?.map(({ phone, lid, role }) => [phone, Boolean(lid), role]);
  const creator = roles?.find(([phone]) => phone === CREATOR);
  const holds = group.known && group.subject && roles?.length === 3 && creator?.[2] === 'creator' && group.role === 'member';
  say(holds && roles.every(([phone, lid]) => phone && lid), 'GET /groups/{id}: its participants with roles and both identities', {
    subject: group.subject,
    roles,
  });
}
