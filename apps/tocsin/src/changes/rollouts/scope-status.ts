import type { Clock } from "@tocsin/core";
import type { ApiFailureReason } from "../../kubernetes/api-failure.ts";
import { LogThrottle } from "../../telemetry/log-throttle.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { WorkloadKind } from "./workload.ts";

/** Metrics of watched workloads, per namespace and kind. */
export interface RolloutMetrics {
  /** Whether rollouts may go unseen now. */
  rolloutsStale(namespace: string, kind: WorkloadKind, isStale: boolean): void;
  /** The kind is no longer watched in the namespace. */
  rolloutsEnded(namespace: string, kind: WorkloadKind): void;
}

/** One kind of workload in one namespace. */
export interface Place {
  readonly namespace: string;
  readonly kind: WorkloadKind;
}

/** A watch that fails. */
export interface FailingPlace extends Place {
  /** Holds no credential. */
  readonly error: string;
  /** Since when rollouts may go unseen, ms since epoch. */
  readonly sinceMs: number;
}

interface Surroundings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: RolloutMetrics;
}

/** The state of one watch, for metrics, logs and `/readyz`. Each turn is logged once, and at most once a minute. */
export class ScopeStatus {
  readonly #place: Place;
  readonly #o: Surroundings;
  readonly #throttle: LogThrottle;
  #failing: FailingPlace | undefined;
  #isListed = false;

  constructor(place: Place, o: Surroundings) {
    this.#place = place;
    this.#o = o;
    this.#throttle = new LogThrottle(o.clock);
    this.#measure();
  }

  /** The last failure, while it persists. */
  get failing(): FailingPlace | undefined {
    return this.#failing;
  }

  /** All workloads were read, and their changes are recorded. */
  listed(): void {
    this.#isListed = true;
    this.#measure();
  }

  /** From now on changes are seen. */
  followed(): void {
    if (this.#failing !== undefined && this.#throttle.pass("followed") !== undefined)
      this.#o.log.info({ event: "rollouts_followed", ...this.#place }, "Rollouts are followed again");
    this.#failing = undefined;
    this.#measure();
  }

  /** `error` is null when the failure is repaired at once, unless it happens twice in a row. */
  failed(reason: ApiFailureReason, error: string | null): void {
    if (error === null) return;
    const leftOut = error === this.#failing?.error ? undefined : this.#throttle.pass(reason);
    if (leftOut !== undefined)
      this.#o.log.warn(
        { event: "rollouts_stale", ...this.#place, reason, error, ...leftOut },
        "Rollouts are not seen now; those that happen meanwhile are recorded later",
      );
    this.#failing = { ...this.#place, error, sinceMs: this.#failing?.sinceMs ?? this.#o.clock.now() };
    this.#measure();
  }

  ended(): void {
    this.#o.metrics.rolloutsEnded(this.#place.namespace, this.#place.kind);
  }

  #measure(): void {
    const { namespace, kind } = this.#place;
    this.#o.metrics.rolloutsStale(namespace, kind, this.#failing !== undefined || !this.#isListed);
  }
}
