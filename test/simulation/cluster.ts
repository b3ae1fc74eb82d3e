import type { ArrivedVerdict, Claim, DeliverySettings, IncidentView, VerdictEffect } from "@tocsin/core/decisions";
import { defaultSettings } from "@tocsin/engine";
import { Simulator } from "@tocsin/simulator";
import { Random } from "../kit/random.ts";
import { VirtualClock } from "../kit/virtual-clock.ts";
import { absences } from "./absences.ts";
import { LedgerHost, type OpenLedger } from "./ledger-host.ts";
import { monitoringSource } from "./monitoring-source.ts";
import { Network } from "./network.ts";
import type { ReadableApi, StartReader } from "./reading.ts";
import { Receivers } from "./receivers.ts";
import { dedupKeyOf, Replica, wants } from "./replica.ts";
import { type AlertPlan, newKey, type Scenario, type TargetPlan } from "./scenario.ts";
import { directSource, type Source, webhookSource } from "./sources.ts";
import { StepChecks } from "./step-checks.ts";
import { describeOperation } from "./history.ts";
import { epochMs } from "../kit/claims.ts";
import { ExpectedAlerts } from "./expected-alerts.ts";

const second = 1_000;
const minute = 60 * second;

/** How long a version of the targets may still be acted on after a newer one was written: a reload, retried through trouble. */
const versionLastsMs = 3 * minute;

interface Version {
  readonly targets: readonly TargetPlan[];
  untilMs: number;
}

/** Everything that there is in a run, and all that happens in it. */
export class Cluster implements AsyncDisposable {
  readonly scenario: Scenario;
  readonly clock = new VirtualClock();
  readonly settings: DeliverySettings;
  readonly receivers: Receivers;
  readonly network: Network;
  readonly ledgerHost: LedgerHost;
  readonly stepChecks: StepChecks;
  readonly expectedAlerts: ExpectedAlerts;
  readonly sources: readonly Source[];
  /** The APIs that the service reads; none without a reader. */
  readonly readApis: readonly ReadableApi[];
  readonly #startReader: StartReader | undefined;
  readonly #alerts: ReadonlyMap<string, AlertPlan>;
  readonly #versions: Version[];
  readonly #keys = new Map<string, Set<string>>();
  readonly #random: Random;
  #replicas: Replica[] = [];
  #lives = 0;
  #calm = false;
  /** The service is down, its ledger closed. */
  #down = false;
  /** All sources have been silent for a day, so alerts that only direct sources sent are over. */
  dayLater = false;
  /** The history of the run, line by line; undefined: it is not recorded. */
  readonly #history: string[] | undefined;

  constructor(
    scenario: Scenario,
    o: {
      readonly remember?: boolean;
      readonly openLedger?: OpenLedger | undefined;
      readonly startReader?: StartReader | undefined;
    } = {},
  ) {
    this.scenario = scenario;
    this.settings = { ...defaultSettings, expiryGrace: minute, retrigger: scenario.retrigger };
    this.expectedAlerts = new ExpectedAlerts(this.settings.doubtfulEnd);
    this.#history = o.remember ? [JSON.stringify(scenario, null, 1)] : undefined;
    const { clock } = this;
    this.#random = new Random(scenario.seed).fork("world");
    const fork = (name: string): Random => this.#random.fork(name);
    this.#versions = [{ targets: scenario.targets, untilMs: Number.POSITIVE_INFINITY }];
    this.#alerts = new Map(scenario.alerts.map((alert) => [alert.name, alert]));
    for (const { name, key } of scenario.targets) this.#keys.set(name, new Set([key]));
    const simulator = new Simulator({
      clock: { now: () => clock.monotonic() },
      seed: scenario.seed,
      limit: { limit: scenario.limit, align: scenario.alignment },
    });
    if (scenario.trouble.receiver !== "") simulator.setFaults(scenario.trouble.receiver);
    this.receivers = new Receivers(simulator, scenario.targets);
    this.network = new Network(clock, this.receivers, fork("network"), scenario, {
      begin: (lease) => this.stepChecks.begins(lease),
      leasedUntilMs: (token) => this.stepChecks.leasedUntilMs(token),
    });
    this.stepChecks = new StepChecks(
      this.expectedAlerts,
      {
        mayWant: (target, dedupKey) => this.#mayWant(target, dedupKey),
        mustWant: (target, dedupKey, atMs) => this.#mustWant(target, dedupKey, atMs),
        stoodStillMs: (sinceMs) => this.ledgerHost.stoodStillMs(sinceMs),
        alertsOf: (target, dedupKey) => this.alertsOf(target, dedupKey).map(({ name }) => name),
        staleAfterMs: this.settings.staleAfter,
        // A changed text is sent however long ago it changed.
        remindsWithinMs: scenario.retrigger === "content" ? Number.POSITIVE_INFINITY : this.settings.remind / 2,
        dropsUnknownResolves: (key) => this.receivers.traitsAt(key).dropsUnknownResolves,
        firesForMs: (source, alert) => this.readApis.find((api) => api.source === source)?.firesForMs(alert) ?? 0,
        pagesResolved: (target) =>
          scenario.targets.some(({ name, pageResolved }) => name === target && pageResolved === "always"),
      },
      () => clock.monotonic(),
    );
    this.ledgerHost = new LedgerHost({
      openLedger: o.openLedger,
      scenario,
      clock,
      settings: this.settings,
      random: fork("ledger"),
      onApplied: (operation, args, result) => {
        this.stepChecks.applied(operation, args, result);
        if (operation === "applyVerdicts")
          void this.clock.hold(
            absences(this.ledgerHost, this.stepChecks, {
              arrived: args[0] as readonly ArrivedVerdict[],
              effects: result as readonly VerdictEffect[],
            }),
          );
        if (this.#history) this.note(...describeOperation(operation, args, result));
      },
      onFate: (what) => this.note(what),
      onCrash: (lifecycle) => this.#crash(this.#replicas.find((replica) => replica.lifecycle === lifecycle)),
    });
    this.sources = scenario.sources.map((plan) => {
      const alerts = scenario.alerts.filter(({ sources }) => sources.includes(plan.name));
      const here = { clock, random: fork(plan.name), deliver: (claims: readonly Claim[]) => this.#deliver(claims) };
      if (plan.kind === "senders") return monitoringSource(plan, alerts, here);
      return plan.kind === "webhook" ? webhookSource(plan, alerts, here) : directSource(plan, alerts, here);
    });
    this.#startReader = o.startReader;
    this.readApis = o.startReader ? this.sources.flatMap(({ api }) => api ?? []) : [];
  }

  get targets(): readonly TargetPlan[] {
    return (this.#versions.at(-1) as Version).targets;
  }

  get alerts(): Iterable<AlertPlan> {
    return this.#alerts.values();
  }

  /** Every key that a target ever had. Only targets at one URL may share one. */
  keysOf(target: string): string[] {
    return [...(this.#keys.get(target) ?? [])];
  }

  get history(): string {
    return this.#history?.join("\n") ?? "";
  }

  note(...lines: readonly string[]): void {
    const atS = ((this.clock.monotonic() - epochMs) / 1_000).toFixed(3);
    this.#history?.push(...lines.map((line) => `${atS.padStart(10)} ${line}`));
  }

  /** Alerts that make up a dedup key at a target, by any version of it that may be acted on. */
  alertsOf(target: string, dedupKey: string): AlertPlan[] {
    const versions = this.#versions.flatMap(({ targets }) =>
      targets.filter(({ name, fallback }) => name === target || fallback === target),
    );
    return [...this.#alerts.values()].filter((alert) =>
      versions.some((version) => dedupKeyOf(version, labelled(alert)) === dedupKey),
    );
  }

  #mayWant(target: string, dedupKey: string): boolean {
    const nowMs = this.clock.monotonic();
    const held = new Set(this.#replicas.map((replica) => replica.targets));
    const alerts = this.alertsOf(target, dedupKey);
    return this.#versions
      .filter(({ targets, untilMs }) => untilMs + versionLastsMs >= nowMs || held.has(targets))
      .flatMap(({ targets }) => targets)
      .filter(({ name, fallback }) => name === target || fallback === target)
      .some((version) => alerts.some((alert) => wants(version, labelled(alert))));
  }

  #mustWant(target: string, dedupKey: string, atMs: number): boolean {
    const held = new Set(this.#replicas.map((replica) => replica.targets));
    const alerts = this.alertsOf(target, dedupKey);
    return this.#versions
      .filter((_, n) => (this.#versions[n - 1]?.untilMs ?? 0) <= atMs)
      .filter(({ targets, untilMs }) => untilMs + versionLastsMs >= atMs || held.has(targets))
      .every(({ targets }) =>
        targets
          .filter(({ name, fallback }) => name === target || fallback === target)
          .some((version) => alerts.some((alert) => wants(version, labelled(alert)))),
      );
  }

  async start(): Promise<void> {
    await this.ledgerHost.open();
    for (let n = 0; n < this.scenario.workers; n++) this.#begin();
    this.#trouble();
  }

  /** From now on nothing goes wrong, nothing changes, and who was down comes back. */
  calm(): void {
    this.#calm = true;
    this.note("calm");
    this.network.calm = true;
    this.ledgerHost.calm = true;
    this.receivers.simulator.setFaults([]);
    void this.#restoreKeys();
    for (const source of this.sources) source.quiet();
  }

  async views(): Promise<readonly IncidentView[]> {
    return (await this.ledgerHost.direct.incidents({ limit: 100_000 })).incidents;
  }

  /** Empty while the ledger is down. */
  async viewsIfOpen(): Promise<readonly IncidentView[]> {
    return this.ledgerHost.isOpen ? this.views() : [];
  }

  #begin(): void {
    const { scenario, clock, network } = this;
    this.note(`life-${this.#lives + 1} begins`);
    const replica = new Replica(`life-${++this.#lives}`, {
      scenario,
      clock,
      network,
      targets: () => this.targets,
      portOf: (lifecycle) => this.ledgerHost.portOf(lifecycle),
      apis: this.readApis,
      startReader: this.#startReader,
      remindMs: this.settings.remind,
      random: this.#random.fork("replicas"),
      bug: (error) => this.stepChecks.violate("bug", error instanceof Error ? String(error.stack) : String(error)),
    });
    this.#replicas.push(replica);
    void replica.start();
  }

  /** To whichever replica answers; unanswered after 10 s, as a sender sees it. */
  #deliver(claims: readonly Claim[]): Promise<boolean> {
    const ready = this.#replicas.filter((replica) => replica.ready);
    if (ready.length === 0) return Promise.resolve(false);
    const replica = this.#random.pick(ready);
    return new Promise((resolve) => {
      this.clock.after(10 * second, () => resolve(false));
      void replica.receive(claims).then(resolve);
    });
  }

  #trouble(): void {
    const { lives, meanToJumpMs } = this.scenario.trouble;
    const { meanToTargetChangeMs, meanToPersonMs } = this.scenario;
    this.#nowAndThen("pause", lives.meanToPauseMs, (random) => {
      const replica = this.#any(random);
      const forMs = random.between(1, lives.maxPauseMs);
      this.note(`${replica?.lifecycle.name} pauses for ${forMs} ms`);
      replica?.lifecycle.pause(forMs);
    });
    this.#nowAndThen("crash", lives.meanToCrashMs, (random) => this.#crash(this.#any(random)));
    this.#nowAndThen("stop", lives.meanToStopMs, (random) => void this.#stop(random));
    this.#nowAndThen("ledger restart", lives.meanToLedgerRestartMs, () => {
      // Only for a store that outlives the ledger and holds the leases of others; a SQLite ledger dies with its process.
      if (this.scenario.ledger === "memory") void this.ledgerHost.close().then(() => this.ledgerHost.open());
    });
    this.#nowAndThen("targets", meanToTargetChangeMs, (random) => this.#changeTargets(random));
    this.#nowAndThen("person", meanToPersonMs, (random) => void this.#acknowledge(random));
    // Back only: for leases and windows a step forward is the same as time that passed.
    this.#nowAndThen("jump", meanToJumpMs, (random) => this.clock.jump(-random.between(1, 60 * minute)));
  }

  #nowAndThen(name: string, meanMs: number, act: (random: Random) => void): void {
    if (meanMs === 0) return;
    const random = this.#random.fork(name);
    const again = (): void => {
      this.clock.after(random.wait(meanMs), () => {
        if (this.#calm) return;
        act(random);
        again();
      });
    };
    again();
  }

  #any(random: Random): Replica | undefined {
    const ready = this.#replicas.filter((replica) => replica.ready);
    return ready.length === 0 ? undefined : random.pick(ready);
  }

  /** Replicas that share a process die together. */
  #crash(replica: Replica | undefined): void {
    if (!replica || replica.lifecycle.over) return;
    const together = this.scenario.lives === "together";
    const dying = together ? this.#replicas : [replica];
    for (const one of dying) one.lifecycle.end();
    this.note(`crash of ${dying.map(({ lifecycle }) => lifecycle.name).join(", ")}`);
    this.#replicas = this.#replicas.filter((one) => !dying.includes(one));
    const downMs = this.#random.between(1_000, 60_000);
    if (!together) {
      this.clock.after(downMs, () => this.#begin());
      return;
    }
    if (this.#down) return;
    this.#down = true;
    void this.ledgerHost.close();
    this.clock.after(downMs, () => void this.#rise());
  }

  async #rise(): Promise<void> {
    this.stepChecks.voidAll();
    await this.ledgerHost.open();
    this.#down = false;
    for (let n = 0; n < this.scenario.workers && !this.#down; n++) this.#begin();
  }

  async #stop(random: Random): Promise<void> {
    const replica = this.#any(random);
    if (replica) this.note(`stop of ${replica.lifecycle.name}`);
    // A service that is stopped takes its ledger with it; here only replicas are, one by one.
    if (!replica || this.scenario.lives === "together") return;
    await replica.stop(random.between(0, 10_000));
    this.#replicas = this.#replicas.filter((one) => one !== replica);
    this.clock.after(random.between(100, 20_000), () => this.#begin());
  }

  #changeTargets(random: Random): void {
    const targets = [...this.targets];
    const at = random.between(0, targets.length - 1);
    const target = targets[at];
    const missing = this.scenario.targets.filter(({ name }) => !targets.some((one) => one.name === name));
    if (missing.length > 0 && random.chance(0.5)) targets.push(random.pick(missing));
    else if (target) targets.splice(at, 1, ...this.#changed(target, random));
    (this.#versions.at(-1) as Version).untilMs = this.clock.monotonic();
    this.#versions.push({ targets, untilMs: Number.POSITIVE_INFINITY });
    this.note(`targets: ${JSON.stringify(targets)}`);
    for (const replica of this.#replicas) this.clock.after(random.between(0, 3_000), () => void replica.reload());
  }

  #changed(target: TargetPlan, random: Random): TargetPlan[] {
    switch (random.between(0, 5)) {
      case 0:
        return [];
      case 1:
        return [{ ...target, enabled: !target.enabled }];
      case 2:
        return [{ ...target, least: random.pick(["critical", "error", "warning", "info"]) }];
      case 3:
        return [{ ...target, teams: random.chance(0.5) ? [] : ["bees"] }];
      case 4:
        this.#revoke(target.key, random);
        return [target];
      default: {
        const key = newKey(random);
        const changed = { ...target, key };
        this.#keys.get(target.name)?.add(key);
        this.receivers.register(changed);
        return [changed];
      }
    }
  }

  /** The receiver no longer knows a key; after a while it does again. */
  #revoke(key: string, random: Random): void {
    this.note(`the receiver revokes ${key}`);
    this.receivers.revoke(key);
    this.clock.after(random.between(1, 8) * minute, () => void this.#restoreKeys());
  }

  /**
   * Not between the refusal of an event and the check of its key: then the answer would be about another key
   * than the refused one, which the engine cannot know.
   */
  async #restoreKeys(patience = 20): Promise<void> {
    const asked = (await this.viewsIfOpen()).some(
      ({ incident, reason }) => incident.checkKey && reason !== "waiting_auth" && reason !== "orphaned_key",
    );
    const refused = this.network.passages.some(
      ({ lease, outcome }) =>
        lease.action !== "check" &&
        (outcome === null || outcome.kind === "refused") &&
        this.stepChecks.handed.get(lease.token)?.end === null,
    );
    if ((asked || refused || !this.ledgerHost.isOpen) && patience > 0)
      this.clock.after(500, () => void this.#restoreKeys(patience - 1));
    else this.receivers.restoreKeys();
  }

  async #acknowledge(random: Random): Promise<void> {
    const replica = this.#any(random);
    if (!replica) return;
    const open = (await this.viewsIfOpen()).filter(({ state }) => state === "told");
    if (open.length > 0) await replica.acknowledge(random.pick(open).incident.id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const replica of this.#replicas) replica.lifecycle.end();
    await this.ledgerHost[Symbol.asyncDispose]();
  }
}

export const labelled = ({ name, team, severity }: AlertPlan) => ({
  fingerprint: name,
  labels: { team },
  annotations: { severity },
});
