import type { Callback } from "./callback.ts";

/** Returns the names of the targets, as written, whose receivers report what happens to incidents there. */
export const coveredBy = (callbacks: readonly Pick<Callback, "targets">[]): string[] =>
  callbacks.flatMap(({ targets }) => targets);
