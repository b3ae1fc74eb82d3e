import type { Claim } from "@tocsin/core/decisions";

interface Memory {
  readonly source: string;
  fires: boolean;
  /** Since when every word was a firing. */
  firesSinceMs: number;
  /** When it may have counted as firing last. */
  firedUntilMs: number;
  /** Start of the last firing, as it was said, and the latest start of this episode. */
  saidStartsAtMs: number;
  newestStartMs: number;
  lastEndMs: number;
  /** When a direct claim ends unless repeated; null: never. */
  endsAtMs: number | null;
  /** A doubtful resolve ends a webhook's claim then. */
  doubtfulEndAtMs: number | null;
  /** Its sender's clock, or ours, is so far off that its end cannot be read. */
  skewed: boolean;
}

const minute = 60_000;
const never = Number.POSITIVE_INFINITY;

/**
 * A sender that still sees the alert fire moves its end on. If our clock is behind, after restarts while the wall clock was set
 * back, the end of what is over lies ahead of us, and only that it moved back can be read in it; a repeat says it again.
 */
const endMovedBack = (before: Memory, { endsAtMs }: Claim): boolean =>
  before.endsAtMs !== null &&
  endsAtMs !== undefined &&
  (endsAtMs < before.endsAtMs || (endsAtMs === before.endsAtMs && before.skewed));

/** A webhook has no sender and, in the simulation, no origin. */
const webhookClaimant = (source: string): string => `${source}  `;

/**
 * The claims that the ledger received, read in a simple way: the last one counts, unless it is a resolve that may be about an
 * earlier episode. It knows nothing of holds and grace, so it states only facts that cannot be wrong.
 */
export class ExpectedAlerts {
  readonly #claims = new Map<string, Map<string, Memory>>();
  readonly #heardAtMs = new Map<string, number>();
  readonly #readings = new Map<string, string>();
  readonly #firedAtMs = new Map<string, number>();
  readonly #lostEnds = new Map<string, number>();
  readonly #doubtfulEndMs: number;

  constructor(doubtfulEndMs: number) {
    this.#doubtfulEndMs = doubtfulEndMs;
  }

  heard(claim: Claim, nowMs: number): void {
    const { alert, status, source, sender, endsAtMs } = claim;
    this.#heardAtMs.set(source, nowMs);
    if (status === "firing") this.#firedAtMs.set(alert.fingerprint, nowMs);
    let claims = this.#claims.get(alert.fingerprint);
    if (!claims) this.#claims.set(alert.fingerprint, (claims = new Map()));
    const claimant = `${source} ${sender ?? ""} ${claim.origin ?? ""}`;
    const before = claims.get(claimant);
    const isDirect = sender !== undefined;
    const startMs = Math.min(alert.startsAtMs, nowMs);
    if (status === "firing") {
      const movedBack = before !== undefined && endMovedBack(before, claim);
      this.#readings.set(alert.fingerprint, alert.annotations["reading"] ?? "");
      if (!isDirect && before?.fires && startMs > before.newestStartMs)
        this.#lostEnds.set(alert.fingerprint, this.lostEnds(alert.fingerprint) + 1);
      claims.set(claimant, {
        source,
        fires: true,
        firesSinceMs: before?.fires && !movedBack ? before.firesSinceMs : nowMs,
        firedUntilMs: nowMs,
        saidStartsAtMs: alert.startsAtMs,
        newestStartMs: before?.fires ? Math.max(before.newestStartMs, startMs) : startMs,
        lastEndMs: before?.lastEndMs ?? -never,
        endsAtMs: isDirect ? (endsAtMs ?? nowMs + 5 * minute) : null,
        doubtfulEndAtMs: null,
        skewed:
          alert.startsAtMs > nowMs ||
          (before?.skewed === true && before.saidStartsAtMs === alert.startsAtMs) ||
          (endsAtMs !== undefined && endsAtMs <= nowMs) ||
          movedBack,
      });
      return;
    }
    const endMs = endsAtMs ?? before?.newestStartMs ?? startMs;
    if (!before) {
      claims.set(claimant, {
        source,
        fires: false,
        firesSinceMs: never,
        firedUntilMs: 0,
        saidStartsAtMs: alert.startsAtMs,
        newestStartMs: startMs,
        lastEndMs: endMs,
        endsAtMs: endsAtMs ?? null,
        doubtfulEndAtMs: null,
        skewed: false,
      });
      return;
    }
    if (before.fires) before.firedUntilMs = nowMs;
    before.firesSinceMs = never;
    if (endMs >= before.newestStartMs && endMs > before.lastEndMs) before.fires = false;
    else if (!isDirect) before.doubtfulEndAtMs ??= nowMs + this.#doubtfulEndMs;
    before.lastEndMs = Math.max(before.lastEndMs, endMs);
  }

  /** A reading of the source's API found it active, and the claim of its webhook fires. */
  shownActive(source: string, alert: string, nowMs: number): void {
    this.#firedAtMs.set(alert, nowMs);
    const memory = this.#claims.get(alert)?.get(webhookClaimant(source));
    if (memory === undefined) return;
    memory.doubtfulEndAtMs = null;
    if (!memory.fires) memory.firesSinceMs = nowMs;
    memory.fires = true;
    memory.firedUntilMs = nowMs;
  }

  /** A reading ended the claim of the source's webhook. */
  endedByReading(source: string, alert: string, nowMs: number): void {
    const memory = this.#claims.get(alert)?.get(webhookClaimant(source));
    if (memory === undefined) return;
    memory.fires = false;
    memory.firesSinceMs = never;
    memory.firedUntilMs = nowMs;
    memory.doubtfulEndAtMs = null;
  }

  /** When a source last said that it fires. */
  firedAtMs(alert: string): number {
    return this.#firedAtMs.get(alert) ?? 0;
  }

  /** Some source says that it fires, or did until less than `withinMs` ago. */
  mayFire(alert: string, nowMs: number, withinMs: number): boolean {
    for (const { fires, firedUntilMs, doubtfulEndAtMs } of this.#claims.get(alert)?.values() ?? []) {
      const untilMs = fires ? (doubtfulEndAtMs ?? never) : firedUntilMs;
      if (nowMs - untilMs <= withinMs) return true;
    }
    return false;
  }

  /** Some source sends it as firing, since a moment that `counts`, and must be believed: a resolve now would be false. */
  mustFire(alert: string, nowMs: number, staleAfterMs: number, counts: (sinceMs: number) => boolean): boolean {
    for (const { source, fires, firesSinceMs, skewed, endsAtMs } of this.#claims.get(alert)?.values() ?? []) {
      if (!fires || skewed || !counts(firesSinceMs)) continue;
      if (endsAtMs === null || nowMs < endsAtMs) return true;
      if ((this.#heardAtMs.get(source) ?? 0) <= endsAtMs && nowMs < endsAtMs + staleAfterMs) return true;
    }
    return false;
  }

  /** How often a webhook named a newer start while the alert fired there: an end may have been lost. */
  lostEnds(alert: string): number {
    return this.#lostEnds.get(alert) ?? 0;
  }

  /** The reading that was said last while it fired. */
  readingOf(alert: string): string | undefined {
    return this.#readings.get(alert);
  }

  get alerts(): Iterable<string> {
    return this.#claims.keys();
  }
}
