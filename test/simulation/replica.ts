import {
  type Alert,
  type Claim,
  type Classification,
  type FiringAlert,
  type Ledger,
  LedgerUnavailable,
  type ReroutedAlert,
  type Route,
  type RoutedClaim,
  type TargetTerms,
} from "@tocsin/core/decisions";
import { severityRank } from "@tocsin/core/decisions";
import { Worker } from "@tocsin/engine";
import type { VirtualClock } from "../kit/virtual-clock.ts";
import type { Random } from "../kit/random.ts";
import { receiverTraits } from "../kit/target-terms.ts";
import { type ClassifierPlan, labelOf, weighed } from "./classifier-plan.ts";
import { ProcessLifecycle } from "./process-lifecycle.ts";
import type { Network } from "./network.ts";
import type { ReadableApi, StartReader } from "./reading.ts";
import { endpointOf } from "./receivers.ts";
import type { Scenario, TargetPlan } from "./scenario.ts";
import { SimulatedClassifier } from "./simulated-classifier.ts";

export const wants = (target: TargetPlan, alert: Pick<Alert, "labels" | "annotations">): boolean =>
  target.enabled &&
  (target.teams.length === 0 || target.teams.includes(alert.labels["team"] ?? "")) &&
  severityRank(severityOf(alert)) <= severityRank(target.least);

export const severityOf = ({ annotations }: Pick<Alert, "annotations">): Route["severity"] =>
  annotations["severity"] as Route["severity"];

export const dedupKeyOf = (target: TargetPlan, alert: Pick<Alert, "labels" | "fingerprint">): string =>
  target.grouped ? `team-${alert.labels["team"]}` : alert.fingerprint;

const routesOf = (targets: readonly TargetPlan[], alert: Alert): Route[] =>
  targets
    .filter((target) => wants(target, alert))
    .map((target): Route => ({
      target: target.name,
      dedupKey: dedupKeyOf(target, alert),
      severity: severityOf(alert),
      summary: `${alert.fingerprint} is wrong`,
    }));

/** The routes of an alert with its classification. Undefined: none was proposed yet. */
function classifiedRoutesOf(
  plan: ClassifierPlan,
  targets: readonly TargetPlan[],
  { alert, classification }: { readonly alert: Alert; readonly classification: Classification | undefined },
): Route[] {
  const { severity, effect } = weighed(plan, alert, classification?.verdict);
  if (effect === "suppressed") return [];
  const waits = classification?.verdict === undefined && classification?.absent === undefined;
  const waitMs = labelOf(alert) === "critical" ? plan.criticalMs : plan.otherMs;
  return routesOf(targets, alert).map((route) => ({
    ...route,
    severity,
    ...(effect !== "none" && { byVerdict: effect }),
    ...(waits && { waitMs }),
  }));
}

export const windowMs = 60_000;
/** Share of each window that is reserved for criticals. */
export const reserveShare = 0.2;

export function termsOf(target: TargetPlan, { limit, algorithm }: Scenario): TargetTerms {
  const { name, type, enabled, key, timeoutMs, pageResolved } = target;
  const endpoint = endpointOf(target);
  return {
    name,
    enabled,
    shadow: false,
    endpoint,
    access: `${endpoint} ${key}`,
    credential: key,
    sealed: key,
    traits: receiverTraits[type],
    rateLimit: {
      limit,
      perMs: windowMs,
      algorithm,
      burst: Math.max(1, Math.floor(limit / 12)),
      reserve: reserveShare,
    },
    timeoutMs,
    pageResolved,
    ...(target.fallback && { fallback: { target: target.fallback, afterMs: 120_000 } }),
    adoptUnknownResolves: type === "pagerduty",
  };
}

/** The targets, and one of the same credential that sends nothing: its limit must count for no other. */
function allTerms(targets: readonly TargetPlan[], scenario: Scenario): TargetTerms[] {
  const terms = targets.map((target) => termsOf(target, scenario));
  const [first] = terms;
  if (!first || scenario.seed % 2 === 0) return terms;
  const off = scenario.seed % 4 === 1 ? { enabled: false } : { shadow: true };
  const { fallback: _none, ...rest } = first;
  const rateLimit = { ...first.rateLimit, limit: 1, perMs: 24 * 3_600_000 };
  return [...terms, { ...rest, ...off, name: "idle", rateLimit }];
}

export interface Surroundings {
  readonly scenario: Scenario;
  readonly clock: VirtualClock;
  readonly network: Network;
  /** The targets as they are written down now. */
  readonly targets: () => readonly TargetPlan[];
  readonly portOf: (lifecycle: ProcessLifecycle) => Ledger;
  /** The APIs that each process reads. */
  readonly apis: readonly ReadableApi[];
  readonly startReader: StartReader | undefined;
  readonly remindMs: number;
  readonly random: Random;
  /** A fault of our own code. */
  readonly bug: (error: unknown) => void;
}

/** One process of the service: takes in what sources say, keeps to the targets as it last read them, and tells. */
export class Replica {
  readonly lifecycle: ProcessLifecycle;
  /** The targets that incoming alerts are routed to; the ledger may have newer ones already. */
  targets: readonly TargetPlan[] = [];
  readonly #around: Surroundings;
  readonly #ledger: Ledger;
  #worker: Worker | undefined;
  #readers: readonly ReturnType<StartReader>[] = [];
  #reloading = false;
  readonly #classifier: SimulatedClassifier | undefined;

  constructor(name: string, around: Surroundings) {
    this.lifecycle = new ProcessLifecycle(name, around.clock);
    this.#around = around;
    this.#ledger = around.portOf(this.lifecycle);
    const { classification: plan } = around.scenario;
    if (!plan) return;
    this.#classifier = new SimulatedClassifier({
      plan,
      ledger: this.#ledger,
      lifecycle: this.lifecycle,
      random: around.random.fork(name),
      routesOf: (alert, classification) => this.#routesOf(alert, classification),
      targetsOf: (alert) => this.targets.filter((target) => wants(target, alert)).map((target) => target.name),
      wake: () => this.#worker?.wake(),
      bug: around.bug,
    });
  }

  #routesOf(alert: Alert, classification: Classification | undefined): Route[] {
    const { classification: plan } = this.#around.scenario;
    return plan ? classifiedRoutesOf(plan, this.targets, { alert, classification }) : routesOf(this.targets, alert);
  }

  /** It listens. */
  get ready(): boolean {
    return this.#worker !== undefined && this.lifecycle.awake;
  }

  async start(): Promise<void> {
    await this.#useTargets();
    const { clock } = this.lifecycle;
    const { network, scenario, bug } = this.#around;
    this.#worker = new Worker({
      ledger: this.#ledger,
      clock,
      owner: this.lifecycle.name,
      concurrency: scenario.concurrency,
      publish: async (lease, signal) => ({ outcome: await network.publish(this.lifecycle, lease, signal) }),
      observe: { failed: (error) => (error instanceof LedgerUnavailable ? undefined : bug(error)) },
    });
    await this.#reroute();
    this.#read();
  }

  #read(): void {
    const { startReader, apis, remindMs, bug } = this.#around;
    if (!startReader || !this.#worker) return;
    this.#readers = apis.map(({ source, instances, ask }) =>
      startReader({
        source,
        instances,
        get: (instance, path, signal) => this.#get((done) => ask(instance, path, done), signal),
        ledger: this.#ledger,
        clock: this.lifecycle.clock,
        routesOf: (alert) => routesOf(this.targets, alert),
        wake: () => this.#worker?.wake(),
        remindMs,
        bug,
      }),
    );
  }

  /** An answer reaches the process when it is awake. Undefined: there is none, or the reader gave up. */
  #get(ask: (done: (body: string | undefined) => void) => void, signal: AbortSignal): Promise<string | undefined> {
    return new Promise((resolve) => {
      ask((body) => this.lifecycle.do(() => resolve(body)));
      signal.addEventListener("abort", () => resolve(undefined));
    });
  }

  /** True: recorded. Never resolves if the process ends meanwhile; the caller has a timeout. */
  async receive(claims: readonly Claim[]): Promise<boolean> {
    const classifier = this.#classifier;
    const wanted = claims.map(
      (claim): RoutedClaim => classifier?.propose(claim) ?? { claim, routes: routesOf(this.targets, claim.alert) },
    );
    const recorded = this.#ledger.record(wanted);
    this.#worker?.wake();
    if (!classifier) return this.#sure(recorded);
    return this.#sure(recorded.then((results) => classifier.recorded(wanted, results)));
  }

  /** The targets have changed, or may have. */
  async reload(): Promise<void> {
    if (this.#reloading || !this.#worker) return;
    this.#reloading = true;
    while (this.targets !== this.#around.targets()) {
      await this.#useTargets();
      await this.#reroute();
    }
    this.#reloading = false;
  }

  async acknowledge(incident: number): Promise<void> {
    await this.#sure(this.#ledger.acknowledge(incident, "a person"));
    this.#worker?.wake();
  }

  /** Ends in order, as by SIGTERM. */
  async stop(graceMs: number): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await Promise.all(this.#readers.map((reader) => reader.stop()));
    await worker?.stop({ graceMs });
    this.lifecycle.end();
  }

  async #useTargets(): Promise<void> {
    const targets = this.#around.targets();
    await this.#untilDone(() => this.#ledger.useTargets(allTerms(targets, this.#around.scenario)));
    this.targets = targets;
  }

  async #reroute(): Promise<void> {
    let after = "";
    for (;;) {
      const firing = await this.#untilDone(() => this.#ledger.firing({ after, held: true, limit: 10 }));
      for (let left: readonly FiringAlert[] = firing; left.length > 0;) {
        const routed = left.map((alert): ReroutedAlert => ({
          fingerprint: alert.fingerprint,
          routes: this.#routesOf(alert, alert.classification),
          ...(alert.classification && { classification: alert.classification }),
        }));
        left = await this.#untilDone(() => this.#ledger.reroute(routed));
      }
      const last = firing.at(-1);
      if (!last) break;
      after = last.fingerprint;
    }
    this.#worker?.wake();
  }

  async #untilDone<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof LedgerUnavailable)) this.#around.bug(error);
        await this.lifecycle.sleep(1_000);
      }
    }
  }

  async #sure(recorded: Promise<unknown>): Promise<boolean> {
    try {
      await recorded;
      return true;
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) this.#around.bug(error);
      return false;
    }
  }
}
