// Questions in GraphQL, and their answers.
import { attr, real } from '../realnode.mjs';
import { groupInfo } from './groups.mjs';
import { state } from './state.mjs';

const GROUP = 'WAWebMexFetchGroupInfoJobQuery';

/** The id of a question in the page's own module. */
function idOf(name) {
  const module = real(`${name}.graphql`);
  return (module.default ?? module).params.id;
}

export function mexAnswer(query) {
  const id = attr(query, 'query_id');
  if (id === idOf(GROUP)) return groupInfo(JSON.parse(Buffer.from(query.content).toString()).variables.id);
  return [...state.mex].find(([name]) => idOf(name) === id)?.[1] ?? null;
}
