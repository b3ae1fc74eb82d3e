// Where do the microseconds of an event go? Each stage by itself in one thread, warm, on the alerts of the storm: CPU per
// event, medians of rounds. The rest of a storm's cost, beyond their sum, is the price of threads, garbage and V8's compiling.
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Lease, parseTarget, type Report, route, type RoutedClaim } from "@tocsin/core";
import { openSqliteLedger } from "@tocsin/engine";
import { Transport } from "@tocsin/http";
import { createPublisher, targetTypes } from "@tocsin/publishers";
import { notifications } from "../apps/tocsin/src/delivery/notification.ts";
import { parseAlertmanagerWebhook } from "../apps/tocsin/src/ingest/alertmanager.ts";
import { readAll } from "../apps/tocsin/src/ingest/read-all.fixture.ts";
import { batches, webhookBody } from "./lib/alerts.ts";
import { median, printTable, writeResult } from "./lib/machine.ts";
import { startSink } from "./lib/sink.ts";

const rounds = Number(process.argv[2] ?? 7);
const count = 5_000;
const lot = 200;

await using sink = await startSink();
await using transport = new Transport();
const parsed = parseTarget(
  { name: "pagerduty", type: "pagerduty", url: sink.url, routing_key: "0".repeat(32), rate_limit: { limit: 0 } },
  { types: targetTypes, readSecret: String },
);
if ("issues" in parsed) throw new Error(JSON.stringify(parsed.issues));
const { target } = parsed;
const publisher = createPublisher(target, { transport, version: "0" });
const dir = mkdtempSync(path.join(os.tmpdir(), "tocsin-budget-"));
await using ledger = await openSqliteLedger({ path: path.join(dir, "tocsin.db"), thread: false });
await ledger.useTargets([
  {
    name: target.name,
    enabled: true,
    shadow: false,
    endpoint: "budget",
    access: "budget",
    credential: "budget",
    sealed: "",
    traits: publisher.traits,
    rateLimit: target.rateLimit,
    timeoutMs: target.timeoutMs,
    pageResolved: "never",
    adoptUnknownResolves: true,
  },
]);

/** By stage and round, µs per event. */
const stages: Record<string, number[]> = {};
let round = 0;
async function timed<T>(stage: string, work: () => T | Promise<T>): Promise<T> {
  const before = process.threadCpuUsage();
  const result = await work();
  const { user, system } = process.threadCpuUsage(before);
  const perRound = (stages[stage] ??= []);
  perRound[round] = (perRound[round] ?? 0) + (user + system) / count;
  return result;
}

const notify = notifications(() => undefined);
const nobody = { targets: [], factor: 1 };
const { signal } = new AbortController();

async function publish(leases: readonly Lease[]): Promise<Report[]> {
  const reports: Report[] = [];
  const queue = leases.values();
  const lane = async () => {
    for (const lease of queue) reports.push({ lease, outcome: await publisher.publish(notify(lease), signal) });
  };
  await Promise.all(Array.from({ length: 50 }, lane));
  const refused = reports.find(({ outcome }) => outcome.kind !== "accepted");
  if (refused) throw new Error(JSON.stringify(refused.outcome));
  return reports;
}

const lotsOf = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / lot) }, (_, n) => all.slice(n * lot, (n + 1) * lot));

for (; round < rounds; round++) {
  const bodies = batches(count, 50, "firing", round * count).map(webhookBody);
  const inputs = await timed("parse", () => bodies.map((body) => JSON.parse(body) as unknown));
  const from = { source: "budget", nowMs: Date.now() };
  const claims = await timed("validate, normalize", () =>
    inputs.flatMap((input) => readAll(parseAlertmanagerWebhook(input, from)).claims),
  );
  const wants = await timed("route", () =>
    claims.map((claim): RoutedClaim => {
      const routes = route(claim.alert, [target]).flatMap((decision) => (decision.send ? [decision] : []));
      return { claim, routes };
    }),
  );
  await timed("claims cross threads", () => JSON.parse(JSON.stringify(wants)) as unknown);
  await timed("record and commit", async () => {
    for (const some of lotsOf(wants)) await ledger.record(some);
  });
  for (let told = 0; told < count;) {
    const { leases } = await timed("claim", () =>
      ledger.leaseDue({ owner: "budget", max: lot, concurrency: 2 * lot, leaseMarginMs: 20_000, ahead: nobody }),
    );
    if (leases.length === 0) throw new Error(`expected ${count} due incidents, found ${told}`);
    await timed("leases cross threads", () => JSON.parse(JSON.stringify(leases)) as unknown);
    await timed("(format and fit alone)", () => leases.map((lease) => publisher.render(notify(lease))));
    const reports = await timed("format, fit, request", () => publish(leases));
    await timed("settle", () => ledger.settle(reports));
    told += leases.length;
  }
}
rmSync(dir, { recursive: true, force: true });

const rows = Object.entries(stages).map(([stage, all]): [string, string] => [stage, median(all).toFixed(1)]);
printTable([["stage", "µs CPU/event"], ...rows]);
writeResult("budget", { count, rounds, stages });
