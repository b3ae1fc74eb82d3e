import { Random } from "../kit/random.ts";
import { allSenderKinds, type SenderKind, senderKinds } from "./senders/kinds.ts";
import { type Scenario, scenarioOf } from "./scenario.ts";

const minute = 60_000;

/** Kinds of senders with an Alertmanager, which has an API to read. */
export const readableKinds: readonly SenderKind[] = allSenderKinds.filter(
  (kind) => senderKinds[kind](new Random(1)).to !== "direct",
);

/**
 * A run for a service that reads the API of Alertmanager: an absent alert ends after 20 minutes, so much more than that must
 * happen. The day that follows some other runs is left out: polls would take most of its time.
 */
export function readingScenarioOf(seed: number, senders?: SenderKind): Scenario {
  const random = new Random(seed).fork("reading");
  const scenario = scenarioOf(seed, senders ?? random.pick(readableKinds));
  return { ...scenario, activeMs: random.between(40, 150) * minute, longRun: false };
}
