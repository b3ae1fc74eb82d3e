import { firing, Random, resolved, startVirtualService } from "@tocsin/test";
import { describe, expect, test } from "vitest";

// Storms at the real limit of 120 calls in 60 s, in virtual time: the engine, a ledger and a strict receiver.

const second = 1_000;

const names = (what: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${what}-${n}`);
const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? 0;

describe("at 120 calls in 60 s", () => {
  test.each([
    ["5 minutes", 30],
    ["10 seconds", 1],
  ])("10,000 flaps over 100 incidents in %s end right within 120 s after the last one", async (span, paceMs) => {
    await using run = await startVirtualService();
    const random = new Random(1);
    const fires = new Map(names("a", 100).map((name) => [name, false]));
    for (let flap = 0; flap < 10_000; flap++) {
      const name = random.pick([...fires.keys()]);
      const startsAtMs = run.clock.now();
      const isFiring = !fires.get(name);
      fires.set(name, isFiring);
      // A start of its own for each firing, and the end with the latest.
      await run.say([(isFiring ? firing : resolved)(name, { startsAtMs })], "error");
      await run.clock.advance(paceMs);
    }
    const tookMs = await run.drained();
    const open = new Set(
      run.receiver.incidents().flatMap(({ status, dedup_key }) => (status === "resolved" ? [] : [dedup_key])),
    );
    for (const [name, isFiring] of fires) expect([name, open.has(name)]).toEqual([name, isFiring]);
    console.info(
      `10,000 flaps over 100 incidents: right ${tookMs / second} s after the last, ${run.requests()} requests`,
    );
    expect(tookMs).toBeLessThanOrEqual(120 * second);
    expect(run.receiver.overLimit()).toEqual([]);
  });

  test("a critical every 20 s during a backlog of 5,000 warnings waits less than 1 s at the 99th percentile", async () => {
    await using run = await startVirtualService();
    await run.say(
      names("w", 5_000).map((name) => firing(name)),
      "warning",
    );
    for (const name of names("c", 120)) {
      await run.clock.advance(20 * second);
      await run.say([firing(name)], "critical");
    }
    await run.clock.advance(20 * second);
    const waits = run.toldAfterMs.filter(({ severity }) => severity === "critical").map(({ ms }) => ms);
    console.info(`criticals: p50 ${percentile(waits, 0.5)} ms, p99 ${percentile(waits, 0.99)} ms of ${waits.length}`);
    expect(waits).toHaveLength(120);
    expect(percentile(waits, 0.99)).toBeLessThan(second);
    // They had to overtake: the backlog is not gone by then.
    expect(run.toldAfterMs.length).toBeLessThan(5_120);
    expect(run.receiver.overLimit()).toEqual([]);
  });

  test("1,000 incidents, a fifth critical, drain as fast as the reserve allows", async () => {
    await using run = await startVirtualService();
    await run.say(
      names("c", 200).map((name) => firing(name)),
      "critical",
    );
    await run.say(
      names("w", 800).map((name) => firing(name)),
      "warning",
    );
    const tookMs = await run.drained();
    console.info(`1,000 incidents, 200 critical: ${tookMs / second} s, ${run.requests()} requests`);
    expect(run.requests()).toBe(1_000);
    expect(run.receiver.overLimit()).toEqual([]);
    // 96 of each 120 calls are for all events, the reserve of 24 is for criticals: the criticals are done in the second window.
    expect(tookMs).toBeLessThanOrEqual(541 * second);
  });
});
