import { type Clock, isUnconfirmedCritical, type Ledger, type LedgerStats, LedgerUnavailable } from "@tocsin/core";
import { isSelfChecking } from "../own-alerts/own-alert.ts";
import type { DeadIncidents, HealthViews, LateCriticals, LedgerView, UnconfirmedCriticals } from "./health-views.ts";
import { type Problem, problemsIn } from "./problems.ts";
import type { Readiness } from "./readiness.ts";
import { within } from "./within.ts";

/** Longest wait for the counts of the ledger. */
const maxCountingMs = 3_000;

/** Dead letters are read again after this time even if their numbers are the same: many of them take the ledger long to read. */
const maxDeadAgeMs = 60_000;

/** How many incidents of one target or state are looked at. */
const maxIncidents = 200;

/** The part of the views that other parts of the service know. */
export type OtherViews = Omit<HealthViews, "nowMs" | "ledgerFailure" | "isLoaded" | "ledger">;

export interface HealthOptions {
  readonly clock: Clock;
  readonly readiness: Pick<Readiness, "ledgerFailure" | "isLoaded">;
  readonly ledger: Pick<Ledger, "stats" | "targetStatus" | "incidents">;
  /** A critical that waits for longer is late, ms. */
  readonly lateAfterMs: () => number;
  /** Names of the targets whose receivers must confirm criticals. */
  readonly confirming: () => readonly string[];
  readonly others: () => Promise<OtherViews>;
}

export type DatedProblem = Problem & {
  readonly sinceMs: number;
  /** The beginning is unknown: `sinceMs` is when this process first found it. */
  readonly noticed?: true;
};

/** Finds the current problems of this process and its ledger. Does nothing until it is asked. */
export class Health {
  readonly #o: HealthOptions;
  /** When each problem whose start is unknown was first found, by condition and object. */
  #foundAtMs = new Map<string, number>();

  /** The dead letters as they were last read, and their numbers then. */
  #dead: { readonly counts: string; readonly atMs: number; readonly found: readonly DeadIncidents[] } | undefined;

  constructor(options: HealthOptions) {
    this.#o = options;
  }

  /** Returns the current problems, the most urgent first. */
  async problems(): Promise<readonly DatedProblem[]> {
    const { clock, readiness, lateAfterMs, others } = this.#o;
    const { ledgerFailure } = readiness;
    const [ledgerNow, otherViews] = await Promise.all([
      // A ledger that does not commit may not answer either.
      ledgerFailure === undefined ? within(maxCountingMs, clock, this.#ledgerView(lateAfterMs())) : undefined,
      others(),
    ]);
    const nowMs = clock.now();
    const views = { ...otherViews, nowMs, ledgerFailure, isLoaded: readiness.isLoaded, ledger: ledgerNow };
    return this.#dated(problemsIn(views), nowMs);
  }

  /** Undefined: the ledger does not answer. */
  async #ledgerView(lateAfterMs: number): Promise<LedgerView | undefined> {
    const { ledger, confirming } = this.#o;
    try {
      const [heldBack, stats] = await Promise.all([ledger.targetStatus("held_back"), ledger.stats()]);
      const late = await lateCriticals(ledger, stats, lateAfterMs);
      const unconfirmed = await unconfirmedCriticals(ledger, stats, confirming());
      return { heldBack, late, dead: await this.#deadIncidents(stats), unconfirmed };
    } catch (error) {
      if (error instanceof LedgerUnavailable) return undefined;
      throw error;
    }
  }

  async #deadIncidents({ incidents }: Pick<LedgerStats, "incidents">): Promise<readonly DeadIncidents[]> {
    const { ledger, clock } = this.#o;
    const dead = incidents.filter(({ state, count }) => state === "dead" && count > 0);
    const counts = JSON.stringify(dead);
    const atMs = clock.monotonic();
    const known = this.#dead;
    if (known?.counts === counts && atMs - known.atMs < maxDeadAgeMs) return known.found;
    const found = await deadIncidents(ledger, dead);
    this.#dead = { counts, atMs, found };
    return found;
  }

  #dated(problems: readonly Problem[], nowMs: number): DatedProblem[] {
    const before = this.#foundAtMs;
    this.#foundAtMs = new Map();
    return problems.map((problem) => {
      const key = `${problem.condition} ${problem.object}`;
      const foundAtMs = before.get(key) ?? nowMs;
      this.#foundAtMs.set(key, foundAtMs);
      return problem.sinceMs === undefined
        ? { ...problem, sinceMs: foundAtMs, noticed: true }
        : { ...problem, sinceMs: problem.sinceMs };
    });
  }
}

/** Targets with a critical that has waited for too long. The own alerts of `selfAlerts` do not count: they report such targets. */
async function lateCriticals(
  ledger: Pick<Ledger, "incidents">,
  { due, nowMs }: Pick<LedgerStats, "due" | "nowMs">,
  lateAfterMs: number,
): Promise<LateCriticals[]> {
  const late: LateCriticals[] = [];
  for (const { target, severity, oldestAtMs } of due) {
    if (severity !== "critical" || nowMs - oldestAtMs < lateAfterMs) continue;
    const pages = await Promise.all(
      (["due", "in_flight"] as const).map((state) => ledger.incidents({ state, target, limit: maxIncidents })),
    );
    const isComplete = pages.every((page) => page.incidents.length < maxIncidents);
    const incidents = pages.flatMap((page) => page.incidents);
    const waiting = incidents.filter(
      ({ incident: { wanted, dedupKey } }) => wanted.severity === "critical" && !isSelfChecking(dedupKey),
    );
    const sinceMs = isComplete
      ? Math.min(...waiting.map(({ incident }) => incident.dueSinceMs ?? Number.POSITIVE_INFINITY))
      : oldestAtMs;
    if (nowMs - sinceMs >= lateAfterMs) late.push({ target, sinceMs });
  }
  return late;
}

/**
 * Counts dead letters by target. Criticals are read apart from the others: any number of dead warnings must hide none of them. If
 * there are more than `maxIncidents` dead criticals, the older ones count as others.
 */
async function deadIncidents(
  ledger: Pick<Ledger, "incidents">,
  dead: LedgerStats["incidents"],
): Promise<DeadIncidents[]> {
  if (dead.length === 0) return [];
  const deadOf = async (severity?: "critical") => {
    const page = await ledger.incidents({ state: "dead", limit: maxIncidents, ...(severity && { severity }) });
    return Map.groupBy(
      page.incidents.map(({ incident }) => incident),
      ({ target }) => target,
    );
  };
  const [criticals, newest] = await Promise.all([deadOf("critical"), deadOf()]);
  return dead.flatMap(({ target, count }) => {
    const found = criticals.get(target) ?? [];
    const reported = found.filter(({ dedupKey }) => !isSelfChecking(dedupKey));
    const others = Math.max(0, count - found.length);
    if (reported.length + others === 0) return [];
    const times = [...reported, ...(newest.get(target) ?? [])].map(({ updatedAtMs }) => updatedAtMs);
    return [{ target, criticals: reported.length, others, ...(times.length > 0 && { sinceMs: Math.min(...times) }) }];
  });
}

/** Counts the criticals that receivers did not confirm in time. If a target has more than `maxIncidents` in a state, the newest count. */
async function unconfirmedCriticals(
  ledger: Pick<Ledger, "incidents">,
  { incidents: counts }: Pick<LedgerStats, "incidents">,
  confirming: readonly string[],
): Promise<UnconfirmedCriticals[]> {
  const found: UnconfirmedCriticals[] = [];
  for (const target of confirming) {
    const states = (["told", "due", "in_flight"] as const).filter((state) =>
      counts.some((one) => one.target === target && one.state === state && one.count > 0),
    );
    const pages = await Promise.all(
      states.map((state) => ledger.incidents({ state, target, severity: "critical", limit: maxIncidents })),
    );
    const since = pages.flatMap((page) =>
      page.incidents.flatMap(({ incident }) =>
        isUnconfirmedCritical(incident) && !isSelfChecking(incident.dedupKey) ? (incident.confirmBy?.atMs ?? []) : [],
      ),
    );
    if (since.length > 0) found.push({ target, count: since.length, sinceMs: Math.min(...since) });
  }
  return found;
}
