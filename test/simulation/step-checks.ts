import type {
  AlertView,
  Claim,
  LeaseBatch,
  LeaseRequest,
  Lease,
  Outcome,
  Reading,
  Report,
  RoutedClaim,
} from "@tocsin/core/decisions";
import { incidentStates, type IncidentView, reasons, type Urgency, urgency } from "@tocsin/core/decisions";
import { firesSurelyMs } from "./reading.ts";
import { windowMs } from "./replica.ts";
import type { ExpectedAlerts } from "./expected-alerts.ts";

/** A lease that was handed out, and what became of it. */
export interface Handed {
  readonly lease: Lease;
  readonly owner: string;
  readonly atMs: number;
  /** Alerts of its incident that a source said fire. */
  readonly firing: readonly string[];
  endedAtMs: number | null;
  end: "settled" | "released" | "void" | "overtaken" | null;
}

interface AlertFacts {
  /** The target wants an alert of this dedup key, by any version of the targets of the last minute. */
  readonly mayWant: (target: string, dedupKey: string) => boolean;
  /** The target wanted an alert of this dedup key then, by each version of the targets that may have been acted on. */
  readonly mustWant: (target: string, dedupKey: string, atMs: number) => boolean;
  /** For how long the ledger's time has stood still since then, ms. */
  readonly stoodStillMs: (sinceMs: number) => number;
  /** Alerts that have this dedup key at a target, by any version of the targets. */
  readonly alertsOf: (target: string, dedupKey: string) => readonly string[];
  /** The claims of a source that fell silent hold for this long, ms. */
  readonly staleAfterMs: number;
  /** Reminders repeat a trigger only if a source said that the alert fires less than this long ago. */
  readonly remindsWithinMs: number;
  /** For how long a Prometheus in front of a source's Alertmanager has called the alert firing, ms; 0: none does. */
  readonly firesForMs: (source: string, alert: string) => number;
  /** Sends alerts that were over before they could be sent. */
  readonly pagesResolved: (target: string) => boolean;
  /** A resolve of an incident that it does not know has no effect there. */
  readonly dropsUnknownResolves: (key: string) => boolean;
}

/** How long after a source's last word that it fires a trigger may still leave: a window of reordering, and a little. */
const hindsightMs = 15_000;

/** Each class of work that waits may have one attempt in a window before others have had theirs. */
const classesThatWait = 5;

const isFollowUp = ({ urgency: of }: { readonly urgency: Urgency }): boolean =>
  of === urgency.criticalFollowUp || of === urgency.followUp;

/** Looks at everything that the ledger does, the moment it does it. */
export class StepChecks {
  readonly violations: string[] = [];
  readonly handed = new Map<number, Handed>();
  /** Incidents that began with the resolve of an unknown alert. */
  readonly adopted = new Set<number>();
  endedByReading = 0;
  /** Incidents that a person acknowledged. */
  readonly #acknowledged = new Set<number>();
  /** Alerts of those incidents. */
  readonly #acknowledgedAlerts = new Set<string>();
  readonly #live = new Map<number, Handed>();
  /** The endpoint to which each incident was delivered, or perhaps delivered. */
  readonly #places = new Map<number, Pick<Lease, "target" | "endpoint" | "dedupKey" | "sealed">>();
  readonly #ended = new Set<number>();
  /** Incidents with a trigger of unknown fate, and none that was accepted since. */
  readonly #perhapsOpened = new Set<number>();
  /** Ends and acknowledgements that waited for the limit when they were last looked at. */
  #waiting: ReadonlySet<number> = new Set();
  readonly #expectedAlerts: ExpectedAlerts;
  readonly #facts: AlertFacts;
  readonly #nowMs: () => number;

  constructor(expectedAlerts: ExpectedAlerts, facts: AlertFacts, nowMs: () => number) {
    this.#expectedAlerts = expectedAlerts;
    this.#facts = facts;
    this.#nowMs = nowMs;
  }

  violate(promise: string, what: string): void {
    if (this.violations.length < 50) this.violations.push(`${promise}: ${what}`);
  }

  applied(operation: string, args: readonly unknown[], result: unknown): void {
    switch (operation) {
      case "record":
        for (const { claim } of args[0] as readonly RoutedClaim[]) this.#heard(claim);
        return;
      case "recordReading":
        this.#read(args[0] as Reading, result as readonly (AlertView | undefined)[]);
        return;
      case "leaseDue":
        for (const lease of (result as LeaseBatch).leases) this.#leased(lease, args[0] as LeaseRequest);
        return;
      case "settle":
        for (const [index, { lease, outcome }] of (args[0] as readonly Report[]).entries())
          if ((result as readonly boolean[])[index]) this.#settled(lease.token, outcome);
        return;
      case "acknowledge":
        if (result === true) this.#acknowledge(args[0] as number);
        return;
      case "release":
        for (const handed of this.#live.values()) if (handed.owner === args[0]) this.#end(handed, "released");
        return;
      default:
    }
  }

  #acknowledge(incident: number): void {
    this.#acknowledged.add(incident);
    const place = this.#places.get(incident);
    for (const alert of place ? this.#facts.alertsOf(place.target, place.dedupKey) : [])
      this.#acknowledgedAlerts.add(alert);
  }

  /** At this target, or at another one of its alerts. */
  #isAcknowledged({ incident, target, dedupKey }: Lease): boolean {
    return (
      this.#acknowledged.has(incident) ||
      this.#facts.alertsOf(target, dedupKey).some((alert) => this.#acknowledgedAlerts.has(alert))
    );
  }

  /** The process that all leases belonged to is gone, and knows it. */
  voidAll(): void {
    for (const handed of this.#live.values()) this.#end(handed, "void");
  }

  #heard(claim: Claim): void {
    this.#expectedAlerts.heard(claim, this.#nowMs());
  }

  /** `alerts`: as the reading left them, in the order of its findings. */
  #read({ source, findings }: Reading, alerts: readonly (AlertView | undefined)[]): void {
    for (const [index, { says, fingerprint }] of findings.entries()) {
      const claim = alerts[index]?.claims.find((one) => one.source === source && one.sender === undefined);
      if (claim === undefined) continue;
      if (says === "active" && claim.status === "firing")
        this.#expectedAlerts.shownActive(source, fingerprint, this.#nowMs());
      if (says !== "gone" || claim.ended !== "read") continue;
      this.endedByReading++;
      this.#expectedAlerts.endedByReading(source, fingerprint, this.#nowMs());
      const forMs = this.#facts.firesForMs(source, fingerprint);
      if (forMs > firesSurelyMs)
        this.violate("reading", `${fingerprint} of ${source} was ended while a Prometheus has fired for ${forMs} ms`);
    }
  }

  #leased(lease: Lease, { owner }: LeaseRequest): void {
    const nowMs = this.#nowMs();
    const { incident, action, dedupKey, target, endpoint, token } = lease;
    const what = `${action} ${dedupKey} at ${target} (incident ${incident}, token ${token})`;
    const other = this.#live.get(incident);
    if (other && nowMs < other.atMs + other.lease.leaseMs)
      this.violate("I2", `${what}: leased while ${other.lease.token} is`);
    if (other) this.#end(other, "overtaken");

    const place = this.#places.get(incident);
    if (place && (place.endpoint !== endpoint || place.dedupKey !== dedupKey))
      this.violate("I6", `${what}: goes to ${endpoint}, told at ${place.endpoint} as ${place.dedupKey}`);

    if (action === "trigger" && !this.#mayTrigger(lease)) this.violate("I2", `${what}: no source sends it as firing`);
    if (action === "trigger" && !place && !this.#facts.pagesResolved(target) && !this.#facts.mayWant(target, dedupKey))
      this.violate("I6", `${what}: no filter lets it through`);
    if (action === "trigger" && lease.urgency === urgency.reminder && !this.#isConfirmed(lease))
      this.violate("reminder", `${what}: no source confirmed it lately`);
    if (action === "acknowledge" && !this.#isAcknowledged(lease))
      this.violate("acknowledged", `${what}: no person acknowledged in this episode`);
    if (action === "resolve" && this.#isFalse(lease)) this.violate("false resolve", `${what}: it still fires`);
    const firing = this.#facts
      .alertsOf(target, dedupKey)
      .filter((alert) => this.#expectedAlerts.mayFire(alert, nowMs, 0));
    const handed: Handed = { lease, owner, atMs: nowMs, firing, endedAtMs: null, end: null };
    if (action === "trigger") this.#perhapsOpened.add(incident);
    this.handed.set(token, handed);
    this.#live.set(incident, handed);
  }

  leasedUntilMs(token: number): number {
    const handed = this.handed.get(token);
    return handed ? handed.atMs + handed.lease.leaseMs : 0;
  }

  /** A process is about to write. */
  begins({ token, action, dedupKey }: Lease): void {
    const lateMs = this.#nowMs() - this.leasedUntilMs(token);
    if (lateMs > 0) this.violate("lease", `${action} ${dedupKey} (token ${token}) begins ${lateMs} ms after its lease`);
  }

  #mayTrigger({ incident, target, dedupKey, sealed }: Lease): boolean {
    const alerts = this.#facts.alertsOf(target, dedupKey);
    return (
      // A trigger of unknown outcome is repeated before the resolve if the receiver would not understand the resolve alone.
      (this.#perhapsOpened.has(incident) && !this.#facts.dropsUnknownResolves(sealed)) ||
      this.#facts.pagesResolved(target) ||
      alerts.some((alert) => this.#expectedAlerts.mayFire(alert, this.#nowMs(), hindsightMs))
    );
  }

  #isConfirmed({ target, dedupKey }: Lease): boolean {
    const sinceMs = this.#nowMs() - this.#facts.remindsWithinMs;
    return this.#facts.alertsOf(target, dedupKey).some((alert) => this.#expectedAlerts.firedAtMs(alert) > sinceMs);
  }

  /** A resolve of an alert that fires. Not a repair of an earlier resolve, and not for a group of several alerts. */
  #isFalse(lease: Lease): boolean {
    const { incident, target, dedupKey } = lease;
    const alerts = this.#facts.alertsOf(target, dedupKey);
    const [alert] = alerts;
    if (alert === undefined || alerts.length > 1 || this.#ended.has(incident)) return false;
    this.#ended.add(incident);
    // After a lost resolve, an acknowledged incident is resolved so that the next trigger pages again.
    if (this.#isAcknowledged(lease) && this.#expectedAlerts.lostEnds(alert) > 0) return false;
    const nowMs = this.#nowMs();
    return this.#expectedAlerts.mustFire(
      alert,
      nowMs,
      this.#facts.staleAfterMs,
      (sinceMs) =>
        // A firing is held in the ledger's time, which may stand still while no process runs.
        nowMs - sinceMs - this.#facts.stoodStillMs(sinceMs) >= hindsightMs &&
        // An end that waited for an attempt in flight is true if the next firing began when the target did not want it any more.
        this.#facts.mustWant(target, dedupKey, sinceMs),
    );
  }

  #settled(token: number, outcome: Outcome): void {
    const handed = this.handed.get(token);
    if (!handed || handed.end !== null) return this.violate("fencing", `token ${token} was settled after its end`);
    this.#end(handed, "settled");
    const { lease } = handed;
    const { kind } = outcome;
    if (kind === "accepted") this.#perhapsOpened.delete(lease.incident);
    if (kind === "accepted" || kind === "ambiguous" || (kind === "interrupted" && outcome.left)) this.#told(lease);
  }

  #end(handed: Handed, end: NonNullable<Handed["end"]>): void {
    handed.end = end;
    handed.endedAtMs = this.#nowMs();
    if (this.#live.get(handed.lease.incident) === handed) this.#live.delete(handed.lease.incident);
    if (end !== "settled") this.#told(handed.lease);
  }

  #told({ incident, action, target, endpoint, dedupKey, sealed }: Lease): void {
    if (action !== "check" && !this.#places.has(incident))
      this.#places.set(incident, { target, endpoint, dedupKey, sealed });
  }

  /**
   * I5: resolves and acknowledgements have their share of each window. None of them was sent in the last one, although they wait
   * since before that, and more events without critical urgency were sent than may go first. Checked once per window.
   */
  starving(views: readonly IncidentView[]): void {
    const fromMs = this.#nowMs() - windowMs;
    const waited = this.#waiting;
    const waiting = views.filter(({ incident, reason }) => reason === "waiting_limit" && isFollowUp(incident));
    this.#waiting = new Set(waiting.map(({ incident }) => incident.id));
    for (const { incident } of waiting) {
      const place = this.#places.get(incident.id);
      if (!place || !waited.has(incident.id)) continue;
      const here = [...this.handed.values()].filter(({ lease }) => lease.sealed === place.sealed);
      const others = here.filter(({ atMs, lease }) => atMs > fromMs && lease.urgency !== urgency.criticalTrigger);
      // One whose owner is gone is charged for as long as it may arrive, and has had its window after that.
      const hadTheirs = here.some(
        ({ atMs, lease }) => isFollowUp(lease) && atMs + lease.leaseMs + lease.timeoutMs + windowMs > fromMs,
      );
      if (others.length > classesThatWait && !hadTheirs)
        this.violate("I5", `incident ${incident.id} waits with its resolve while ${others.length} others go`);
    }
  }

  /** I9: one state, one reason, of the closed lists, and true to the facts. */
  states(views: readonly IncidentView[]): void {
    for (const { incident, state, reason } of views) {
      if (incident.adopted) this.adopted.add(incident.id);
      const { told, wanted, flight, dueAtMs } = incident;
      const holds =
        incidentStates.includes(state) &&
        reasons.includes(reason) &&
        (state === "in_flight") === (flight !== null) &&
        (state !== "due" || dueAtMs !== null) &&
        (state !== "told" || (incident.opened && told !== null && wanted.status === "firing")) &&
        (state !== "closed" || (told?.certain === true && told.event === "resolve" && wanted.status === "resolved")) &&
        (state !== "not_told" || told === null) &&
        (state !== "dead" || dueAtMs === null);
      if (!holds)
        this.violate(
          "I9",
          `incident ${incident.id} is ${state} ${reason} with ${JSON.stringify({ told, wanted, dueAtMs })}`,
        );
    }
  }
}
