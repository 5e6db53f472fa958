/** Times, sizes and counts as people read them. Pure: "now" is always passed in, in milliseconds since 1970. */

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** A duration in seconds: `0.04 s`, `3.2 s`, `48 s`, `2 min 05 s`, `1 h 02 min`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "";
  if (seconds < 0.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < MINUTE_S) return `${whole} s`;
  if (whole < HOUR_S) return `${Math.floor(whole / MINUTE_S)} min ${pad(whole % MINUTE_S)} s`;
  return `${Math.floor(whole / HOUR_S)} h ${pad(Math.floor((whole % HOUR_S) / MINUTE_S))} min`;
}

/** How long ago a UTC ISO 8601 time was: `just now`, `5 min ago`, `3 h ago`, `yesterday`, `21 Nov`, `21 Nov 2025`. */
export function formatAge(iso: string, now: number): string {
  const then = Date.parse(iso);
  if (Number.isNaN(then)) return "";
  const seconds = (now - then) / 1000;
  if (seconds < 45) return "just now";
  if (seconds < 45 * MINUTE_S) return `${Math.max(1, Math.round(seconds / MINUTE_S))} min ago`;
  if (seconds < 22 * HOUR_S) return `${Math.max(1, Math.round(seconds / HOUR_S))} h ago`;
  if (seconds < 36 * HOUR_S) return "yesterday";
  if (seconds < 7 * DAY_S) return `${Math.round(seconds / DAY_S)} days ago`;
  const date = new Date(then);
  const day = `${date.getDate()} ${MONTHS[date.getMonth()] ?? ""}`;
  return date.getFullYear() === new Date(now).getFullYear() ? day : `${day} ${date.getFullYear()}`;
}

/** A UTC ISO 8601 time as local date and time to the second: `2026-11-21 10:00:03`. */
export function formatTime(iso: string): string {
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return "";
  const date = new Date(time);
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** Bytes in decimal units: `0 B`, `812 B`, `12.3 kB`, `1.2 GB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB", "PB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 99.95 ? value.toFixed(1) : Math.round(value).toString()} ${units[unit] ?? ""}`;
}

/** A number and its noun: `1 step`, `1,200 steps`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${thousands(n)} ${n === 1 ? one : many}`;
}

/** An integer with thousands separated by commas. */
export function thousands(n: number): string {
  return n.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** The class's own name of an import path: `pandas.core.frame.DataFrame` is a `DataFrame`. */
export function shortType(type: string): string {
  return type.slice(type.lastIndexOf(".") + 1);
}

/** A shape: `569 × 30`; a one-dimensional one: `569`; of a scalar: empty. */
export function formatShape(shape: readonly number[] | null): string {
  return (shape ?? []).map(thousands).join(" × ");
}

/** The first characters of a digest, without its algorithm: `sha256:0a1b2c…` is `0a1b2c3d4e5f`. */
export function shortDigest(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1).slice(0, 12);
}

/** A component type or status in words: `artifact store`. */
export function words(identifier: string): string {
  return identifier.replaceAll("_", " ");
}

/**
 * A text that Markdown shows as it is.
 *
 * Not VS Code's `appendText`: it makes blanks of it that no line breaks at, and a hover cuts words instead.
 */
export function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]<>()#+!|~&]/g, String.raw`\$&`).replaceAll("\n", "  \n");
}

/** Texts that are not empty, joined by the middle dot that all rows use. */
export function dotted(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== "").join(" · ");
}

/** A text in brackets after a space; nothing for nothing. */
export function bracketed(text: string): string {
  return text === "" ? "" : ` (${text})`;
}

function pad(n: number): string {
  return n.toString().padStart(2, "0");
}
