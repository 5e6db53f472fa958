/** Text as the page shows it and as a pattern wants it. */

export const regexEscape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The workbench draws blanks in editors and labels as no-break spaces. */
export const plainBlanks = (text) => text.replace(/\u00a0/g, " ");
