import type { Claim } from "@tocsin/core/decisions";

interface Word {
  readonly fires: boolean;
  /** Never in the future of its receipt. */
  readonly startsAtMs: number;
}

interface Memory {
  last: Word;
  firedUntilMs: number;
}

/**
 * What the ledger was told, by the plainest reading: within one claim the newer start wins, then the later arrival. It
 * knows nothing of windows and expiry, so it may only say what cannot be wrong.
 */
export class Words {
  readonly #claims = new Map<string, Map<string, Memory>>();

  heard({ alert, status, source, sender }: Claim, nowMs: number): void {
    let claims = this.#claims.get(alert.fingerprint);
    if (!claims) this.#claims.set(alert.fingerprint, (claims = new Map()));
    const word: Word = { fires: status === "firing", startsAtMs: Math.min(alert.startsAtMs, nowMs) };
    const claimant = `${source} ${sender ?? ""}`;
    const memory = claims.get(claimant);
    if (!memory) claims.set(claimant, { last: word, firedUntilMs: word.fires ? nowMs : 0 });
    else {
      if (memory.last.fires || word.fires) memory.firedUntilMs = nowMs;
      if (word.startsAtMs >= memory.last.startsAtMs) memory.last = word;
    }
  }

  /** Somebody says that it fires, or did until less than `withinMs` ago. */
  mayFire(alert: string, nowMs: number, withinMs: number): boolean {
    for (const { last, firedUntilMs } of this.#claims.get(alert)?.values() ?? [])
      if (last.fires || nowMs - firedUntilMs <= withinMs) return true;
    return false;
  }

  get alerts(): Iterable<string> {
    return this.#claims.keys();
  }
}
