import { compilePattern, type Test } from "./pattern.ts";

/** Tests one label, as in Prometheus: `severity=~"critical|error"`. A missing label counts as an empty text. */
export interface Matcher {
  readonly label: string;
  readonly operator: Operator;
  readonly value: string;
  /** Takes the label's value, or `""` if the alert has no such label. */
  readonly matches: Test;
}

type Operator = "=" | "!=" | "=~" | "!~";

export class InvalidMatcher extends Error {
  override readonly name = "InvalidMatcher";
}

/**
 * Parses matchers in Alertmanager's syntax: one or several separated by commas, with or without braces. Like Alertmanager, it
 * tries the UTF-8 syntax first and falls back to the classic one, which keeps a backslash before an ordinary character
 * (`path=~"/v\d+"`).
 *
 * @throws InvalidMatcher with a message that names the mistake
 * @throws InvalidPattern for a regular expression that RE2 refuses
 * @example
 * parseMatchers('service=~"api|web", tier!="dev"'); // two matchers
 */
export function parseMatchers(text: string): Matcher[] {
  let parts: readonly Part[];
  try {
    parts = new Reader(text).matchers();
  } catch (error) {
    const classic = parseClassic(text);
    if (!classic) throw error;
    parts = classic;
  }
  if (parts.length === 0) throw new InvalidMatcher('expected a matcher such as severity=~"critical|error"');
  return parts.map(compile);
}

type Part = readonly [label: string, operator: Operator, value: string];

function compile([label, operator, value]: Part): Matcher {
  const test: Test = operator.endsWith("~") ? compilePattern(value, { whole: true }) : (text) => text === value;
  const matches: Test = operator.startsWith("!") ? (text, budget) => !test(text, budget) : test;
  return { label, operator, value, matches };
}

/** The UTF-8 syntax: names and values are bare words, or quoted with Go's escapes. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  matchers(): Part[] {
    const parts: Part[] = [];
    const open = this.#take(/\s*\{/y) !== undefined;
    while (this.#take(open ? /\s*(?=\})/y : /\s*$/y) === undefined) {
      parts.push(this.#matcher());
      if (this.#take(/\s*,/y) === undefined) break;
    }
    if (open && this.#take(/\s*\}/y) === undefined) throw this.#expected('"," or "}"');
    if (this.#take(/\s*$/y) === undefined) throw this.#expected('"," or the end');
    return parts;
  }

  #matcher(): Part {
    const label = this.#word("a label's name");
    const operator = this.#take(/\s*(?:=~|!=|!~|=)/y);
    if (operator === undefined) throw this.#expected("=, !=, =~ or !~");
    return [label, operator.trim() as Operator, this.#word("a value")];
  }

  #word(what: string): string {
    const quoted = this.#take(/\s*"(?:[^"\\]|\\.)*"/suy);
    if (quoted !== undefined) return unquote(quoted.trim(), goEscape);
    const bare = this.#take(/\s*[^\s{}!=~,\\"'`]+/y);
    if (bare === undefined) throw this.#expected(what);
    return bare.trim();
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (!found) return undefined;
    this.#at += found[0].length;
    return found[0];
  }

  #expected(what: string): InvalidMatcher {
    return new InvalidMatcher(`expected ${what} at character ${this.#at + 1}`);
  }
}

const classicMatcher = /^\s*([A-Za-z_:][\w:]*)\s*(=~|!=|!~|=)\s*(.*?)\s*$/s;

/** The classic syntax: names are plain words; values are bare (blanks and backslashes allowed) or quoted. */
function parseClassic(text: string): Part[] | undefined {
  const inner = text.trim().replace(/^\{/, "").replace(/\}$/, "");
  const pieces = inner.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/gs) ?? [];
  if (pieces.join(",").replace(/,$/, "") !== inner.replace(/,$/, "")) return undefined;
  const parts: Part[] = [];
  for (const piece of pieces.filter((one) => one.trim() !== "")) {
    const found = classicMatcher.exec(piece);
    if (!found) return undefined;
    const [, label, operator, value] = found;
    const quoted = /^"((?:[^"\\]|\\.)*)"$/s.test(value!);
    if (!quoted && value!.includes('"')) return undefined;
    parts.push([
      label!,
      operator as Operator,
      quoted ? unquote(value!, classicEscape) : unescape(value!, classicEscape),
    ]);
  }
  return parts;
}

const unquote = (quoted: string, escape: (text: string) => string): string => unescape(quoted.slice(1, -1), escape);

const unescape = (text: string, escape: (text: string) => string): string =>
  text.replace(/\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|.)/gs, escape);

const classicEscapes: Record<string, string> = { "\\n": "\n", '\\"': '"', "\\\\": "\\" };
const classicEscape = (escape: string): string => classicEscapes[escape] ?? escape;

const goEscapes: Record<string, string> = {
  ...classicEscapes,
  "\\a": "\u0007",
  "\\b": "\b",
  "\\f": "\f",
  "\\r": "\r",
  "\\t": "\t",
  "\\v": "\v",
};

/**
 * https://go.dev/ref/spec#Rune_literals. Bytes beyond ASCII (`\xff`) are refused, because a single such byte is not valid UTF-8.
 */
function goEscape(escape: string): string {
  const known = goEscapes[escape];
  if (known !== undefined) return known;
  const point = /^\\[xuU][\da-fA-F]+$/.test(escape) ? parseInt(escape.slice(2), 16) : parseInt(escape.slice(1), 8);
  const isByte = /^\\[x\d]/.test(escape);
  if (Number.isNaN(point) || point > (isByte ? 0x7f : 0x10ffff) || (point >= 0xd800 && point <= 0xdfff)) {
    throw new InvalidMatcher(`unknown escape ${escape}`);
  }
  return String.fromCodePoint(point);
}
