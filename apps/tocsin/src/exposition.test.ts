import type { Ledger } from "@tocsin/core";
import { expect, test } from "vitest";

import { exposition } from "./exposition.ts";
import { Metrics } from "./telemetry/metrics.ts";

const targets = { entries: [], publishers: 0 };

/** Time stands still until it is told how far to go. */
function stillClock() {
  const timers: { readonly delayMs: number; readonly callback: () => void }[] = [];
  return {
    now: () => 0,
    monotonic: () => 0,
    after: (delayMs: number, callback: () => void) => {
      timers.push({ delayMs, callback });
      return () => {};
    },
    pass: () => timers.splice(0).map(({ delayMs, callback }) => (callback(), delayMs)),
  };
}

test.each<[string, Partial<Ledger>]>([
  [
    "refuses",
    { stats: () => Promise.reject(new Error("closed")), standing: () => Promise.reject(new Error("closed")) },
  ],
  ["never answers", { stats: () => new Promise(() => {}), standing: async () => [] }],
])("a ledger that %s takes away its own counts, not the scrape", async (_, ledger) => {
  const metrics = new Metrics("1");
  try {
    const clock = stillClock();
    metrics.counted({
      stats: {
        incidents: [{ target: "pager", state: "told", count: 1 }],
        due: [],
        deadLetters: [],
        alerts: { firing: 1, resolved: 0 },
        nowMs: 0,
      },
      standing: [],
    });
    const scraping = exposition({ ledger: ledger as Ledger, targets, metrics, clock });
    expect(clock.pass()).toEqual([3_000]);
    const { contentType, text } = await scraping;
    expect(contentType).toContain("text/plain");
    expect(text).toContain("tocsin_build_info{");
    expect(text).not.toContain("tocsin_incidents{");
  } finally {
    metrics.stop();
  }
});
