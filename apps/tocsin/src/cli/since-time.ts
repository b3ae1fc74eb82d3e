import { duration } from "@tocsin/core";
import { UsageError } from "../config/operator-error.ts";

/** Returns the instant that `--since` names: an instant as the API takes it, or a duration back from now. @throws UsageError */
export function sinceTime(text: string, nowMs: number = Date.now()): string {
  const back = duration().safeParse(text);
  if (back.success) return new Date(nowMs - back.data).toISOString();
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text).toISOString();
  throw new UsageError('--since: expected a duration such as "7d", or a time such as 2026-01-31T12:00:00Z');
}
