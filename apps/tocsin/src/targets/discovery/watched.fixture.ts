import type { Discovery, DiscoveryObserver } from "./discovery.ts";

/** A started discovery. A test can wait for its events without sleeping. */
export class Watched implements AsyncDisposable {
  readonly discovery: Discovery;
  readonly failures: string[] = [];
  changes = 0;
  #waiting: (() => void)[] = [];

  constructor(discovery: Discovery) {
    this.discovery = discovery;
    const news = () => {
      for (const wake of this.#waiting.splice(0)) wake();
    };
    const observer: DiscoveryObserver = {
      changed: () => {
        this.changes++;
        news();
      },
      failed: (operation, reason) => {
        this.failures.push(`${operation} ${reason}`);
        news();
      },
      synced: news,
      turned: news,
    };
    discovery.start(observer);
  }

  /** The known targets by the last part of their places; for a target that cannot be read, its error. */
  get known(): Record<string, unknown> | undefined {
    const entries = this.discovery.targets?.map(({ place, input, issues }) => [
      place.split("/").at(-1),
      issues?.[0]?.message ?? input,
    ]);
    return entries && (Object.fromEntries(entries) as Record<string, unknown>);
  }

  /** Waits until the condition is true and returns how long that took, ms. The test's own timeout is the limit. */
  async until(condition: () => boolean): Promise<number> {
    const sinceMs = performance.now();
    while (!condition()) {
      // The other side reports nothing, so this polls too.
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        setTimeout(resolve, 5);
      });
    }
    return performance.now() - sinceMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.discovery.stop();
  }
}
