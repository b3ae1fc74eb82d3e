import type { Claim } from "@tocsin/core/decisions";

interface Word {
  readonly fires: boolean;
  /** Never in the future of its receipt. */
  readonly startsAtMs: number;
  readonly saidStartsAtMs: number;
  /** When a direct claim ends unless repeated; null: never. */
  readonly endsAtMs: number | null;
  /** Its sender's clock, or ours, is so far off that nobody can read its end. */
  readonly skewed: boolean;
}

interface Memory {
  readonly source: string;
  last: Word;
  firedUntilMs: number;
  /** Since when every word was that it fires. */
  firesSinceMs: number;
}

const minute = 60_000;

/**
 * Whoever still sees it fire moves its end on. Where our clock is behind, after restarts while the wall clock was set back,
 * the end of what is over lies ahead of us, and that it moved back is all that can be read in it; a repeat says it again.
 */
const endMovedBack = (before: Word, now: Word): boolean =>
  before.endsAtMs !== null &&
  now.endsAtMs !== null &&
  before.saidStartsAtMs === now.saidStartsAtMs &&
  (now.endsAtMs < before.endsAtMs || (now.endsAtMs === before.endsAtMs && before.skewed));

/**
 * What the ledger was told, by the plainest reading: within one claim the newer start wins, then the later arrival. It
 * knows nothing of windows and grace, so it may only say what cannot be wrong.
 */
export class Words {
  readonly #claims = new Map<string, Map<string, Memory>>();
  readonly #heardAtMs = new Map<string, number>();
  readonly #readings = new Map<string, string>();
  readonly #firedAtMs = new Map<string, number>();

  heard({ alert, status, source, sender, endsAtMs }: Claim, nowMs: number): void {
    this.#heardAtMs.set(source, nowMs);
    if (status === "firing") this.#firedAtMs.set(alert.fingerprint, nowMs);
    let claims = this.#claims.get(alert.fingerprint);
    if (!claims) this.#claims.set(alert.fingerprint, (claims = new Map()));
    const word: Word = {
      fires: status === "firing",
      startsAtMs: Math.min(alert.startsAtMs, nowMs),
      saidStartsAtMs: alert.startsAtMs,
      endsAtMs: sender === undefined ? null : (endsAtMs ?? nowMs + 5 * minute),
      skewed: alert.startsAtMs > nowMs || (endsAtMs !== undefined && endsAtMs <= nowMs),
    };
    const claimant = `${source} ${sender ?? ""}`;
    const memory = claims.get(claimant);
    if (word.fires && word.startsAtMs >= (memory?.last.startsAtMs ?? 0))
      this.#readings.set(alert.fingerprint, alert.annotations["reading"] ?? "");
    if (!memory) {
      const since = word.fires ? nowMs : Number.POSITIVE_INFINITY;
      claims.set(claimant, { source, last: word, firedUntilMs: word.fires ? nowMs : 0, firesSinceMs: since });
      return;
    }
    if (memory.last.fires || word.fires) memory.firedUntilMs = nowMs;
    if (word.startsAtMs < memory.last.startsAtMs) return;
    if (!word.fires) memory.firesSinceMs = Number.POSITIVE_INFINITY;
    else if (!memory.last.fires) memory.firesSinceMs = nowMs;
    memory.last = endMovedBack(memory.last, word) ? { ...word, skewed: true } : word;
  }

  /** Somebody says that it fires, or did until less than `withinMs` ago. */
  mayFire(alert: string, nowMs: number, withinMs: number): boolean {
    for (const { last, firedUntilMs } of this.#claims.get(alert)?.values() ?? [])
      if (last.fires || nowMs - firedUntilMs <= withinMs) return true;
    return false;
  }

  /** When a source last said that it fires. */
  firedAtMs(alert: string): number {
    return this.#firedAtMs.get(alert) ?? 0;
  }

  /** Somebody has said for so long that it fires, and has a right to be believed: to resolve it now would be false. */
  mustFire(alert: string, nowMs: number, forMs: number, staleAfterMs: number): boolean {
    for (const { source, last, firesSinceMs } of this.#claims.get(alert)?.values() ?? []) {
      if (!last.fires || last.skewed || nowMs - firesSinceMs < forMs) continue;
      const { endsAtMs } = last;
      if (endsAtMs === null || nowMs < endsAtMs) return true;
      if ((this.#heardAtMs.get(source) ?? 0) <= endsAtMs && nowMs < endsAtMs + staleAfterMs) return true;
    }
    return false;
  }

  /** The reading that was said last while it fired. */
  readingOf(alert: string): string | undefined {
    return this.#readings.get(alert);
  }

  get alerts(): Iterable<string> {
    return this.#claims.keys();
  }
}
