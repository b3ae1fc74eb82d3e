import type { Labels } from "./labels.ts";

/**
 * FNV-1a, 64 bit (http://www.isthe.com/chongo/tech/comp/fnv/), in two halves of 32 bits: BigInt would cost a heap
 * allocation per byte. The prime is 2^40 + 0x1b3, so a multiplication is one by 0x1b3 and one shift of the low half.
 */
const offsetHigh = 0xcbf29ce4;
const offsetLow = 0x84222325;
const primeLow = 0x1b3;
const separator = 0xff;

/** Hash state. One state is enough, since hashing never awaits. */
let high = 0;
let low = 0;

function feed(byte: number): void {
  const mixed = (low ^ byte) >>> 0;
  // Below 2^42, far inside a double's exact range. The part above 2^32 is carried into the high half.
  const product = mixed * primeLow;
  low = product >>> 0;
  high = (Math.imul(high, primeLow) + (mixed << 8) + (product - low) / 0x1_0000_0000) >>> 0;
}

/** Feeds a text's UTF-8 bytes; a lone surrogate counts as U+FFFD, as in Go after JSON. */
function feedText(text: string): void {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      feed(unit);
      continue;
    }
    let point = text.codePointAt(i)!;
    if (point > 0xffff) i++;
    else if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
    feedBeyondAscii(point);
  }
}

function feedBeyondAscii(point: number): void {
  if (point < 0x800) {
    feed(0xc0 | (point >> 6));
  } else {
    if (point < 0x10000) {
      feed(0xe0 | (point >> 12));
    } else {
      feed(0xf0 | (point >> 18));
      feed(0x80 | ((point >> 12) & 0x3f));
    }
    feed(0x80 | ((point >> 6) & 0x3f));
  }
  feed(0x80 | (point & 0x3f));
}

/**
 * Alertmanager's fingerprint of a label set: FNV-1a 64 over the names in order of their UTF-8 bytes, as 16 lower-case hex
 * digits (prometheus/common `model/signature.go`). Labels with empty values count here; Alertmanager drops them beforehand.
 *
 * @example
 * alertFingerprint({ severity: "warning", job: "foo" }); // "9266ef3da838ad95"
 */
export function alertFingerprint(labels: Labels): string {
  high = offsetHigh;
  low = offsetLow;
  for (const name of sortByUtf8(Object.keys(labels))) {
    feedText(name);
    feed(separator);
    feedText(labels[name]!);
    feed(separator);
  }
  return hex(high) + hex(low);
}

const hex = (half: number): string => half.toString(16).padStart(8, "0");

/** The built-in sort uses UTF-16 order, which differs from the order of the bytes only for names with surrogates. */
function sortByUtf8(names: string[]): string[] {
  return names.some((name) => /[\ud800-\udfff]/.test(name)) ? names.toSorted(byCodePoint) : names.toSorted();
}

/** UTF-8 bytes sort in the same order as code points. */
function byCodePoint(a: string, b: string): number {
  const [left, right] = [Array.from(a.toWellFormed()), Array.from(b.toWellFormed())];
  const at = left.findIndex((char, i) => char !== right[i]);
  if (at === -1) return left.length - right.length;
  return at >= right.length ? 1 : left[at]!.codePointAt(0)! - right[at]!.codePointAt(0)!;
}
