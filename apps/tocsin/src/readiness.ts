/**
 * How long after a failed commit the service says that it is not ready, unless one succeeds before. Then it is tried
 * again: a load balancer that sends nothing would never let it find out.
 */
const doubtMs = 30_000;

/** Whether senders should come here: the ledger commits, and the first load of targets has ended. */
export class Readiness {
  #loaded = false;
  #stopping = false;
  #failed: { readonly atMs: number; readonly why: string } | undefined;

  get stopping(): boolean {
    return this.#stopping;
  }

  loaded(): void {
    this.#loaded = true;
  }

  stop(): void {
    this.#stopping = true;
  }

  committed(): void {
    this.#failed = undefined;
  }

  /** `atMs`: monotonic. */
  commitFailed(why: string, atMs: number): void {
    this.#failed = { atMs, why };
  }

  /** Empty: ready. */
  reasons(nowMs: number): string[] {
    const failed = this.#failed !== undefined && nowMs - this.#failed.atMs < doubtMs ? this.#failed.why : undefined;
    return [
      ...(this.#stopping ? ["the service is stopping"] : []),
      ...(this.#loaded ? [] : ["targets are not loaded yet"]),
      ...(failed === undefined ? [] : [`the ledger does not commit: ${failed}`]),
    ];
  }
}
