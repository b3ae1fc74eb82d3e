/** Exponential backoff with full jitter. It is at least a tenth of the step, so that no failure is retried at once. */
export function backoffMs(
  failures: number,
  retry: { readonly initial: number; readonly max: number },
  random: number,
): number {
  const step = Math.min(retry.max, retry.initial * 2 ** Math.min(failures, 30));
  return Math.round(step * (0.1 + 0.9 * random));
}
