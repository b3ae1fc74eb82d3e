/** First 32 bits of the fractional parts of the roots of the first primes: square roots of 8, cube roots of 64 (FIPS 180-4). */
const roots = (count: number, power: number): number[] => {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes.map((prime) => ((prime ** power % 1) * 2 ** 32) | 0);
};
const initial = roots(8, 1 / 2);
const constants = Int32Array.from(roots(64, 1 / 3));

/**
 * SHA-256 of a text in UTF-8, in hex. It is written here because `node:crypto` is missing in some runtimes and Web Crypto is
 * asynchronous. It is fast enough for the few bytes of a key.
 */
export function sha256(text: string): string {
  const bytes = new TextEncoder().encode(text);
  // The last block is filled with a one bit, zeros, and the length in bits as a 64-bit number.
  const padded = new Uint8Array((Math.floor((bytes.length + 8) / 64) + 1) * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(padded.length - 4, bytes.length << 3);
  const state = Int32Array.from(initial);
  const words = new Int32Array(64);
  for (let offset = 0; offset < padded.length; offset += 64) addBlock(state, words, view, offset);
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

function addBlock(state: Int32Array, words: Int32Array, view: DataView, offset: number): void {
  for (let n = 0; n < 16; n++) words[n] = view.getInt32(offset + n * 4);
  for (let n = 16; n < 64; n++) {
    const [early, late] = [words[n - 15]!, words[n - 2]!];
    const small0 = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
    const small1 = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
    words[n] = (words[n - 16]! + small0 + words[n - 7]! + small1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let n = 0; n < 64; n++) {
    const big1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = (h + big1 + choice + constants[n]! + words[n]!) | 0;
    const big0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + big0 + majority) | 0];
  }
  for (const [n, word] of [a, b, c, d, e, f, g, h].entries()) state[n]! += word;
}

/** Rotates 32 bits to the right. */
const turn = (word: number, by: number): number => (word >>> by) | (word << (32 - by));
