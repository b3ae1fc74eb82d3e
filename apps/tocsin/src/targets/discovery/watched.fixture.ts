import type { Discovery, DiscoveryObserver } from "./discovery.ts";

/** A started discovery whose news a test can wait for, without sleeping. */
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

  /** What is known, by the last part of its place; of what cannot be read, what is wrong. */
  get known(): Record<string, unknown> | undefined {
    const entries = this.discovery.targets?.map(({ place, input, issues }) => [
      place.split("/").at(-1),
      issues?.[0]?.message ?? input,
    ]);
    return entries && (Object.fromEntries(entries) as Record<string, unknown>);
  }

  /** Returns when it is true, and how long that took, ms. The test's own timeout is the limit. */
  async until(condition: () => boolean): Promise<number> {
    const sinceMs = performance.now();
    while (!condition()) {
      // What happens at the other side is not told.
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
