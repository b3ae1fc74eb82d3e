import type { LedgerStats, TargetStatus } from "@tocsin/core";
import { ReadGauge, type Registry } from "./series.ts";

/** Counts of the ledger at the time of a scrape. */
export interface Snapshot {
  readonly stats: LedgerStats;
  /** The states of the targets that accept nothing now. */
  readonly targetStatuses: readonly TargetStatus[];
}

/** A target as the service sees it now. */
export interface ShownTarget {
  readonly name: string;
  readonly source: string;
  readonly state: string;
}

export interface ActiveTargets {
  /** Targets that have series. */
  readonly active: ReadonlySet<string>;
  readonly exists: (target: string) => boolean;
}

/** Gauges that are computed for one scrape. */
export class CountedGauges {
  readonly #of: ActiveTargets;
  #shown: readonly ShownTarget[] = [];
  #snapshot: Snapshot | undefined;

  constructor(registers: readonly Registry[], of: ActiveTargets) {
    this.#of = of;
    void new ReadGauge({
      name: "tocsin_incidents",
      help: "Incidents in the ledger, by state.",
      labelNames: ["target", "state"],
      registers,
      read: () => this.#ledger(incidentsIn),
    });
    void new ReadGauge({
      name: "tocsin_due_oldest_seconds",
      help: "Time since the oldest waiting incident became due, in seconds. Reminders are not counted.",
      labelNames: ["target", "severity"],
      registers,
      read: () => this.#ledger(dueIn),
    });
    void new ReadGauge({
      name: "tocsin_dead_letters",
      help: "Dead letters in the ledger, by reason.",
      labelNames: ["target", "reason"],
      registers,
      read: () => this.#ledger(deadLettersIn),
    });
    void new ReadGauge({
      name: "tocsin_breaker_state",
      help: "State of the target's breaker: 0 closed, 1 half-open, 2 open.",
      labelNames: ["target"],
      registers,
      read: () => this.#breakers(),
    });
    void new ReadGauge({
      name: "tocsin_targets",
      help: "Known targets, by the place that defines them and by state.",
      labelNames: ["source", "state"],
      registers,
      read: () => this.#targetCounts(),
    });
    void new ReadGauge({
      name: "tocsin_target_state",
      help: "1 for the current state of a target.",
      labelNames: ["target", "state"],
      registers,
      read: () => this.#targetStates(),
    });
  }

  /** `snapshot` undefined: the ledger does not respond, so its gauges are absent rather than old. */
  show(targets: readonly ShownTarget[], snapshot: Snapshot | undefined): void {
    this.#shown = targets;
    this.#snapshot = snapshot;
  }

  /** Returns rows from the ledger's counts. */
  #ledger<Row>(rowsIn: (stats: LedgerStats) => Iterable<Row>): Iterable<Row> {
    return this.#snapshot === undefined ? [] : rowsIn(this.#snapshot.stats);
  }

  *#breakers(): Iterable<readonly [{ target: string }, number]> {
    if (this.#snapshot === undefined) return;
    const held = new Map(
      this.#snapshot.targetStatuses.map(({ target, breaker }) => [target, breakerState[breaker.state]]),
    );
    for (const target of this.#of.active)
      if (this.#of.exists(target) && !held.has(target)) yield [{ target }, breakerState.closed];
    for (const [target, state] of held) yield [{ target }, state];
  }

  *#targetStates(): Iterable<readonly [{ target: string; state: string }, number]> {
    for (const { name, state } of this.#shown)
      if (state !== "ready" || this.#of.active.has(name)) yield [{ target: name, state }, 1];
  }

  *#targetCounts(): Iterable<readonly [{ source: string; state: string }, number]> {
    const counts = new Map<string, Map<string, number>>();
    for (const { source, state } of this.#shown) {
      const states = counts.get(source) ?? new Map<string, number>();
      counts.set(source, states.set(state, (states.get(state) ?? 0) + 1));
    }
    for (const [source, states] of counts) for (const [state, count] of states) yield [{ source, state }, count];
  }
}

const incidentsIn = ({ incidents }: LedgerStats) =>
  incidents.map(({ target, state, count }) => [{ target, state }, count] as const);

const deadLettersIn = ({ deadLetters }: LedgerStats) =>
  deadLetters.map(({ target, reason, count }) => [{ target, reason }, count] as const);

const dueIn = ({ due, nowMs }: LedgerStats) =>
  due.map(
    ({ target, severity, oldestAtMs }) => [{ target, severity }, Math.max(0, nowMs - oldestAtMs) / 1_000] as const,
  );

const breakerState = { closed: 0, half_open: 1, open: 2 } as const;
