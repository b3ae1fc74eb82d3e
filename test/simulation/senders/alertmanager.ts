import type { Random } from "../../kit/random.ts";
import type { PostedAlert } from "./prometheus.ts";
import type { Timer } from "./timeline.ts";

/** One alert of a webhook. */
export interface NotifiedAlert {
  readonly name: string;
  readonly startsAtMs: number;
  /** Absent while it fires. */
  readonly endsAtMs?: number;
}

export interface AlertmanagerPlan {
  readonly peers: number;
  /** All alerts in one group, or one group each (`group_by: ['...']`). */
  readonly grouped: boolean;
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  /** Longest way of the notification log to the other peers. */
  readonly gossipMs: number;
}

/** The shared state of the cluster's peers, and how they notify. */
export interface AlertmanagerOptions extends AlertmanagerPlan {
  readonly clock: Timer;
  readonly random: Random;
  /** `done(false)`: no 2xx within the time that the sender waits. */
  readonly notify: (alerts: readonly NotifiedAlert[], done: (ok: boolean) => void) => void;
}

/** An alert in a peer's memory. Never changed in place: a new object is a new version. */
interface Stored {
  readonly name: string;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

interface Group {
  readonly alerts: Map<string, Stored>;
  hasFlushed: boolean;
  flushing: boolean;
  /** The timer rang during a flush. */
  waiting: boolean;
  /** Timers of before are void. */
  timer: number;
}

/** The last notification of a group to a receiver, as in the peers' notification log. */
interface LogEntry {
  readonly firing: ReadonlySet<string>;
  readonly resolved: ReadonlySet<string>;
  readonly atMs: number;
}

/** `peerTimeout` in app/app.go: a peer waits this long per position before it notifies. */
const peerTimeoutMs = 15_000;
/** `--alerts.gc-interval` */
const gcIntervalMs = 30 * 60_000;

/**
 * A cluster of Alertmanagers, after prometheus/alertmanager `provider/mem` (merge), `dispatch` (groups), `notify` (pipeline) and
 * `nflog`. Alerts are not gossiped: each peer knows those that it received. The notification log is.
 */
export class Alertmanager {
  readonly peers: readonly Peer[];
  /** Names that a silence matches. */
  readonly silenced = new Set<string>();
  readonly #o: AlertmanagerOptions;

  constructor(options: AlertmanagerOptions) {
    this.#o = options;
    this.peers = Array.from({ length: options.peers }, (_, n) => new Peer(this, options, n));
  }

  gossip(from: Peer, key: string, entry: LogEntry): void {
    const { clock, random, gossipMs } = this.#o;
    for (const peer of this.peers)
      if (peer !== from) clock.after(random.between(0, gossipMs), () => peer.merge(key, entry));
  }
}

export class Peer {
  readonly #cluster: Alertmanager;
  readonly #o: AlertmanagerOptions;
  readonly #position: number;
  #store = new Map<string, Stored>();
  #groups = new Map<string, Group>();
  #log = new Map<string, LogEntry>();
  #startedAtMs: number;

  constructor(cluster: Alertmanager, options: AlertmanagerOptions, position: number) {
    this.#cluster = cluster;
    this.#o = options;
    this.#position = position;
    this.#startedAtMs = options.clock.monotonic();
    const collect = (): void => {
      for (const [name, alert] of this.#store) if (this.#isResolved(alert)) this.#store.delete(name);
      options.clock.after(gcIntervalMs, collect);
    };
    options.clock.after(gcIntervalMs, collect);
  }

  get up(): boolean {
    return this.#o.clock.monotonic() >= this.#startedAtMs;
  }

  /** When it started last; in the future while it is down. Ms since epoch. */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  /** The alerts that its API lists: those that have not ended, silenced or not. */
  get listed(): readonly { readonly name: string; readonly startsAtMs: number; readonly silenced: boolean }[] {
    return [...this.#store.values()]
      .filter((alert) => !this.#isResolved(alert))
      .map(({ name, startsAtMs }) => ({ name, startsAtMs, silenced: this.#cluster.silenced.has(name) }));
  }

  /** It forgets all alerts and groups, but not the notification log, which it keeps on disk. */
  restart(downMs: number): void {
    this.#store = new Map();
    for (const group of this.#groups.values()) group.timer++;
    this.#groups = new Map();
    this.#startedAtMs = this.#o.clock.monotonic() + downMs;
  }

  /** Alerts that overlap are merged to the earliest start; others replace what was known. */
  receive(alerts: readonly PostedAlert[]): void {
    if (!this.up) return;
    for (const posted of alerts) {
      const old = this.#store.get(posted.name);
      const alert = old !== undefined && overlaps(posted, old) ? this.#merged(old, posted) : { ...posted };
      this.#store.set(posted.name, alert);
      this.#insert(alert);
    }
  }

  merge(key: string, entry: LogEntry): void {
    if (entry.atMs > (this.#log.get(key)?.atMs ?? 0)) this.#log.set(key, entry);
  }

  #isResolved = ({ endsAtMs }: Stored): boolean => endsAtMs <= this.#o.clock.monotonic();

  #keyOf = (name: string): string => (this.#o.grouped ? "all" : name);

  #merged(old: Stored, posted: Stored): Stored {
    const startsAtMs = Math.min(old.startsAtMs, posted.startsAtMs);
    const isLater = old.endsAtMs > posted.endsAtMs;
    const keepsEnd = this.#isResolved(posted) ? isLater && this.#isResolved(old) : isLater;
    return { name: posted.name, startsAtMs, endsAtMs: keepsEnd ? old.endsAtMs : posted.endsAtMs };
  }

  #insert(alert: Stored): void {
    const key = this.#keyOf(alert.name);
    let group = this.#groups.get(key);
    if (group === undefined) {
      // The end of an alert that no group knows makes one as well; it notifies only what the log holds as firing.
      group = { alerts: new Map(), hasFlushed: false, flushing: false, waiting: false, timer: 0 };
      this.#groups.set(key, group);
      this.#flushAfter(key, group, this.#o.groupWaitMs);
    }
    group.alerts.set(alert.name, alert);
    if (!group.hasFlushed && alert.startsAtMs + this.#o.groupWaitMs < this.#o.clock.monotonic())
      this.#flushAfter(key, group, 0);
  }

  #flushAfter(key: string, group: Group, ms: number): void {
    const timer = ++group.timer;
    this.#o.clock.after(ms, () => {
      if (group.timer !== timer) return;
      if (group.flushing) group.waiting = true;
      else this.#flush(key, group);
    });
  }

  #flush(key: string, group: Group): void {
    const { groupIntervalMs, clock } = this.#o;
    this.#flushAfter(key, group, groupIntervalMs);
    group.hasFlushed = true;
    const snapshot = [...group.alerts.values()].map((alert) => ({ alert, over: this.#isResolved(alert) }));
    const deadlineMs = clock.monotonic() + groupIntervalMs + this.#position * peerTimeoutMs;
    group.flushing = true;
    const done = (ok: boolean): void => {
      group.flushing = false;
      if (this.#groups.get(key) !== group) return;
      for (const { alert, over } of ok ? snapshot : [])
        if (over && group.alerts.get(alert.name) === alert) group.alerts.delete(alert.name);
      if (group.alerts.size === 0) {
        group.timer++;
        this.#groups.delete(key);
      } else if (group.waiting) {
        group.waiting = false;
        this.#flush(key, group);
      }
    };
    this.#notify(key, snapshot, deadlineMs, done);
  }

  #notify(
    key: string,
    snapshot: readonly { readonly alert: Stored; readonly over: boolean }[],
    deadlineMs: number,
    done: (ok: boolean) => void,
  ): void {
    const unmuted = snapshot.filter(({ alert }) => !this.#cluster.silenced.has(alert.name));
    if (unmuted.length === 0) return done(true);
    this.#o.clock.after(this.#position * peerTimeoutMs, () => {
      if (!this.up) return done(false);
      const firing = new Set(unmuted.filter(({ over }) => !over).map(({ alert }) => alert.name));
      const resolved = new Set(unmuted.filter(({ over }) => over).map(({ alert }) => alert.name));
      const entry = this.#log.get(key);
      if (!this.#needsUpdate(entry, firing, resolved)) return done(true);
      const alerts = unmuted.map(({ alert: { name, startsAtMs, endsAtMs }, over }) =>
        over ? { name, startsAtMs, endsAtMs } : { name, startsAtMs },
      );
      this.#retry(alerts, deadlineMs, 500, (ok) => {
        if (ok) {
          const logged = { firing, resolved, atMs: this.#o.clock.monotonic() };
          this.merge(key, logged);
          this.#cluster.gossip(this, key, logged);
        }
        done(ok);
      });
    });
  }

  #needsUpdate(entry: LogEntry | undefined, firing: ReadonlySet<string>, resolved: ReadonlySet<string>): boolean {
    const nowMs = this.#o.clock.monotonic();
    if (entry === undefined || nowMs - entry.atMs > 2 * this.#o.repeatIntervalMs) return firing.size > 0;
    if (!isSubset(firing, entry.firing)) return true;
    if (firing.size === 0) return entry.firing.size > 0;
    if (!isSubset(resolved, entry.resolved)) return true;
    return entry.atMs < nowMs - this.#o.repeatIntervalMs;
  }

  #retry(alerts: readonly NotifiedAlert[], deadlineMs: number, waitMs: number, done: (ok: boolean) => void): void {
    const { clock, random, notify } = this.#o;
    notify(alerts, (ok) => {
      if (ok) return done(true);
      const backoffMs = Math.round(waitMs * (0.5 + random.next()));
      if (!this.up || clock.monotonic() + backoffMs > deadlineMs) return done(false);
      clock.after(backoffMs, () => this.#retry(alerts, deadlineMs, Math.min(60_000, waitMs * 1.5), done));
    });
  }
}

/** `Alerts.Put` in provider/mem: merged if the spans overlap strictly. */
const overlaps = (posted: Stored, old: Stored): boolean =>
  (posted.endsAtMs > old.startsAtMs && posted.endsAtMs < old.endsAtMs) ||
  (posted.startsAtMs > old.startsAtMs && posted.startsAtMs < old.endsAtMs);

const isSubset = (some: ReadonlySet<string>, all: ReadonlySet<string>): boolean =>
  [...some].every((one) => all.has(one));
