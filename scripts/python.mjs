/**
 * Runs the checkout's Python, set up first, from the checkout's folder: `node scripts/python.mjs -m tests.bench ...`.
 */

import { venvPython } from "./lib/paths.mjs";
import { main, run } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

await main(async (args) => {
  await setup();
  const { code } = await run(venvPython, args, { show: true });
  return code;
});
