// How long does a scrape take and block with 10,000 targets, all without an incident, all invalid, all with delivered alerts?
import type { Lease } from "@tocsin/core";
import type { Snapshot } from "../apps/tocsin/src/telemetry/counted-gauges.ts";
import { Metrics } from "../apps/tocsin/src/telemetry/metrics.ts";
import { median, printTable, writeResult } from "./lib/machine.ts";

const rounds = 5;
const names = Array.from({ length: 10_000 }, (_, n) => `namespace-${n % 100}/target-${n}`);
const outcome = { kind: "accepted", receipt: "", status: 202 } as const;

const snapshotOf = (incidents: Snapshot["stats"]["incidents"]): Snapshot => ({
  stats: { incidents, due: [], deadLetters: [], alerts: { firing: 0, resolved: 0 }, nowMs: 0 },
  targetStatuses: [],
});

const sizeOf = (slices: readonly string[]) => ({
  bytes: slices.reduce((sum, slice) => sum + Buffer.byteLength(slice), 0),
  lines: slices.reduce((sum, slice) => sum + slice.split("\n").length - 1, 0),
});

/** Runs while something else is asked for every 1 ms: the longest wait is the longest block. */
async function scrape(metrics: Metrics, state: string, snapshot: Snapshot) {
  let longestMs = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs - 1);
    lastMs = nowMs;
  }, 1);
  await new Promise((resolve) => void setTimeout(resolve, 20));
  const beganAtMs = performance.now();
  await metrics.counted(
    names.map((name) => ({ name, source: "kubernetes", state })),
    snapshot,
  );
  const slices = await metrics.registry.slices();
  const ms = performance.now() - beganAtMs;
  await new Promise((resolve) => void setTimeout(resolve, 20));
  clearInterval(timer);
  return { ms, longestMs, ...sizeOf(slices) };
}

const results: Record<string, Awaited<ReturnType<typeof scrape>>[]> = {};
for (let round = 0; round < rounds; round++) {
  const metrics = new Metrics("bench");
  metrics.useTargets(names.map((name) => ({ name, type: "pagerduty" })));
  (results["no incident"] ??= []).push(await scrape(metrics, "ready", snapshotOf([])));
  (results["invalid"] ??= []).push(await scrape(metrics, "invalid", snapshotOf([])));
  for (const target of names) {
    const lease = { target, action: "trigger", severity: "critical" } as Lease;
    metrics.attempted(lease, "pagerduty", outcome, 20);
    metrics.told(lease, 30);
  }
  const told = names.map((target) => ({ target, state: "told" as const, count: 1 }));
  (results["one alert each"] ??= []).push(await scrape(metrics, "ready", snapshotOf(told)));
  metrics.stop();
}

const shown = Object.entries(results).map(([what, runs]) => ({
  what,
  ms: median(runs.map(({ ms }) => ms)),
  longestMs: median(runs.map(({ longestMs }) => longestMs)),
  bytes: runs[0]?.bytes ?? 0,
  lines: runs[0]?.lines ?? 0,
}));
printTable([
  ["10,000 targets", "scrape ms", "longest block ms", "KiB", "lines"],
  ...shown.map(({ what, ms, longestMs, bytes, lines }) => [
    what,
    ms.toFixed(1),
    longestMs.toFixed(1),
    Math.round(bytes / 1_024),
    lines,
  ]),
]);
writeResult("metrics", { rounds, shown });
