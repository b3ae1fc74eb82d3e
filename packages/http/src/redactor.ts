import { canonicalText, type CanonicalText, needsDecoding } from "./canonical-text.ts";
import { LiteralSet, minLiteralLength } from "./literal-set.ts";

/** Shorter secrets are not searched for: they occur in words. */
export const minSecretLength = minLiteralLength;

/**
 * Removes known secrets from texts, in every spelling in which servers and tools echo them: as they are, escaped in JSON once or
 * several times, percent-encoded, in HTML, in base64, and all of these combined. If a text ends with the beginning of a secret,
 * that is removed too, since answers are cut.
 */
export class Redactor {
  /** The spellings that occur in a text that is not decoded. */
  readonly #plain = new LiteralSet();
  /** The spellings that occur in a decoded text. */
  readonly #canonical = new LiteralSet();
  /** At least one secret has a character that JSON, a URL or HTML escapes. */
  #escaped = false;

  readonly #replacement: string;

  constructor(secrets: Iterable<string> = [], replacement = "[secret]") {
    this.#replacement = replacement;
    this.add(secrets);
  }

  add(secrets: Iterable<string>): void {
    for (const secret of secrets) {
      for (const meaning of meaningsOf(secret)) {
        if (!unreserved.test(meaning)) this.#escaped = true;
        for (const literal of [meaning, ...base64Of(meaning), ...shortSpellings(meaning)]) {
          const decoded = canonicalText(literal).text;
          this.#plain.add(literal);
          this.#plain.add(decoded);
          this.#canonical.add(decoded);
        }
      }
    }
  }

  redact(text: string): string {
    const ranges = this.#plain.rangesIn(text);
    if (!(this.#escaped ? needsDecoding(text) : unusual.test(text)))
      return ranges.length === 0 ? text : replaced(text, ranges, this.#replacement);
    const decoded = canonicalText(text);
    const found = this.#canonical.rangesIn(decoded.text);
    return ranges.length + found.length === 0
      ? text
      : replaced(text, [...ranges, ...original(found, decoded)], this.#replacement);
  }
}

/** A text that is the same in JSON, a URL and HTML. */
const unreserved = /^[\w.~:-]*$/;

/** Escapes of characters that need none, and of the characters of base64. */
const unusual = /[%&]|\\[u/]/;

type Range = readonly [start: number, end: number];

const original = (found: readonly Range[], { starts, ends }: CanonicalText): Range[] =>
  found.map(([start, end]) => [starts[start]!, ends[end - 1]!]);

function replaced(text: string, ranges: readonly Range[], replacement: string): string {
  let [clean, done] = ["", 0];
  for (const [start, end] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (start >= done) clean += text.slice(done, splitsEscape(text, start) ? start - 1 : start) + replacement;
    done = Math.max(done, splitsEscape(text, end) ? end + 1 : end);
  }
  return clean + text.slice(done);
}

/** Whether an odd number of backslashes stands before. A cut there would leave `\[`, or an unescaped quote, in a JSON text. */
function splitsEscape(text: string, at: number): boolean {
  let start = at;
  while (text[start - 1] === "\\") start -= 1;
  return (at - start) % 2 === 1;
}

/** The parts of a value that are secret even alone. */
function meaningsOf(value: string): Set<string> {
  const meanings = new Set([value]);
  const [, scheme, token] = /^(\w+)\s+(\S.*)$/s.exec(value) ?? [];
  if (token !== undefined) meanings.add(token);
  const pair = userAndPassword(token ?? value, scheme?.toLowerCase() === "basic");
  if (pair !== undefined) meanings.add(pair).add(pair.slice(pair.indexOf(":") + 1));
  const decoded = percentDecoded(value);
  if (decoded !== undefined) meanings.add(decoded);
  return meanings;
}

/** `user:password` of `Basic dXNlcjpwYXNzd29yZA==`. Without the scheme only if the text cannot be anything else. */
function userAndPassword(token: string, isBasic: boolean): string | undefined {
  if (!/^[\w+/-]{8,}={0,2}$/.test(token)) return undefined;
  try {
    const bytes = Uint8Array.from(atob(token.replaceAll("-", "+").replaceAll("_", "/")), (byte) => byte.charCodeAt(0));
    const pair = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return (isBasic ? /:/ : /^[!-~]+:[!-~]+$/).test(pair) ? pair : undefined;
  } catch {
    return undefined;
  }
}

function percentDecoded(value: string): string | undefined {
  if (!value.includes("%")) return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

/** Further spellings of a secret such as `\\\\\\\\`, of which nearly nothing remains after decoding. */
function shortSpellings(secret: string): string[] {
  if (canonicalText(secret).text.length >= minSecretLength) return [];
  const json = JSON.stringify(secret).slice(1, -1);
  return [json, JSON.stringify(json).slice(1, -1), encodeURIComponent(secret.toWellFormed())];
}

/** Tools break base64 into lines: openssl after 64 characters, python and MIME after 76. */
const lineLengths = [64, 76];

/**
 * The part of a secret's base64 that does not depend on what stands before and after it, for each of the three places where it can
 * begin within three bytes; in both alphabets.
 */
function base64Of(secret: string): string[] {
  const bytes = String.fromCharCode(...new TextEncoder().encode(secret));
  const parts = [0, 1, 2].map((offset) => {
    const whole = btoa("\0".repeat(offset) + bytes);
    const open = (offset + bytes.length) % 3;
    return whole.slice(offset === 0 ? 0 : offset + 1, open === 0 ? undefined : whole.indexOf("=") - 1);
  });
  const whole = btoa(bytes);
  const lines = lineLengths.flatMap((length) =>
    whole.length > length ? whole.match(new RegExp(`.{1,${length}}`, "g"))! : [],
  );
  return [...parts, ...lines].flatMap((text) => [text, text.replaceAll("+", "-").replaceAll("/", "_")]);
}
