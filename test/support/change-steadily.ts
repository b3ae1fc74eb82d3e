/** Changes that go on until their end. */
export interface SteadyChanges extends Disposable {
  /** How many there were so far. */
  readonly count: number;
  /** Returns how many there were in each second, once all are answered. @throws the first error of a change */
  end(): Promise<number>;
}

/** How often a batch leaves, ms. */
const everyMs = 100;

/** Calls `change` with the numbers of the next changes, `perSecond` of them each second. A slow answer does not slow it down. */
export function changeSteadily(
  perSecond: number,
  change: (numbers: readonly number[]) => Promise<unknown>,
): SteadyChanges {
  const sinceMs = performance.now();
  const sent: Promise<PromiseSettledResult<unknown>[]>[] = [];
  let count = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - sinceMs) * perSecond) / 1_000);
    const from = count;
    count = due;
    sent.push(Promise.allSettled([change(Array.from({ length: due - from }, (_, index) => from + index))]));
  }, everyMs);
  return {
    get count() {
      return count;
    },
    async end() {
      clearInterval(timer);
      const results = (await Promise.all(sent)).flat();
      for (const result of results) if (result.status === "rejected") throw result.reason;
      return (count * 1_000) / (performance.now() - sinceMs);
    },
    [Symbol.dispose]() {
      clearInterval(timer);
    },
  };
}
