/** How much of a document is looked at: imports stand at the top. */
const BEGINNING = 20_000;

/** Tells whether a Python or YAML text speaks of Stackyard, so that starting the server is worth it. */
export function mentionsStackyard(text: string): boolean {
  return /\bstackyard\b/.test(text.slice(0, BEGINNING));
}
