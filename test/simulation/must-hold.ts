import type { Scenario } from "./scenario.ts";
import { type Result, simulate, type SimulateOptions } from "./simulate.ts";

/** Lines of a history that a person still reads. */
const maxLines = 400;

/** Runs a seed or a scenario; if a promise did not hold, throws with the seed, the promises and the end of the history. */
export async function mustHold(given: number | Scenario, options: SimulateOptions = {}): Promise<Result> {
  const result = await simulate(given, options);
  const { seed } = result;
  if (result.violations.length === 0) return result;
  const lines = (await result.history()).split("\n");
  throw new Error(
    [
      `seed ${seed} fails (scripts/simulate.ts --seeds 1 --from ${seed}${how(given, options)} --show prints all of it):`,
      ...result.violations.map((violation) => `  ${violation}`),
      ...lines.slice(-maxLines),
    ].join("\n"),
  );
}

/** Further options of the script that plays the same history. */
function how(given: number | Scenario, { startReader }: SimulateOptions): string {
  if (typeof given !== "number" && given.classification) return " --classify";
  if (!startReader || typeof given === "number") return "";
  const senders = given.sources.flatMap((source) => (source.kind === "senders" ? [source.senders] : []));
  return ` --read --senders "${senders[0]}"`;
}
