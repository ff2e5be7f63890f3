// Paths: the page's modules (REAL_MODULES, required), and a folder for keys and the bundle (REAL_WORK), which must not
// be in the checkout.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRequire } from 'node:module';
export const MODULES = process.env.REAL_MODULES ?? '';
export const WORK = process.env.REAL_WORK ?? path.join(os.tmpdir(), 'realpage');
if (!MODULES || !fs.existsSync(path.join(MODULES, 'WAWebSocketModel.js'))) {
  console.error(
    "REAL_MODULES must name the folder with the page's modules, one a file: CONTRIBUTING.md says where they can be had.",
  );
  process.exit(78);
}
fs.mkdirSync(WORK, { recursive: true });
export const fromWork = createRequire(import.meta.url);
