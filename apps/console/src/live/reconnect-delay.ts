const firstMs = 1_000;
const mostMs = 30_000;

/**
 * Wait before the next try to open the stream, after so many failures in a row. It doubles, with jitter, so that pages do not
 * return at the same time after a restart.
 *
 * @param random 0 to 1
 */
export const reconnectDelayMs = (failures: number, random: number): number =>
  Math.round(Math.min(mostMs, firstMs * 2 ** Math.max(0, failures - 1)) * (0.5 + random / 2));
