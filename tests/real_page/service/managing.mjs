// Claims about groups that the account makes, changes, joins and leaves.
const [ANA, BO, CLO, DAN] = ['5491166660001', '5491166660002', '5491166660003', '5491166660004'];
/** A number of a country whose numbers have one form. */
const NOBODY = '16505550199';

const results = ({ body }) => body?.participants?.map(({ participant, result }) => `${participant.slice(-4)} ${result}`);

export async function manage(claims) {
  const { w, say } = claims;
  const now = async (id) => w.ctl('groupnow', { id: id.split('@')[0] });
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  await w.ctl('unknown', { list: NOBODY });
  await w.ctl('refusals', { opt: { [BO]: 403 } });

  const new_ = { subject: 'Obra', participants: [ANA, BO, NOBODY], announce: true, member_add_mode: 'all', ephemeral: 86400, invite: true, idempotency_key: 'group-1' };
  const made = await w.post('/groups', new_);
  const expected = ['0001 done', '0002 invite_needed', '0199 not_on_whatsapp'];
  say(made.status === 200 && same(results(made), expected), 'POST /groups makes a group, with a result for each person', made.status === 200 ? results(made) : made);
  const { id } = made.body;
  const first = await now(id);
  const { announce, restrict, approval, adminAdd, ephemeral, members } = first;
  say(
    same([announce, restrict, approval, adminAdd, ephemeral, members], [true, false, false, false, 86400, [ANA]]),
    'and the server has its settings and members',
    { announce, restrict, approval, adminAdd, ephemeral, members },
  );
  const invite = made.body.participants[1].invite;
  const sent = (await w.ctl('state')).sent.filter(({ id: one }) => invite.message_id?.endsWith(one));
  const told = sent[0]?.encs[0].message.groupInviteMessage;
  const isRight = told?.groupJid === id && told?.inviteCode === 'INVITE0002' && told?.groupName === 'Obra';
  say(sent.length === 1 && isRight, 'who cannot be added is sent the invite once, and can read it', told ?? invite);
  const again = await w.post('/groups', new_);
  const newest = (await w.ctl('groupnewest')).id;
  say(again.status === 200 && again.body.id === id && id.startsWith(newest), 'the same key makes no second group', again.body);

  const message = await w.post('/send', { to: id, message: 'to the new group' });
  say(message.status === 200, 'POST /send to it: 200', message.status === 200 ? undefined : message.body);

  const changes = { subject: 'Obra terminada', description: 'De qué se trata', restrict: true, membership_approval: true, member_add_mode: 'admins', ephemeral: 0 };
  const changed = await w.ask('PATCH', `/groups/${id}`, changes);
  const second = await now(id);
  const values = [second.subject, second.description, second.announce, second.restrict, second.approval, second.adminAdd, second.ephemeral];
  say(changed.status === 200 && same(values, ['Obra terminada', 'De qué se trata', true, true, true, true, 0]), 'PATCH /groups/{id}: the server has all of it', changed.status === 200 ? values : changed);
  for (const description of ['', 'Otra']) {
    const told = await w.ask('PATCH', `/groups/${id}`, { description });
    const has = (await now(id)).description ?? '';
    say(told.status === 200 && has === description, description ? 'and another description follows' : 'a description is taken away', told.status === 200 ? has : told);
  }

  await w.ctl('refusals', { opt: { [CLO]: 408, [DAN]: 419 } });
  const added = await w.post(`/groups/${id}/participants`, { add: [ANA, BO, CLO, DAN] });
  const each = ['0001 already_member', '0002 done', '0003 left_recently', '0004 full'];
  say(added.status === 200 && same(results(added), each), 'people are added, with a result for each', added.status === 200 ? results(added) : added);
  await w.ctl('refusals', { opt: {} });
  for (const [act, who, word] of [['promote', BO, 'done'], ['demote', BO, 'done'], ['promote', DAN, 'not_a_member'], ['remove', ANA, 'done']]) {
    const told = await w.post(`/groups/${id}/participants`, { [act]: [who] });
    say(told.status === 200 && told.body.participants[0].result === word, `${act}: ${word}`, told.status === 200 ? undefined : told);
  }
  const third = await now(id);
  say(same([third.members, third.admins], [[BO], []]), 'and the server has who is left', third.members);

  const invited = await w.get(`/groups/${id}/invite`);
  const reset = await w.post(`/groups/${id}/invite`);
  const { code } = await now(id);
  say(invited.ok && reset.body?.code === code && reset.body.code !== invited.code, 'the invite is told, and reset', [invited.code?.length, reset.status]);

  for (const [index, asks] of [false, true].entries()) {
    const group = { members: [ANA], isMember: false, approval: asks, code: `ForeignGroup000000000${index}` };
    await w.ctl('group', { id: `12036300000077700${index}`, opt: group });
    const joined = await w.post('/groups/join', { code: `https://chat.whatsapp.com/${group.code}` });
    const { isMember, asked } = await now(`12036300000077700${index}`);
    say(joined.body?.status === (asks ? 'requested' : 'joined') && isMember === !asks && Boolean(asked) === asks, asks ? 'admins are asked to let the account join' : 'a group is joined by its link', joined.body);
  }
  const wrong = await w.post('/groups/join', { code: 'NobodyHasThisInvite000' });
  say(wrong.status === 404 && wrong.body.code === 'INVITE_NOT_FOUND', 'an invite that leads nowhere: 404', wrong.body.code);
  const member = await w.ask('PATCH', '/groups/120363000000777000@g.us', { announce: false, subject: 'x', restrict: true });
  say(member.status === 403 && member.body.code === 'GROUP_NOT_ADMIN', 'who is no admin changes no settings: 403', member.body.code);
  await w.ctl('grouperrors', { opt: { create: 500 } });
  const maybe = { subject: 'Quizá', participants: [ANA], idempotency_key: 'group-2' };
  const unknown = await w.post('/groups', maybe);
  await w.ctl('grouperrors', { opt: { not_announcement: 406, subject: 503 } });
  const still = await w.post('/groups', maybe);
  say(unknown.body.code === 'OUTCOME_UNKNOWN' && still.body.code === 'OUTCOME_UNKNOWN', "after the server's own trouble nobody knows of a new group, and the key makes no other", still.body.code);
  const partly = await w.ask('PATCH', `/groups/${id}`, { description: 'Casi', announce: false });
  say(partly.status === 500 && partly.body.whatsapp_code === 406 && same(partly.body.changed, ['description']), 'an error names what was changed before it', partly.body);
  const unsure = await w.ask('PATCH', `/groups/${id}`, { subject: 'Otro' });
  say(unsure.status === 504 && unsure.body.code === 'OUTCOME_UNKNOWN', "and the server's own trouble is no refusal of a change", unsure.body.code);
  await w.ctl('grouperrors', { opt: {} });
  const left = [await w.post(`/groups/${id}/leave`), await w.post(`/groups/${id}/leave`)].map(({ status }) => status);
  say(same(left, [200, 200]) && (await now(id)).isMember === false, 'the group is left, and leaving it again is no error', left);
}
