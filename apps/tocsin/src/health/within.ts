import type { Clock } from "@tocsin/core";

/** Returns undefined if the promise takes longer. */
export async function within<T>(limitMs: number, clock: Clock, promise: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const cancel = clock.after(limitMs, () => late.resolve(undefined));
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    cancel();
  }
}
