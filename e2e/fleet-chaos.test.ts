import { Random } from "@tocsin/testkit";
import { expect, test } from "vitest";

import { chaos, type Mishap } from "./lib/chaos.ts";
import { Fleet } from "./lib/fleet.ts";
import { PagerDuty } from "./lib/pagerduty.ts";
import { judged } from "./lib/verdict.ts";

/** Another one with TOCSIN_SEED; each run says its own. */
const seed = Number(process.env["TOCSIN_SEED"] ?? Date.now() % 1_000_000);

/** A lease is as long as the attempt may take and 20 s more. */
const timeoutMs = 3_000;
const answeredAfterMs = 300;
const longerThanALeaseMs = timeoutMs + 20_000 + 4_000;

test("three replicas, killed and stopped, over a PostgreSQL that restarts and crashes: 400 alerts", async () => {
  const random = new Random(seed);
  const limit = { limit: 100, per: "2s" };
  await using pagerduty = await PagerDuty.open({ limit, seed });
  // Long enough that a kill or a stop comes while requests are under way.
  pagerduty.stand.setFaults(`slow headers by ${answeredAfterMs}ms`);
  const target = pagerduty.target({ timeout: `${timeoutMs}ms`, rate_limit: limit });
  await using fleet = await Fleet.start({ replicas: 3, config: { targets: [target] } });
  const script: readonly Mishap[] = [
    "pause",
    "kill",
    "restart postgres",
    "kill",
    "crash postgres",
    "kill",
    "kill",
    "restart postgres",
  ];
  const o = { fleet, alerts: 400, batchSize: 8, random, script, pauseMs: longerThanALeaseMs, longestRestMs: 2_500 };
  const { sender, doubtAtMs, log } = await chaos(o);
  await fleet.quiet({ withinMs: 180_000, everyMs: 200 });

  const { verdict, repeats, ambiguous } = judged(pagerduty.stand, {
    truth: sender.truth,
    killedAtMs: doubtAtMs,
    answeredAfterMs,
  });
  console.log(
    `seed ${seed}: ${log.join("; ")}\n${sender.accepted} accepted, ${sender.repeated} posts repeated; ${repeats} events repeated, ${ambiguous} attempts ambiguous`,
  );
  expect(verdict.findings).toEqual([]);
  expect(repeats).toBeLessThanOrEqual(ambiguous);
  expect(pagerduty.incidents().filter(({ status }) => status !== "resolved")).toHaveLength(200);
  for (const replica of fleet.replicas)
    expect((await replica.get("/api/v1/stats")).body.alerts).toEqual({ firing: 200, resolved: 200 });
});
