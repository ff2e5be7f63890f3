// Runs axe-core on a page. It is injected over the browser's debugging channel, because the page's policy allows no
// script.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Fails with axe's findings about the page as it is now. */
export async function accessible(page, what) {
  const channel = await page.context().newCDPSession(page);
  const run = async (expression) => {
    const { result, exceptionDetails } = await channel.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    assert.equal(exceptionDetails, undefined, JSON.stringify(exceptionDetails));
    return result.value;
  };
  await run(`if (!globalThis.axe) { ${SOURCE} }`);
  const violations = await run(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.map(({ id, help, nodes }) => ({ id, help, at: nodes.map((node) => node.html + ' ' + node.failureSummary) })))`);
  await channel.detach();
  assert.deepEqual(violations, [], what);
}
