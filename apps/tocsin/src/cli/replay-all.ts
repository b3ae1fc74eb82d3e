import { UsageError } from "../config/operator-error.ts";
import type { Replayed } from "../http/endpoints/replay-dead-letters.ts";
import { callApi } from "./api.ts";
import { print } from "./operate.ts";
import type { ReplayOptions } from "./operator-options.ts";
import type { Terminal } from "./terminal.ts";

/** Whether all dead letters that match are meant, not one. @throws UsageError for an id with options of `--all` */
export function needsFilters(
  id: string | undefined,
  { all, target, reason, before, matcher, dryRun }: ReplayOptions,
): id is undefined {
  if (id === undefined) return true;
  if ([all, target, reason, before, matcher, dryRun].some((option) => option !== undefined))
    throw new UsageError("deadletters replay: expected an id, or --all with filters, not both");
  return false;
}

/** Replays all dead letters that match. The service bounds each request, so it may take several. */
export async function replayAll(terminal: Terminal, options: ReplayOptions): Promise<void> {
  if (!options.all) throw new UsageError("deadletters replay: expected the id of a dead letter, or --all");
  const { target, reason, before, matcher, dryRun } = options;
  const answers: Replayed[] = [];
  for (let cursor: string | undefined; answers.length === 0 || cursor !== undefined;) {
    const sent = JSON.stringify({ target, reason, before, matcher, dryRun, cursor });
    const answer = (await callApi(options, "POST", "deadletters/replay", sent)) as Replayed;
    answers.push(answer);
    cursor = answer.nextCursor;
  }
  const { matching, replayable, replayed, refused } = answers.reduce((sum, one) => ({
    matching: sum.matching + one.matching,
    replayable: sum.replayable + one.replayable,
    replayed: sum.replayed + one.replayed,
    refused: [...sum.refused, ...one.refused],
  }));
  const counted = dryRun
    ? `Dead letters that match: ${matching}. Can be sent again: ${replayable}\n`
    : `Dead letters that match: ${matching}. Queued again: ${replayed}\n`;
  const others = [...Map.groupBy(refused, (one) => `${one.target}: ${one.reason}`)].map(
    ([why, some]) => `Not sent again, ${why}: ${some.length}\n`,
  );
  print(terminal, options, { matching, replayable, replayed, refused }, counted + others.join(""));
}
