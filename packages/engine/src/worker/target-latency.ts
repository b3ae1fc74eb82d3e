/** A target that answers faster than this waits longer for the ledger's commit than for its answer. */
const quickMs = 20;
/** Weight of the newest attempt in the running mean. */
const weight = 0.1;

/** The mean duration of attempts per target: quick targets need leases in advance, before an attempt ends. */
export class TargetLatency {
  readonly #meanMs = new Map<string, number>();

  record(target: string, durationMs: number): void {
    const mean = this.#meanMs.get(target);
    this.#meanMs.set(target, mean === undefined ? durationMs : mean + weight * (durationMs - mean));
  }

  quickTargets(): string[] {
    const quick: string[] = [];
    for (const [target, meanMs] of this.#meanMs) if (meanMs < quickMs) quick.push(target);
    return quick;
  }
}
