import { setTimeout as sleep } from "node:timers/promises";

export interface Patience {
  /** @default 30 s: work of milliseconds on an idle machine may take seconds on a busy one */
  readonly withinMs?: number;
  /** @default 20 */
  readonly everyMs?: number;
}

/**
 * Waits until the condition gives something other than undefined, null or false, and returns that. An error that it throws
 * is a condition that does not hold yet.
 *
 * @throws Error that says what was waited for, and what came last
 */
export async function waitUntil<T>(
  what: string,
  condition: () => T | Promise<T>,
  { withinMs = 30_000, everyMs = 20 }: Patience = {},
): Promise<Exclude<NonNullable<T>, false>> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      last = value;
      if (value !== undefined && value !== null && value !== false) return value as Exclude<NonNullable<T>, false>;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms in vain until ${what}`, { cause: last });
    await sleep(everyMs);
  }
}
