import { createHash } from "node:crypto";

/** In characters. An index entry holds 2,700 bytes; keys of this length leave room for the other columns of the index. */
const maxLength = 300;

/**
 * The value of an indexed column for a text that came from outside. It is the text itself, unless PostgreSQL cannot store it
 * (NUL, half a surrogate pair) or cannot index it (too long). Then it is a hash, and the row's facts contain the true text.
 */
export const indexKey = (text: string): string =>
  text.length <= maxLength && text.isWellFormed() && !text.includes("\0") && !text.startsWith("#")
    ? text
    : `#${createHash("sha256").update(JSON.stringify(text)).digest("hex")}`;

/** Replaces what PostgreSQL cannot store in a text that only people read. */
export const storableText = (text: string): string => text.toWellFormed().replaceAll("\0", "\u{FFFD}");
