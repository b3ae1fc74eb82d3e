import type { Severity } from "@tocsin/core/decisions";
import { severities } from "@tocsin/core/decisions";
import { Random } from "../kit/random.ts";
import type { ClassifierPlan } from "./classifier-plan.ts";
import { allSenderKinds, type SenderKind } from "./senders/kinds.ts";
import { type ReceiverType, receiverTraits } from "../kit/target-terms.ts";

const second = 1_000;
const minute = 60 * second;

/** A target as an operator wrote it. */
export interface TargetPlan {
  readonly name: string;
  readonly type: ReceiverType;
  /** The URL of a webhook or an Alertmanager; for other receivers the key is the address. */
  readonly url: string;
  readonly enabled: boolean;
  readonly key: string;
  /** Wants these teams only; empty: all. */
  readonly teams: readonly string[];
  /** Wants this severity and worse. */
  readonly least: Severity;
  /** One incident a team instead of one an alert. */
  readonly grouped: boolean;
  readonly timeoutMs: number;
  readonly pageResolved: "never" | "always";
  /** The target that gets a critical which this one did not get in two minutes. */
  readonly fallback?: string;
}

export interface AlertPlan {
  readonly name: string;
  readonly team: string;
  readonly severity: Severity;
  /** Which sources know it. */
  readonly sources: readonly string[];
  /** Ms that it fires, and is quiet, on average. */
  readonly firesMs: number;
  readonly quietMs: number;
}

export type SourcePlan =
  | {
      readonly kind: "webhook";
      readonly name: string;
      /** Replicas of one Alertmanager, each of which sends everything. */
      readonly replicas: number;
      /** Longest way of a request, ms. */
      readonly slownessMs: number;
      /** Says again what fires this often; 0: never. */
      readonly repeatMs: number;
      /** Share of firings that come back with the start they had before. */
      readonly sameStart: number;
    }
  | {
      readonly kind: "direct";
      readonly name: string;
      /** One or two Prometheis that watch the same. Ms that the clock of each is ahead of ours. */
      readonly skewsMs: readonly number[];
      readonly slownessMs: number;
      /** When each falls silent for good, ms since the start; null: never. */
      readonly silentAtMs: readonly (number | null)[];
    }
  | { readonly kind: "senders"; readonly name: string; readonly senders: SenderKind };

/** How often things go wrong: shares of operations, or mean times between. 0: never. */
export interface Trouble {
  readonly ledger: {
    readonly refused: number;
    /** Committed, but the answer is lost. */
    readonly lostAnswer: number;
    readonly crashBefore: number;
    readonly crashAfter: number;
    readonly slow: number;
    readonly slowMs: number;
    /** The power fails in the middle of a commit. */
    readonly torn: number;
  };
  readonly lives: {
    readonly meanToPauseMs: number;
    readonly maxPauseMs: number;
    /** Share of attempts before which the process stops between the last check and the write. */
    readonly lateWrites: number;
    readonly meanToCrashMs: number;
    readonly meanToStopMs: number;
    readonly meanToLedgerRestartMs: number;
  };
  /** The simulator's script of faults. */
  readonly receiver: string;
  readonly network: { readonly outMs: number; readonly backMs: number };
  /** Wall clock jumps. */
  readonly meanToJumpMs: number;
}

export interface Scenario {
  readonly seed: number;
  readonly ledger: "memory" | "sqlite";
  /** `together`: one service, whose workers die with its ledger. `apart`: replicas, each with a life of its own. */
  readonly lives: "together" | "apart";
  readonly workers: number;
  readonly concurrency: number;
  readonly targets: readonly TargetPlan[];
  /** Our limiter's limit, per key and minute; 0: no limit. */
  readonly limit: number;
  readonly algorithm: "sliding_window" | "token_bucket";
  readonly alignment: "sliding" | "clock";
  readonly sources: readonly SourcePlan[];
  readonly alerts: readonly AlertPlan[];
  readonly activeMs: number;
  readonly meanToTargetChangeMs: number;
  readonly meanToPersonMs: number;
  /** `content`: alerts have readings that change, and the targets get the changes. */
  readonly retrigger: "severity" | "content";
  readonly trouble: Trouble;
  /** How alerts are classified. Absent: they are not. */
  readonly classification?: ClassifierPlan;
  /** Watched for another day after all is quiet. */
  readonly longRun: boolean;
}

const teams = ["apes", "bees", "cats"];

export const newKey = (random: Random): string =>
  Array.from({ length: 32 }, () => "0123456789abcdef"[random.between(0, 15)]).join("");

const some = <T>(random: Random, of: readonly T[]): T[] => of.filter(() => random.chance(0.6));

/**
 * The plan of a run, which follows from the seed alone. `senders`: all sources are of this kind. Otherwise half of the runs
 * have sources of any kind, and the others ideal ones, which also behave as no real sender does.
 */
export function scenarioOf(seed: number, senders?: SenderKind): Scenario {
  const scenario = withSenders(roughScenarioOf(seed), new Random(seed).fork("senders"), senders);
  // Choices of their own, so that what is added moves nothing else.
  const random = new Random(seed).fork("more");
  const rough = withFallback(random.chance(0.15) ? withLateWrites(scenario) : scenario, random);
  const retrigger = random.chance(0.25) ? "content" : "severity";
  const torn = withTornCommits({ ...rough, retrigger }, random.chance(0.5) ? 0.01 * random.next() : 0);
  // A person who acknowledges every page, so that some of the alerts end and return meanwhile.
  const met = random.chance(0.15) ? { ...torn, meanToPersonMs: 3 * second } : torn;
  const stormed = random.chance(0.06) ? withStorm(met) : met;
  return withReceivers(stormed, new Random(seed).fork("receivers"));
}

/**
 * In half of the runs there are targets of all types; in half of these all are of one type at one URL, some with one key for all
 * of them, and keys are often revoked and replaced.
 */
function withReceivers(scenario: Scenario, random: Random): Scenario {
  if (random.chance(0.5)) return scenario;
  const [first] = scenario.targets;
  if (random.chance(0.5) || !first) {
    const types = Object.keys(receiverTraits) as ReceiverType[];
    return { ...scenario, targets: scenario.targets.map((target) => ({ ...target, type: random.pick(types) })) };
  }
  const type = random.pick(["webhook", "alertmanager"] as const);
  const key = random.chance(0.5) ? { key: first.key } : {};
  const targets = scenario.targets.map((target) => ({ ...target, type, url: "shared", ...key }));
  return { ...scenario, targets, meanToTargetChangeMs: minute };
}

function withSenders(scenario: Scenario, random: Random, senders: SenderKind | undefined): Scenario {
  if (senders === undefined && random.chance(0.5)) return scenario;
  const sources = scenario.sources.map(({ name }): SourcePlan => ({
    kind: "senders",
    name,
    senders: senders ?? random.pick(allSenderKinds),
  }));
  return { ...scenario, sources };
}

/** Errors that all come at once, far more than the limit allows, and stay. */
function withStorm(scenario: Scenario): Scenario {
  const [source] = scenario.sources;
  if (!source) return scenario;
  const storm = Array.from({ length: 60 }, (_, n): AlertPlan => {
    const alert = { name: `storm-${n}`, team: teams[n % teams.length] as string, sources: [source.name] };
    return { ...alert, severity: "error", firesMs: 60 * minute, quietMs: 20 * second };
  });
  return { ...scenario, limit: 10, alerts: [...scenario.alerts, ...storm] };
}

/** The ledger is a file that dies with its one process. */
const withTornCommits = (scenario: Scenario, torn: number): Scenario =>
  scenario.ledger === "sqlite" && scenario.lives === "together" && scenario.trouble.lives.meanToCrashMs > 0
    ? { ...scenario, trouble: { ...scenario.trouble, ledger: { ...scenario.trouble.ledger, torn } } }
    : scenario;

/** Replicas that are often held up between the last check of a lease and the write. */
const withLateWrites = (scenario: Scenario): Scenario => ({
  ...scenario,
  lives: "apart",
  workers: 3,
  trouble: {
    ...scenario.trouble,
    meanToJumpMs: 0,
    lives: { ...scenario.trouble.lives, lateWrites: 0.2 },
  },
});

function withFallback(scenario: Scenario, random: Random): Scenario {
  const [first, second_] = scenario.targets;
  if (!first || !second_ || !random.chance(0.4)) return scenario;
  const targets = scenario.targets.map((target) => (target === first ? { ...first, fallback: second_.name } : target));
  return { ...scenario, targets };
}

function roughScenarioOf(seed: number): Scenario {
  const random = new Random(seed);
  const sources = sourcesOf(random.fork("sources"));
  const together = random.chance(0.5);
  const ledger = random.chance(0.4) ? "sqlite" : "memory";
  const targets = targetsOf(random.fork("targets"));
  return {
    seed,
    ledger,
    lives: together ? "together" : "apart",
    workers: random.between(1, 3),
    concurrency: random.pick([1, 4, 64]),
    targets,
    limit: random.pick([0, 120, 120, 30, 10]),
    algorithm: random.chance(0.8) ? "sliding_window" : "token_bucket",
    alignment: random.chance(0.7) ? "sliding" : "clock",
    sources,
    alerts: alertsOf(random.fork("alerts"), sources),
    activeMs: random.between(3, 25) * minute,
    meanToTargetChangeMs: random.pick([0, 0, 2 * minute, 5 * minute]),
    meanToPersonMs: random.pick([0, 0, minute]),
    retrigger: "severity",
    trouble: troubleOf(random.fork("trouble"), together, ledger),
    longRun: random.chance(0.25),
  };
}

function targetsOf(random: Random): TargetPlan[] {
  const keys = [newKey(random), newKey(random), newKey(random)];
  return Array.from({ length: random.between(1, 3) }, (_, n) => ({
    name: `target-${n}`,
    type: "pagerduty",
    url: `receiver-${n}`,
    enabled: true,
    key: keys[n] as string,
    teams: random.chance(0.6) ? [] : some(random, teams),
    least: random.chance(0.6) ? "info" : random.pick(severities),
    grouped: random.chance(0.25),
    timeoutMs: random.pick([2, 5, 10]) * second,
    pageResolved: random.chance(0.9) ? "never" : "always",
  }));
}

function sourcesOf(random: Random): SourcePlan[] {
  return Array.from({ length: random.between(1, 3) }, (_, n): SourcePlan => {
    const slownessMs = random.pick([10, 500, 2_000]);
    if (random.chance(0.6)) {
      const replicas = random.chance(0.3) ? 2 : 1;
      return {
        kind: "webhook",
        name: `alertmanager-${n}`,
        replicas,
        slownessMs,
        repeatMs: random.pick([0, minute, 5 * minute]),
        sameStart: replicas === 1 ? random.pick([0, 0.3]) : 0,
      };
    }
    const senders = random.between(1, 2);
    return {
      kind: "direct",
      name: `prometheus-${n}`,
      skewsMs: Array.from({ length: senders }, () =>
        random.pick([0, 0, 20 * second, -20 * second, 365 * 24 * 60 * minute]),
      ),
      slownessMs,
      silentAtMs: Array.from({ length: senders }, () => (random.chance(0.2) ? random.between(1, 15) * minute : null)),
    };
  });
}

function alertsOf(random: Random, sources: readonly SourcePlan[]): AlertPlan[] {
  const flappy = random.chance(0.3);
  return Array.from({ length: random.between(2, 30) }, (_, n) => ({
    name: `alert-${n}`,
    team: random.pick(teams),
    severity: random.pick(severities),
    sources: random.chance(0.85)
      ? [random.pick(sources).name]
      : sources.map(({ name }) => name).filter((_name, index) => index < 2),
    firesMs: flappy ? 20 * second : random.pick([minute, 5 * minute, 60 * minute]),
    quietMs: flappy ? 20 * second : random.pick([minute, 5 * minute]),
  }));
}

function troubleOf(random: Random, together: boolean, ledger: Scenario["ledger"]): Trouble {
  const calm = random.chance(0.15);
  const share = (max: number): number => (calm || random.chance(0.4) ? 0 : max * random.next());
  const mean = (least: number, probability: number): number =>
    calm || !random.chance(probability) ? 0 : least * random.between(1, 5);
  const meanToLedgerRestartMs = together ? 0 : mean(2 * minute, 0.2);
  return {
    ledger: {
      refused: share(0.05),
      lostAnswer: share(0.03),
      crashBefore: share(0.005),
      crashAfter: share(0.005),
      slow: share(0.05),
      slowMs: random.pick([200, 3_000, 15_000]),
      torn: 0,
    },
    lives: {
      meanToPauseMs: together ? 0 : mean(minute, 0.4),
      maxPauseMs: random.pick([5, 25, 90]) * second,
      lateWrites: together ? 0 : share(0.03),
      meanToCrashMs: mean(minute, 0.5),
      meanToStopMs: mean(2 * minute, 0.3),
      meanToLedgerRestartMs,
    },
    receiver: calm ? "" : receiverScript(random),
    network: { outMs: random.pick([1, 20, 400]), backMs: random.pick([1, 20, 400, 3_000]) },
    // Rows in memory know no time that must not run back over a restart.
    meanToJumpMs: ledger === "memory" && (together || meanToLedgerRestartMs > 0) ? 0 : mean(3 * minute, 0.2),
  };
}

const faults = [
  "answer 429",
  "answer 429 retry-after 5s",
  "answer 500 not applied",
  "answer 503 retry-after 20s maybe applied",
  "answer 502 maybe applied",
  "hang",
  "hang maybe applied",
  "reset before",
  "reset after maybe applied",
  "half",
  "slow headers by 1500ms",
  "slow headers by 30s",
  "refuse",
] as const;

/** Spans in which some of the requests, or all, meet a fault. */
function receiverScript(random: Random): string {
  const clauses = Array.from({ length: random.between(0, 5) }, () => {
    const fromS = random.between(0, 15 * 60);
    const forS = random.pick([5, 30, 120, 600]);
    const percent = random.pick([10, 30, 100]);
    return `at ${fromS}s for ${forS}s share ${percent}% ${random.pick(faults)}`;
  });
  return clauses.join("\n");
}
