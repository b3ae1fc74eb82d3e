import type { Issue } from "@tocsin/core";
import { parseInstant } from "../../ingest/instant.ts";

/** Longest text that is taken from a field, characters. */
const maxTextLength = 500;
const maxUrlLength = 2_000;
/** Longest id, characters. A longer one would not be an id of any known sender. */
const maxIdLength = 500;

/**
 * Reads fields of an untrusted JSON body by their paths, such as `deployment.environment`. A field of another type counts as
 * missing. Only own properties are read, so `__proto__` and `constructor` are ordinary names.
 */
export class Fields {
  /** Fields that the change needs and that are missing. */
  readonly issues: Issue[] = [];
  readonly #body: unknown;

  constructor(body: unknown) {
    this.#body = body;
  }

  /** The value as it is. Undefined: the field is missing. */
  at(path: string): unknown {
    let value = this.#body;
    for (const key of path.split(".")) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
      value = (value as Record<string, unknown>)[key];
    }
    return value;
  }

  /** A text as one line. Undefined: missing, blank or another type. */
  text(path: string, maxLength = maxTextLength): string | undefined {
    const value = this.at(path);
    return typeof value === "string" ? oneLine(value, maxLength) : undefined;
  }

  /** An id as text; senders write ids as whole numbers or as texts. */
  id(path: string): string | undefined {
    const value = this.at(path);
    if (Number.isSafeInteger(value)) return String(value);
    return typeof value === "string" && value.length <= maxIdLength ? oneLine(value, maxIdLength) : undefined;
  }

  /** An absolute `http:` or `https:` URL. */
  url(path: string): string | undefined {
    const value = this.at(path);
    if (typeof value !== "string" || value.length > maxUrlLength || !/^https?:\/\//i.test(value)) return undefined;
    return URL.parse(value)?.href;
  }

  /**
   * Ms since epoch, from a time in RFC 3339, in the spelling of GitLab (`2021-04-28 21:50:00 +0200`), in Unix seconds, or in the
   * spelling of Slack (`"1503435956.000247"`).
   */
  timeMs(path: string): number | undefined {
    const found = this.at(path);
    const value = typeof found === "string" && /^\d{9,12}\.\d{1,9}$/.test(found) ? Number(found) : found;
    if (typeof value === "number") return value > 0 && value < maxUnixSeconds ? Math.trunc(value * 1_000) : undefined;
    if (typeof value !== "string") return undefined;
    return parseInstant(value.replace(/ UTC$/, "Z").replace(/ (?=[+-]\d{2}:?\d{2}$)/, "")) ?? undefined;
  }

  list(path: string): readonly unknown[] {
    const value = this.at(path);
    return Array.isArray(value) ? value : [];
  }

  /** As `text`; a missing text is an issue. */
  neededText(path: string): string {
    return this.text(path) ?? this.#missing(path, "expected a text that is not blank");
  }

  /** As `id`; a missing id is an issue. */
  neededId(path: string): string {
    return this.id(path) ?? this.#missing(path, "expected an id: a whole number or a text");
  }

  /** As `timeMs`; a missing time is an issue. */
  neededTimeMs(path: string): number {
    const ms = this.timeMs(path);
    if (ms === undefined) this.#missing(path, "expected a time");
    return ms ?? 0;
  }

  #missing(path: string, message: string): string {
    this.issues.push({ path, message });
    return "";
  }
}

/** The year 9999. */
const maxUnixSeconds = 253_402_300_799;

/** Returns a text as one line without control characters, cut to a length. Undefined: it is blank. */
export function oneLine(text: string, maxLength: number): string | undefined {
  // Twice the length first, because a body may hold a text of a megabyte.
  const line = text
    .slice(0, 2 * maxLength)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim();
  if (line === "") return undefined;
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
