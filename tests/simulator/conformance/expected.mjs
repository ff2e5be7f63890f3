// Checks that fail since the real page lacks what the client relies on: they must fail on the simulator too.
import assert from 'node:assert/strict';
import { it } from 'node:test';

/** Stands in the name of such a check; the report knows it by this. */
export const MARK = ' (fails as on the real page: ';

/** How long an event that cannot come is waited for, in milliseconds. */
export const SILENCE_MS = 4_000;

/** `lacking` names the module and what it does not have; `error` is what the check must fail with. */
export function fails(name, { lacking, error }, work) {
  it(`${name}${MARK}${lacking})`, () => assert.rejects(work, error));
}
