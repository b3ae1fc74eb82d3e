import { waits } from "./classification-checks.ts";
import { isolated, checkInvariants } from "./invariants.ts";
import type { OpenLedger } from "./ledger-host.ts";
import type { StartReader } from "./reading.ts";
import { type Scenario, scenarioOf } from "./scenario.ts";
import { Cluster } from "./cluster.ts";

const minute = 60_000;
const hour = 60 * minute;

export interface Result {
  readonly seed: number;
  /** The promises that did not hold, as text. Empty: all held. */
  readonly violations: readonly string[];
  /** Virtual time that passed. */
  readonly simulatedMs: number;
  /** Attempts that left, and incidents. */
  readonly attempts: number;
  readonly incidents: number;
  /** Alerts that a reading of an Alertmanager's API ended. */
  readonly endedByReading: number;
  /** All that happened, for whoever looks for the reason. */
  readonly history: () => Promise<string>;
}

export interface SimulateOptions {
  /** Keeps the history. @default false */
  readonly remember?: boolean;
  readonly openLedger?: OpenLedger;
  /** With it the service also reads the APIs of the simulated Alertmanagers. */
  readonly startReader?: StartReader;
}

/** How long a new text may wait, behind all other events at the lowest limit: far less than for a reminder. */
const maxWordsMs = 30 * minute;

/** How long the longest backlog may take once all is well. */
const maxDrainMs = 6 * hour;

/**
 * One history of the engine, made by a seed: sources that storm, flap and fall silent, a receiver and a network that fail,
 * processes that pause and crash, targets that change. Same seed, same history.
 */
export async function simulate(seed: number | Scenario, options: SimulateOptions = {}): Promise<Result> {
  const scenario = typeof seed === "number" ? scenarioOf(seed) : seed;
  await using cluster = new Cluster(scenario, options);
  const startedAtMs = cluster.clock.monotonic();
  await cluster.start();
  for (let passedMs = 0; passedMs < scenario.activeMs; passedMs += minute) {
    await cluster.clock.advance(minute);
    const views = await cluster.viewsIfOpen();
    cluster.stepChecks.states(views);
    cluster.stepChecks.starving(views);
    isolated(cluster, views);
    waits(cluster, views);
  }
  cluster.calm();
  // Senders repeat what fires for as long as they live, and what is over for a quarter of an hour. A doubtful end takes longer.
  await cluster.clock.advance(cluster.settings.doubtfulEnd + 20 * minute);
  await untilQuiet(cluster);
  if (scenario.retrigger === "content") {
    await cluster.clock.advance(maxWordsMs);
    await untilQuiet(cluster);
  }
  await checkInvariants(cluster);
  if (scenario.longRun) {
    for (const source of cluster.sources) source.fallSilent();
    await cluster.clock.advance(30 * hour);
    cluster.dayLater = true;
    await checkInvariants(cluster);
  }
  return {
    seed: scenario.seed,
    violations: cluster.stepChecks.violations,
    simulatedMs: cluster.clock.monotonic() - startedAtMs,
    attempts: cluster.network.passages.length,
    incidents: (await cluster.views()).length,
    endedByReading: cluster.stepChecks.endedByReading,
    history: async () => {
      if (options.remember) return cluster.history;
      const { openLedger: _, ...again } = options;
      return (await simulate(seed, { ...again, remember: true })).history();
    },
  };
}

async function untilQuiet(cluster: Cluster): Promise<void> {
  const deadlineMs = cluster.clock.monotonic() + maxDrainMs;
  while (cluster.clock.monotonic() < deadlineMs && !(await isQuiet(cluster))) await cluster.clock.advance(minute);
}

async function isQuiet(cluster: Cluster): Promise<boolean> {
  if (!cluster.sources.every(({ delivered }) => delivered)) return false;
  return (await cluster.views()).every(
    ({ incident, state }) =>
      state !== "due" &&
      state !== "candidate" &&
      state !== "in_flight" &&
      (incident.lateAttempts.length === 0 || state === "dead"),
  );
}
