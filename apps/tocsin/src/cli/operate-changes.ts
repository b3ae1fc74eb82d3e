import type { ChangeBody } from "../http/endpoints/changes.ts";
import { UsageError } from "../config/operator-error.ts";
import { call } from "./api.ts";
import { print, sayMore } from "./operate.ts";
import type { ChangeListOptions, OperatorOptions } from "./operator-options.ts";
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
    const page = (await call(options, "GET", `changes?${query.toString()}`)) as {
      readonly changes: readonly ChangeBody[];
      readonly nextCursor?: string;
    };
    changes.push(...page.changes);
    ({ nextCursor } = page);
  } while (nextCursor !== undefined && changes.length < limit);
  const rows = changes.map(({ timestamp, origin, source, environment, state, summary }) => [
    timestamp,
    origin,
    source,
    environment,
    state,
    summary,
  ]);
  const answer = { changes, ...(nextCursor !== undefined && { nextCursor }) };
  print(terminal, options, answer, table(["TIME", "ORIGIN", "SOURCE", "ENVIRONMENT", "STATE", "SUMMARY"], rows));
  sayMore(terminal, options, answer);
}

export interface SendChangeOptions extends OperatorOptions {
  readonly summary: string;
  readonly source?: string;
  readonly id?: string;
  readonly timestamp?: string;
  readonly environment?: string;
  readonly label?: readonly string[];
  readonly target?: readonly string[];
  readonly link?: readonly string[];
}

/** `tocsin send change`: records a change at the service, which sends it to its targets. */
export async function sendChange(terminal: Terminal, options: SendChangeOptions): Promise<void> {
  const { summary, source, id, timestamp, environment, label = [], target, link } = options;
  const labels = Object.fromEntries(label.map(labelIn));
  const change = {
    summary,
    source,
    id,
    timestamp,
    environment,
    ...(label.length > 0 && { labels }),
    targets: target,
    links: link?.map((href) => ({ href })),
  };
  const answer = await call(options, "POST", "changes", JSON.stringify(change));
  const { ids } = answer as { readonly ids: readonly string[] };
  print(terminal, options, answer, `The service recorded the change ${ids.join(", ")}\n`);
}

function labelIn(text: string): readonly [name: string, value: string] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`--label: expected NAME=VALUE, found ${JSON.stringify(text)}`);
  return [text.slice(0, at), text.slice(at + 1)];
}
