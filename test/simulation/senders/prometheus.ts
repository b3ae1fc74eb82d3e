import type { Timer } from "./timeline.ts";

/** One alert as Prometheus posts it. Times are on the sender's clock, ms. */
export interface PostedAlert {
  readonly name: string;
  readonly startsAtMs: number;
  /** In the future while it fires. */
  readonly endsAtMs: number;
}

export interface PrometheusPlan {
  /** Between two evaluations. */
  readonly intervalMs: number;
  /** The offset of the first evaluation. Replicas of an HA pair have the same: it is a hash of the group's name. */
  readonly offsetMs: number;
  /** How far its clock is ahead of the true time. */
  readonly skewMs: number;
}

export interface PrometheusOptions extends PrometheusPlan {
  readonly clock: Timer;
  readonly names: readonly string[];
  /** Whether the rule's expression yields the alert now. */
  readonly sees: (name: string) => boolean;
  readonly send: (alerts: readonly PostedAlert[]) => void;
}

interface Active {
  readonly firedAtMs: number;
  resolvedAtMs: number | null;
  lastSentAtMs: number;
}

/** `--rules.alert.resend-delay` */
const resendDelayMs = 60_000;
/** `resolvedRetention` in rules/alerting.go */
const resolvedRetentionMs = 15 * 60_000;

/**
 * Prometheus as an alert sender, after `AlertingRule.Eval`, `needsSending` and `sendAlerts` in prometheus/prometheus `rules/`:
 * an alert is sent when it begins to fire, when it is resolved, and again when more than the resend delay passed since it was
 * last sent, also 15 minutes long after its end. A request that does not arrive is not sent again before that.
 */
export class Prometheus {
  readonly #o: PrometheusOptions;
  #skewMs: number;
  #active = new Map<string, Active>();
  /** Nothing is evaluated before; Infinity: it was stopped. */
  #downUntilMs = 0;

  constructor(options: PrometheusOptions) {
    this.#o = options;
    this.#skewMs = options.skewMs;
    options.clock.after(options.offsetMs, () => this.#tick());
  }

  /** Whether it says that the alert fires, by its last evaluation. */
  fires(name: string): boolean {
    const active = this.#active.get(name);
    return active !== undefined && active.resolvedAtMs === null;
  }

  /** For how long it has said so without a break, ms; 0: it does not. */
  firesForMs(name: string): number {
    const active = this.#active.get(name);
    if (active === undefined || active.resolvedAtMs !== null) return 0;
    return this.#o.clock.monotonic() + this.#skewMs - active.firedAtMs;
  }

  stop(): void {
    this.#downUntilMs = Number.POSITIVE_INFINITY;
  }

  /** It forgets all alerts: those that ended meanwhile are never resolved, the others start again. */
  restart(downMs: number): void {
    this.#active = new Map();
    this.#downUntilMs = this.#o.clock.monotonic() + downMs;
  }

  setClock(skewMs: number): void {
    this.#skewMs = skewMs;
  }

  #tick(): void {
    if (this.#downUntilMs === Number.POSITIVE_INFINITY) return;
    this.#o.clock.after(this.#o.intervalMs, () => this.#tick());
    if (this.#o.clock.monotonic() < this.#downUntilMs) return;
    const alerts = this.#evaluate(this.#o.clock.monotonic() + this.#skewMs);
    if (alerts.length > 0) this.#o.send(alerts);
  }

  #evaluate(atMs: number): PostedAlert[] {
    const posted: PostedAlert[] = [];
    const aheadMs = 4 * Math.max(this.#o.intervalMs, resendDelayMs);
    for (const name of this.#o.names) {
      let active = this.#active.get(name);
      if (this.#o.sees(name)) {
        if (active === undefined || active.resolvedAtMs !== null) {
          active = { firedAtMs: atMs, resolvedAtMs: null, lastSentAtMs: Number.NEGATIVE_INFINITY };
          this.#active.set(name, active);
        }
      } else if (active !== undefined) {
        if (active.resolvedAtMs !== null && atMs - active.resolvedAtMs > resolvedRetentionMs) {
          this.#active.delete(name);
          continue;
        }
        active.resolvedAtMs ??= atMs;
      }
      if (active === undefined || !needsSending(active, atMs)) continue;
      active.lastSentAtMs = atMs;
      posted.push({ name, startsAtMs: active.firedAtMs, endsAtMs: active.resolvedAtMs ?? atMs + aheadMs });
    }
    return posted;
  }
}

const needsSending = ({ resolvedAtMs, lastSentAtMs }: Active, atMs: number): boolean =>
  (resolvedAtMs !== null && resolvedAtMs > lastSentAtMs) || lastSentAtMs + resendDelayMs < atMs;
