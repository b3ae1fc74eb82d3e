/** Returns numbers in [0, 1) like `Math.random`. The same seed gives the same sequence. */
export type Random = () => number;

/** Mulberry32: 32 bits of state are enough to choose which fault hits which request. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
