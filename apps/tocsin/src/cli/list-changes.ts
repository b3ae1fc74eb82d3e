import type { ChangeBody } from "../http/endpoints/changes.ts";
import { callApi } from "./api.ts";
import { print, sayMore } from "./operate.ts";
import type { ChangeListOptions } from "./operator-options.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

/** Prints a page of changes. The service reads a bounded number of them per request, so one command may send many requests. */
export async function listChanges(terminal: Terminal, options: ChangeListOptions): Promise<void> {
  const { limit: asked, matcher = [], since } = options;
  const limit = Number(asked);
  const changes: ChangeBody[] = [];
  let nextCursor = options.cursor;
  do {
    const query = new URLSearchParams([
      ...matcher.map((one) => ["matcher", one]),
      ...(since === undefined ? [] : [["since", since]]),
      // The service reports what is wrong with it.
      ["limit", Number.isInteger(limit) ? String(Math.min(limit - changes.length, 1_000)) : asked],
      ...(nextCursor === undefined ? [] : [["cursor", nextCursor]]),
    ]);
    const page = (await callApi(options, "GET", `changes?${query.toString()}`)) as {
      readonly changes: readonly ChangeBody[];
      readonly nextCursor?: string;
    };
    changes.push(...page.changes);
    ({ nextCursor } = page);
  } while (nextCursor !== undefined && changes.length < limit);
  const rows = changes.map(({ fingerprint, timestamp, origin, source, environment, state, summary }) => [
    fingerprint,
    timestamp,
    origin,
    source,
    environment,
    state,
    summary,
  ]);
  const answer = { changes, ...(nextCursor !== undefined && { nextCursor }) };
  const headings = ["FINGERPRINT", "TIME", "ORIGIN", "SOURCE", "ENVIRONMENT", "STATE", "SUMMARY"];
  print(terminal, options, answer, table(headings, rows));
  sayMore(terminal, options, answer);
}
