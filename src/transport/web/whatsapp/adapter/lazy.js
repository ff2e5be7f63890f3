// The parts of the page that it fetches only when somebody opens them.
//
// `require` does not know the modules of such a part before the page has fetched it. Where the page has a function of its own
// that fetches the part, the adapter calls that one; elsewhere the page's loader is given the name of the part's screen.
/** @type {Adapter.File} */
(function lazy(page) {
  'use strict';
  const { has, need, attempt, refuse } = page;

  /** How long one attempt may take. A part is a static file: over a line that works it comes within a second or two. */
  const ATTEMPT_MS = 6000;
  const LOOK_MS = 50;
  /** What the page's loader is told about who asks. */
  const LABEL = 'WAWebLoadable';

  /**
   * Begins to fetch a part. Whether it came shows in its modules alone: the page's loader tells nothing of a failure.
   * @param {Adapter.Door} door
   * @param {number} attempts
   */
  function open({ loadable, screen }, attempts) {
    const own = loadable && attempt(() => window.require(loadable)?.requireBundle);
    if (own && attempts === 0) Promise.resolve(attempt(own)).catch(() => {});
    else attempt(() => window.require('Bootloader')?.loadModules([screen], () => {}, LABEL));
  }

  /** @type {Adapter.Page['fetched']} */
  page.fetched = async (name, door) => {
    for (let attempts = 0; attempts < 2 && !has(name); attempts += 1) {
      open(door, attempts);
      const end = performance.now() + ATTEMPT_MS;
      while (!has(name) && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    if (has(name)) return need(name);
    return refuse('NOT_AVAILABLE', page.modulesOf(name));
  };

  return { forms: {}, calls: {} };
})
