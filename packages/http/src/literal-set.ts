/** Number of characters by which a literal is found. Shorter literals are ignored. */
export const minLiteralLength = 6;

const base = 31;
const leavingFactor = Math.imul(Math.imul(base ** 3, base ** 3), 1);
const filterBits = 1 << 16;

/**
 * Finds any of many literals in a text, in one pass and at a cost per character that does not depend on their number. It compares a
 * rolling hash of six characters with a bit map first (Rabin-Karp).
 */
export class LiteralSet {
  readonly #literals = new Set<string>();
  /** Literals by the hash of their first characters. */
  readonly #byHead = new Map<number, string[]>();
  readonly #filter = new Uint8Array(filterBits >> 3);

  add(literal: string): void {
    if (literal.length < minLiteralLength || this.#literals.has(literal)) return;
    this.#literals.add(literal);
    let hash = 0;
    for (let at = 0; at < minLiteralLength; at++) hash = (Math.imul(hash, base) + literal.charCodeAt(at)) | 0;
    const others = this.#byHead.get(hash);
    if (others) others.push(literal);
    else this.#byHead.set(hash, [literal]);
    const bit = bitOf(hash);
    this.#filter[bit >> 3]! |= 1 << (bit & 7);
  }

  /** Positions of literals, and of the start of a literal at the end of the text. Ranges may overlap. */
  rangesIn(text: string): [start: number, end: number][] {
    const found: [number, number][] = [];
    if (this.#literals.size === 0) return found;
    const filter = this.#filter;
    let hash = 0;
    for (let at = 0; at < text.length; at++) {
      hash = (Math.imul(hash, base) + text.charCodeAt(at)) | 0;
      const start = at + 1 - minLiteralLength;
      if (start < 0) continue;
      if (start > 0) hash = (hash - Math.imul(text.charCodeAt(start - 1), leavingFactor)) | 0;
      const bit = (hash ^ (hash >>> 16)) & (filterBits - 1);
      if ((filter[bit >> 3]! & (1 << (bit & 7))) === 0) continue;
      const length = this.#lengthAt(text, start, hash);
      if (length > 0) found.push([start, start + length]);
    }
    return found;
  }

  /** Length of the longest literal at this position, or of the rest of the text if a literal begins with it. 0: there is none. */
  #lengthAt(text: string, start: number, hash: number): number {
    let longest = 0;
    for (const literal of this.#byHead.get(hash) ?? []) {
      if (literal.length > longest && text.startsWith(literal, start)) longest = literal.length;
      const rest = text.length - start;
      if (literal.length > rest && rest > longest && literal.startsWith(text.slice(start))) longest = rest;
    }
    return longest;
  }
}

const bitOf = (hash: number): number => (hash ^ (hash >>> 16)) & (filterBits - 1);
