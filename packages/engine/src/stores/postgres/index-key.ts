import { createHash } from "node:crypto";

/** An index entry holds 2,700 bytes; keys of this length leave room for what stands beside them. */
const maxLength = 300;

/**
 * What stands in an indexed column for a text that came from outside: itself, save where PostgreSQL could not store it (NUL,
 * half a surrogate pair) or not index it (too long). The true text is then in the row's facts.
 */
export const indexKey = (text: string): string =>
  text.length <= maxLength && text.isWellFormed() && !text.includes("\0") && !text.startsWith("#")
    ? text
    : `#${createHash("sha256").update(JSON.stringify(text)).digest("hex")}`;

/** Text for people that PostgreSQL can store. */
export const storableText = (text: string): string => text.toWellFormed().replaceAll("\0", "\u{FFFD}");
