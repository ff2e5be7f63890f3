// Questions in GraphQL, and their answers.
import { attr, real } from '../realnode.mjs';
import { groupInfo } from './groups.mjs';
import { changeProperty, inviteCode } from './managing.mjs';
import { state } from './state.mjs';

const GROUP = 'WAWebMexFetchGroupInfoJobQuery';
const INVITE = 'WAWebMexFetchGroupInviteCodeJobQuery';
const PROPERTY = 'WAWebMexUpdateGroupPropertyJobMutation';

/** The id of a question in the page's own module. */
function idOf(name) {
  const module = real(`${name}.graphql`);
  return (module.default ?? module).params.id;
}

export function mexAnswer(query) {
  const id = attr(query, 'query_id');
  const variables = () => JSON.parse(Buffer.from(query.content).toString()).variables;
  if (id === idOf(GROUP)) return groupInfo(variables().id);
  if (id === idOf(INVITE)) return inviteCode(variables().id);
  if (id === idOf(PROPERTY)) return changeProperty(variables());
  return [...state.mex].find(([name]) => idOf(name) === id)?.[1] ?? null;
}
