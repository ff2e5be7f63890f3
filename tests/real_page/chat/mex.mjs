// Questions in GraphQL, and who answers which.
import { attr, real } from '../realnode.mjs';
import { groupInfo } from './groups.mjs';
import { state } from './state.mjs';

const GROUP = 'WAWebMexFetchGroupInfoJobQuery';

/** The id that the page's own module gives a question. */
function idOf(name) {
  const module = real(`${name}.graphql`);
  return (module.default ?? module).params.id;
}

export function mexAnswer(query) {
  const id = attr(query, 'query_id');
  if (id === idOf(GROUP)) return groupInfo(JSON.parse(Buffer.from(query.content).toString()).variables.id);
  return [...state.mex].find(([name]) => idOf(name) === id)?.[1] ?? null;
}
