/** What a person does when the workbench did not react: the same once more. */

/** How long anything may take. Against hanging only: how long it does take is the machine's affair. */
export const PATIENCE_MS = 240_000;
const FIRST_MS = 3_000;

/**
 * Tries until it succeeds; returns what it returned.
 *
 * The workbench draws anew whenever something changes, and then forgets what it was about to do: a hover, a menu, a key.
 * Each attempt gets twice the time of the one before, so that a slow machine is given the time that it needs.
 *
 * @param {(timeout: number) => Promise<any>} attempt Gets the milliseconds that each of its waits may take.
 */
export async function insist(attempt, { timeout = PATIENCE_MS, first = FIRST_MS } = {}) {
  const deadline = Date.now() + timeout;
  for (let limit = first; ; limit *= 2) {
    try {
      return await attempt(Math.min(limit, Math.max(deadline - Date.now(), first)));
    } catch (error) {
      if (Date.now() >= deadline) throw error;
    }
  }
}
