/** A decoded text, with the position of each of its UTF-16 units in the original. */
export interface CanonicalText {
  readonly text: string;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** A character that may begin an escape of JSON, a URL or HTML. JSON escapes control characters by letters. */
// oxlint-disable-next-line eslint/no-control-regex
const escapes = /[\\%+&\x00-\x1f]/;

export const needsDecoding = (text: string): boolean => escapes.test(text);

/** Number of nested encodings that are decoded. */
const maxPasses = 6;

/**
 * Decodes the escapes of JSON, URLs and HTML until none is left. That loses information: the result serves to compare texts with
 * different escapes, not to read them. Backslashes disappear, and `+` becomes a blank.
 */
export function canonicalText(original: string): CanonicalText {
  let decoded = decodeOnce({ text: original });
  for (let pass = 1; pass < maxPasses && needsDecoding(decoded.text); pass++) {
    const next = decodeOnce(decoded);
    if (next.text === decoded.text) break;
    decoded = next;
  }
  return decoded;
}

/** @param source without positions if it is the original */
function decodeOnce({ text, starts, ends }: { readonly text: string } & Partial<CanonicalText>): CanonicalText {
  const units = new Uint16Array(text.length);
  const [from, to] = [new Int32Array(text.length), new Int32Array(text.length)];
  let length = 0;
  const put = (unit: number, start: number, end: number): void => {
    units[length] = unit;
    from[length] = starts ? starts[start]! : start;
    to[length++] = ends ? ends[end - 1]! : end;
  };
  for (let at = 0; at < text.length;) {
    const unit = text.charCodeAt(at);
    if (unit > plus ? unit !== backslash : unit >= blank && unit !== percent && unit !== ampersand && unit !== plus) {
      put(unit, at, at + 1);
      at += 1;
      continue;
    }
    const escape = decodedAt(text, at);
    for (let n = 0; n < escape.decoded.length; n++) put(escape.decoded.charCodeAt(n), escape.from, escape.to);
    at = escape.to;
  }
  return { text: textOf(units.subarray(0, length)), starts: from, ends: to };
}

const [blank, percent, ampersand, plus, backslash] = Array.from(" %&+\\", (character) => character.charCodeAt(0)) as [
  number,
  number,
  number,
  number,
  number,
];

/** As many arguments as any engine takes. */
const maxArguments = 8_192;

function textOf(units: Uint16Array): string {
  let text = "";
  for (let at = 0; at < units.length; at += maxArguments)
    text += String.fromCharCode(...units.subarray(at, at + maxArguments));
  return text;
}

interface Decoded {
  readonly decoded: string;
  /** Position of its first unit. */
  readonly from: number;
  /** Position of the unit after it. */
  readonly to: number;
}

/** JSON's names of control characters. */
const letters: Readonly<Record<string, string>> = { "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t" };
const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

const backslashes = /\\+/y;
const unicode = /u([\da-fA-F]{4})/y;
const percents = /(?:%[\da-fA-F]{2})+/y;
const entity = /&(?:#x([\da-fA-F]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/y;

function decodedAt(text: string, at: number): Decoded {
  const unit = text[at]!;
  const as = (decoded: string, length = 1): Decoded => ({ decoded, from: at, to: at + length });
  if (unit === "\\") return escapeAt(text, at);
  if (unit === "+") return as(" ");
  if (unit === "%") {
    const [encoded] = matchAt(percents, text, at) ?? [];
    const decoded = encoded && firstCharacter(encoded);
    return decoded ? as(decoded.text, decoded.length) : as(unit);
  }
  if (unit === "&") {
    const [whole, hex, decimal, name] = matchAt(entity, text, at) ?? [];
    if (whole === undefined) return as(unit);
    const point = hex === undefined ? Number(decimal) : parseInt(hex, 16);
    return as(name === undefined ? fromPoint(point) : entities[name]!, whole.length);
  }
  return as(letters[unit] ?? unit);
}

/**
 * Decodes any number of backslashes and the escaped character. If their number is odd, all but the last belong to the text before;
 * else all of them.
 */
function escapeAt(text: string, at: number): Decoded {
  const [run] = matchAt(backslashes, text, at)!;
  const next = at + run.length;
  if (next === text.length) return { decoded: "", from: at, to: next };
  const from = run.length % 2 === 1 ? next - 1 : next;
  const code = matchAt(unicode, text, next)?.[1];
  if (code !== undefined) return { decoded: String.fromCharCode(parseInt(code, 16)), from, to: next + 5 };
  // An escape of another kind may follow.
  const inner = decodedAt(text, next);
  return { ...inner, from };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

const fromPoint = (point: number): string => (point <= 0x10_ffff ? String.fromCodePoint(point) : "\ufffd");

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The first character of percent-encoded UTF-8, and the length of its encoding. Undefined: it is no UTF-8. */
function firstCharacter(encoded: string): { readonly text: string; readonly length: number } | undefined {
  const lead = parseInt(encoded.slice(1, 3), 16);
  const byteCount = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const bytes = encoded.slice(0, byteCount * 3);
  if (bytes.length < byteCount * 3) return undefined;
  try {
    const text = utf8.decode(Uint8Array.from(bytes.slice(1).split("%"), (hex) => parseInt(hex, 16)));
    return { text, length: bytes.length };
  } catch {
    return undefined;
  }
}
