import { UsageError } from "../config/operator-error.ts";
import type { Replayed } from "../http/endpoints/replay-dead-letters.ts";
import { callApi } from "./api.ts";
import { print } from "./operate.ts";
import type { ReplayOptions } from "./operator-options.ts";
import type { Terminal } from "./terminal.ts";

/** Replays all dead letters that match. */
export async function replayAll(terminal: Terminal, options: ReplayOptions): Promise<void> {
  if (!options.all) throw new UsageError("deadletters replay: expected the id of a dead letter, or --all");
  const { target, reason, before, matcher, dryRun } = options;
  const sent = JSON.stringify({ target, reason, before, matcher, dryRun });
  const answer = await callApi(options, "POST", "deadletters/replay", sent);
  const { matching, replayable, replayed, refused, more } = answer as Replayed;
  const counted = dryRun
    ? `Dead letters that match: ${matching}. Can be sent again: ${replayable}\n`
    : `Dead letters that match: ${matching}. Queued again: ${replayed}\n`;
  const others = [...Map.groupBy(refused, (one) => `${one.target}: ${one.reason}`)].map(
    ([why, some]) => `Not sent again, ${why}: ${some.length}\n`,
  );
  const rest = more ? "There are more. Run the command again\n" : "";
  print(terminal, options, answer, counted + others.join("") + rest);
}
