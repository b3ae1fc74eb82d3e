/**
 * `JSON.parse` blocks the process for seconds if a body of 20 MiB holds millions of names. Bodies with many values are
 * therefore parsed in parts: the list of alerts is cut between its members, in bytes.
 */

/** Length of the text that is parsed at once, in bytes: some milliseconds at most. */
const maxPartBytes = 65_536;

/** Maximum number of values in one list member; an alert has a few dozen. */
export const maxMemberValues = 10_000;

/** Replaces a list member that could not be read. */
export class Unreadable {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** A JSON text that is not parsed yet. Parts that no caller reads are not checked. */
export class LargeJson {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The root value. */
  get top(): LargeValue {
    return new LargeValue(this.#bytes, skipBlanks(this.#bytes, 0));
  }
}

/** One value within a JSON text. */
export class LargeValue {
  readonly #bytes: Buffer;
  readonly #start: number;

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes;
    this.#start = start;
  }

  get isObject(): boolean {
    return this.#bytes[this.#start] === openBrace;
  }

  get isList(): boolean {
    return this.#bytes[this.#start] === openBracket;
  }

  /**
   * Returns the values of the named members of an object; if a name occurs several times, the last value. Stops at invalid
   * JSON.
   */
  members(...names: readonly string[]): Map<string, LargeValue> {
    const found = new Map<string, LargeValue>();
    const bytes = this.#bytes;
    let at = skipBlanks(bytes, this.#start + 1);
    const known = names.map((name) => Buffer.from(name));
    while (bytes[at] === quote) {
      const end = endOfString(bytes, at);
      const length = end - at - 1;
      const name = names[known.findIndex((one) => one.length === length && one.compare(bytes, at + 1, end) === 0)];
      const colonAt = skipBlanks(bytes, end + 1);
      if (bytes[colonAt] !== colon) break;
      const start = skipBlanks(bytes, colonAt + 1);
      if (name !== undefined) found.set(name, new LargeValue(bytes, start));
      const commaAt = skipBlanks(bytes, valueAt(bytes, start).end);
      if (bytes[commaAt] !== comma) break;
      at = skipBlanks(bytes, commaAt + 1);
    }
    return found;
  }

  /** Returns the value of a number or a short text; undefined for any other value. */
  get scalar(): unknown {
    const { end } = valueAt(this.#bytes, this.#start);
    if (end - this.#start > maxScalarBytes) return undefined;
    return parsed(this.#bytes.toString("utf8", this.#start, end))?.[0];
  }

  /**
   * Iterates over the members of a list and parses them part by part as they are requested. Ends with an `Unreadable` if the
   * list is torn.
   */
  *items(): Generator {
    const bytes = this.#bytes;
    let at = skipBlanks(bytes, this.#start + 1);
    if (bytes[at] === closeBracket) return;
    /** Start and end positions of the members that are parsed next. */
    let part: [start: number, end: number][] = [];
    for (;;) {
      const { end, values } = valueAt(bytes, at);
      const tooMany = values > maxMemberValues;
      if (tooMany || (part.length > 0 && end - part[0]![0] > maxPartBytes)) {
        yield* this.#parse(part);
        part = [];
      }
      if (tooMany) yield new Unreadable(`must not hold more than ${maxMemberValues} values`);
      else part.push([at, end]);
      const next = skipBlanks(bytes, end);
      if (bytes[next] !== comma) {
        yield* this.#parse(part);
        if (bytes[next] !== closeBracket) yield new Unreadable("expected JSON");
        return;
      }
      at = skipBlanks(bytes, next + 1);
    }
  }

  #parse(part: readonly (readonly [start: number, end: number])[]): unknown[] {
    const [first, last] = [part[0], part.at(-1)];
    if (first === undefined || last === undefined) return [];
    const text = (start: number, end: number) => this.#bytes.toString("utf8", start, end);
    // A member that is not JSON does not affect the others.
    return parsed(text(first[0], last[1])) ?? part.map(([start, end]) => this.#parseOne(text(start, end)));
  }

  #parseOne(text: string): unknown {
    const values = parsed(text);
    return values?.length === 1 ? values[0] : new Unreadable("expected JSON");
  }
}

const maxScalarBytes = 1_000;

/** Returns the members of the list with this inner text. */
function parsed(inner: string): unknown[] | undefined {
  try {
    return JSON.parse(`[${inner}]`) as unknown[];
  } catch {
    return undefined;
  }
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;

export function skipBlanks(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return at;
}

/** Returns the position of the quote that ends the string whose first quote is at `start`. */
export function endOfString(bytes: Buffer, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== 0x22) at += bytes[at] === 0x5c ? 2 : 1;
  return at;
}

/**
 * Returns where a value ends, and an upper bound for the number of values in it, itself included. The text may be invalid JSON.
 */
export function valueAt(bytes: Buffer, start: number): { readonly end: number; readonly values: number } {
  let depth = 0;
  let values = 1;
  for (let at = start; at < bytes.length; at++) {
    switch (bytes[at]) {
      case 0x22: // "
        at = endOfString(bytes, at);
        if (depth === 0) return { end: at + 1, values };
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth++;
        values++;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        if (depth === 0) return { end: at, values };
        if (--depth === 0) return { end: at + 1, values };
        break;
      case 0x2c: // ,
        if (depth === 0) return { end: at, values };
        values++;
        break;
      case undefined:
      default:
    }
  }
  return { end: bytes.length, values };
}
