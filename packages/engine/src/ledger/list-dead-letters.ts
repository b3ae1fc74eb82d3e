import type { Ledger } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";

/** Lists dead letters, the newest first. The cursor is the number of the last one. */
export function listDeadLetters(
  { store }: LedgerContext,
  { limit, cursor, ...filter }: Parameters<Ledger["deadLetters"]>[0],
) {
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
  const letters = store.deadLetters(limit + 1, before, filter);
  const deadLetters = letters.slice(0, limit);
  const last = deadLetters.at(-1);
  return letters.length > limit && last ? { deadLetters, nextCursor: String(last.id) } : { deadLetters };
}
