import { isolated, judge } from "./final-checks.ts";
import type { OpenLedger } from "./ledger-host.ts";
import type { StartReader } from "./reading.ts";
import { type Scenario, scenarioOf } from "./scenario.ts";
import { World } from "./cluster.ts";

const minute = 60_000;
const hour = 60 * minute;

export interface Result {
  readonly seed: number;
  /** What was promised and did not hold, in words. Empty: all held. */
  readonly violations: readonly string[];
  /** Virtual time that passed. */
  readonly simulatedMs: number;
  /** Attempts that left, and alerts that were told of. */
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

/** How long new words may wait to be told, with all others at the lowest limit: far less than for a reminder. */
const longestWordsMs = 30 * minute;

/** How long the longest backlog may take to be told once all is well. */
const longestDrainMs = 6 * hour;

/**
 * One history of the engine, made by a seed: sources that storm, flap and fall silent, a receiver and a network that fail,
 * processes that pause and crash, targets that change. Same seed, same history.
 */
export async function simulate(seed: number | Scenario, options: SimulateOptions = {}): Promise<Result> {
  const scenario = typeof seed === "number" ? scenarioOf(seed) : seed;
  await using world = new World(scenario, options);
  const startedAtMs = world.clock.monotonic();
  await world.start();
  for (let passedMs = 0; passedMs < scenario.activeMs; passedMs += minute) {
    await world.clock.advance(minute);
    const views = await world.viewsIfOpen();
    world.watch.states(views);
    world.watch.starving(views);
    isolated(world, views);
  }
  world.calm();
  // Senders repeat what fires for as long as they live, and what is over for a quarter of an hour. A doubtful end takes longer.
  await world.clock.advance(world.settings.doubtfulEnd + 20 * minute);
  await untilQuiet(world);
  if (scenario.retrigger === "content") {
    await world.clock.advance(longestWordsMs);
    await untilQuiet(world);
  }
  await judge(world);
  if (scenario.longRun) {
    for (const source of world.sources) source.fallSilent();
    await world.clock.advance(30 * hour);
    world.dayLater = true;
    await judge(world);
  }
  return {
    seed: scenario.seed,
    violations: world.watch.violations,
    simulatedMs: world.clock.monotonic() - startedAtMs,
    attempts: world.network.passages.length,
    incidents: (await world.views()).length,
    endedByReading: world.watch.endedByReading,
    history: async () => {
      if (options.remember) return world.history;
      const { openLedger: _, ...again } = options;
      return (await simulate(seed, { ...again, remember: true })).history();
    },
  };
}

async function untilQuiet(world: World): Promise<void> {
  const deadlineMs = world.clock.monotonic() + longestDrainMs;
  while (world.clock.monotonic() < deadlineMs && !(await isQuiet(world))) await world.clock.advance(minute);
}

async function isQuiet(world: World): Promise<boolean> {
  if (!world.sources.every(({ delivered }) => delivered)) return false;
  return (await world.views()).every(
    ({ incident, state }) =>
      state !== "due" && state !== "in_flight" && (incident.lateAttempts.length === 0 || state === "dead"),
  );
}
