import type { Clock, Lease, Outcome, StateChange } from "@tocsin/core";
import type { Logger } from "./logger.ts";
import { LogThrottle } from "./log-throttle.ts";
import { traceIdOf } from "./tracing.ts";
import { Troubles } from "./troubles.ts";

/** After the first line, further lines of the same kind and target are limited to one per this time. */
const everyMs = 30 * 60_000;

type Change<Kind extends StateChange["kind"]> = Extract<StateChange, { kind: Kind }>;
type Failure = Exclude<Outcome, { kind: "accepted" | "interrupted" }>;

const blockedMessage = {
  unauthorized: "Target refuses the credential: one attempt per minute until it accepts one. Check the key or token",
  misconfigured: "Target does not know the address: one attempt per minute until it accepts one. Check the URL",
} as const;

/**
 * Logs each change of state once, with a stable event name. Repeated changes are left out and counted, so that the log stays
 * readable during an hour of outage. In a fleet each process logs the changes that it commits.
 */
export class StateLog {
  readonly #log: Logger;
  readonly #confirmed: (change: Change<"confirmed">) => void;
  readonly #troubles: Troubles;
  readonly #throttle: LogThrottle;
  /** Targets that refuse us, with the refusing endpoint: another endpoint of the target may soon be in use. */
  readonly #blocked = new Map<string, { readonly endpoint: string; readonly state: string }>();
  readonly #probes = new Map<string, number>();

  /** `confirmed`: receives the changes that only metrics count. */
  constructor(log: Logger, clock: Clock, confirmed: (change: Change<"confirmed">) => void = () => {}) {
    this.#log = log;
    this.#confirmed = confirmed;
    this.#troubles = new Troubles(clock, { everyMs, burst: 2 });
    this.#throttle = new LogThrottle(clock, { everyMs });
  }

  /** Receives the changes that this process committed. */
  readonly changed = (changes: readonly StateChange[]): void => {
    for (const change of changes) this.#changed(change);
  };

  /** Receives the result of an attempt that was really made. */
  attempted(lease: Lease, outcome: Outcome): void {
    if (outcome.kind === "accepted") {
      if (this.#blocked.size > 0) this.#acceptedElsewhere(lease);
      if (this.#log.isLevelEnabled("debug"))
        this.#log.debug({ event: "attempt_accepted", ...eventFields(lease) }, "Target accepted an event");
    } else if (outcome.kind !== "interrupted") this.#failed(lease, outcome);
  }

  /** Receives the reason why the ledger does not commit; undefined: it commits again. `ledger`: its path, or its server. */
  ledger(failure: string | undefined, ledger?: string): void {
    if (failure === undefined) {
      return this.#troubles.end("ledger", (fields) =>
        this.#log.info({ event: "ledger_available", ...fields }, "The ledger is available again"),
      );
    }
    this.#troubles.begin("ledger", (fields) =>
      this.#log.error(
        { event: "ledger_unavailable", ledger, error: failure, ...fields },
        "The ledger is unavailable: senders get 503, outcomes of attempts are kept in memory. Trying again every second",
      ),
    );
  }

  stop(): void {
    this.#troubles.stop();
  }

  #changed(change: StateChange): void {
    switch (change.kind) {
      case "dead_letter": {
        const { kind, trace, ...letter } = change;
        return this.#log.error(
          { event: kind, ...letter, ...traceField(trace) },
          "Event is a dead letter: it will not be sent again unless its alert changes or you replay it",
        );
      }
      case "blocked":
        for (const { name, endpoint } of change.targets) this.#wasBlocked(name, endpoint, change);
        return;
      case "unblocked":
        for (const { name } of change.targets) this.#recovered(name);
        return;
      case "breaker":
        return this.#breaker(change);
      case "fallback":
        return this.#fallback(change);
      case "unconfirmed":
        return this.#unconfirmed(change);
      case "confirmed":
        return this.#confirmed(change);
    }
  }

  #failed(lease: Lease, { kind, reason, detail }: Failure): void {
    const fields = { event: "attempt_failed", ...eventFields(lease), outcome: kind, reason, detail } as const;
    const passed = this.#throttle.pass(`attempt ${lease.target}`);
    // Metrics and the incident's history hold all of them.
    if (passed === undefined) return this.#log.debug(fields, "Target did not accept an event");
    this.#log.warn({ ...fields, ...passed }, "Target did not accept an event");
  }

  #wasBlocked(target: string, endpoint: string, { state, detail }: Change<"blocked">): void {
    const before = this.#blocked.get(target);
    this.#blocked.set(target, { endpoint, state });
    if (before !== undefined && before.state !== state) this.#troubles.end(`blocked ${target}`, () => {});
    this.#troubles.begin(`blocked ${target}`, (fields) =>
      this.#log.error({ event: `target_${state}`, target, detail, ...fields }, blockedMessage[state]),
    );
  }

  /** The target's credential or address was changed: the endpoint that refused us is not used any more. */
  #acceptedElsewhere({ target, endpoint }: Lease): void {
    const blocked = this.#blocked.get(target);
    if (blocked !== undefined && blocked.endpoint !== endpoint) this.#recovered(target);
  }

  #recovered(target: string): void {
    this.#blocked.delete(target);
    this.#troubles.end(`blocked ${target}`, (fields) =>
      this.#log.info({ event: "target_recovered", target, ...fields }, "Target accepts events again"),
    );
  }

  #breaker({ target, state, untilMs }: Change<"breaker">): void {
    const key = `breaker ${target}`;
    const probes = this.#probes.get(target);
    if (state === "closed") {
      this.#probes.delete(target);
      return this.#troubles.end(key, (fields) =>
        this.#log.info(
          { event: "breaker_closed", target, probes, ...fields },
          "Breaker closed: target is in use again",
        ),
      );
    }
    if (state === "half_open") {
      this.#probes.set(target, (probes ?? 0) + 1);
      // Later probes of the same outage are counted only.
      if (!probes && this.#troubles.isLogged(key))
        this.#log.info({ event: "breaker_half_open", target }, "Breaker half-open: trying the target with one event");
      return;
    }
    this.#probes.set(target, probes ?? 0);
    this.#troubles.begin(key, (fields) =>
      this.#log.warn(
        { event: "breaker_open", target, until: isoOf(untilMs), ...fields },
        "Breaker open: events for the target wait, and one is tried every 10 to 60 s",
      ),
    );
  }

  #unconfirmed({ target, incident, fingerprint, trace }: Change<"unconfirmed">): void {
    const passed = this.#throttle.pass(`unconfirmed ${target}`);
    if (passed === undefined) return;
    this.#log.error(
      { event: "critical_unconfirmed", target, incident, fingerprint, ...traceField(trace), ...passed },
      "Target accepted a critical, but its receiver does not confirm that the incident exists: check its event rules and service",
    );
  }

  #fallback({ target, fallback, incident, fingerprint, notified, why, trace }: Change<"fallback">): void {
    const passed = this.#throttle.pass(`fallback ${target}`);
    if (passed === undefined) return;
    const fields = { target, fallback, incident, fingerprint, ...traceField(trace), ...passed };
    const verb = why === "unconfirmed" ? "confirmed" : "delivered";
    if (notified)
      this.#log.warn(
        { event: "fallback_notified", ...fields },
        `Critical was not ${verb} in time: notifying the fallback`,
      );
    else
      this.#log.error(
        { event: "fallback_missing", ...fields },
        `Critical was not ${verb} in time, and its fallback is missing or disabled`,
      );
  }
}

/** The fields that name the event of an attempt. */
const eventFields = ({ target, incident, action, alertJson, trace }: Lease) => ({
  target,
  incident,
  fingerprint: (JSON.parse(alertJson) as { readonly fingerprint: string }).fingerprint,
  action,
  ...traceField(trace?.parent),
});

const traceField = (trace: string | undefined) => (trace === undefined ? {} : { trace_id: traceIdOf(trace) });

const isoOf = (ms: number | null): string | undefined => (ms === null ? undefined : new Date(ms).toISOString());
