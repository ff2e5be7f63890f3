// The reporter of the suite: what failed and why, then a table of every check by client, then the count.
import { MARK } from './expected.mjs';

const LINE = (width) => '─'.repeat(width);

/** Why a check failed: the error's own message and where in these files it was thrown. */
function why({ details: { error } }) {
  const cause = error?.cause ?? error;
  const place = /\(?(file:\S+\.mjs:\d+:\d+)\)?/.exec(cause?.stack ?? '')?.[1] ?? '';
  return `${cause?.message ?? cause}\n    ${place}`;
}

function* table(checks) {
  const width = (key) => Math.max(...checks.map((check) => check[key].length));
  const [client, name] = [width('client'), width('name')];
  const row = (...cells) => `${cells[0].padEnd(client)}  ${cells[1].padEnd(name)}  ${cells[2].padEnd(4)}  ${cells[3].padStart(7)}\n`;
  yield `\n${row('client', 'check', '', 'time')}${LINE(client + name + 17)}\n`;
  for (const check of checks) {
    const verdict = !check.passed ? 'FAIL' : check.lacking ? 'gone' : 'pass';
    yield row(check.client, check.name, verdict, `${(check.ms / 1000).toFixed(1)} s`);
  }
}

export default async function* report(source) {
  const checks = [];
  // The checks of a suite are told before the suite, whose name is the client's.
  let ofSuite = [];
  for await (const { type, data } of source) {
    if (type === 'test:stderr') yield data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const passed = type === 'test:pass';
    if (data.details.type === 'suite') {
      checks.push(...ofSuite.map((check) => ({ ...check, client: data.name })));
      // What fails beside the checks: a client that does not start.
      if (!passed && ofSuite.every((check) => check.passed)) checks.push({ client: data.name, name: 'starts and stops', passed, ms: 0 });
      if (!passed && ofSuite.every((check) => check.passed)) yield `${data.name}: ${why(data)}\n`;
      ofSuite = [];
    } else if (data.nesting > 0) {
      const [name, lacking] = data.name.split(MARK);
      ofSuite.push({ name, lacking: lacking?.slice(0, -1), passed, ms: data.details.duration_ms });
      if (!passed) yield `FAIL ${data.name}\n    ${why(data)}\n`;
    } else if (!passed) {
      // A file that could not even be read.
      checks.push({ client: data.name, name: 'runs', passed, ms: 0 });
      yield `FAIL ${data.name}\n    ${why(data)}\n`;
    }
  }
  if (checks.length > 0) yield* table(checks);
  const failed = checks.filter((check) => !check.passed).length;
  const lacking = checks.filter((check) => check.passed && check.lacking);
  for (const check of lacking) yield `gone: ${check.client}, ${check.name}: ${check.lacking}, as on the real page\n`;
  yield `\n${checks.length - failed - lacking.length} passed, ${lacking.length} fail as on the real page, ${failed} failed\n`;
}
