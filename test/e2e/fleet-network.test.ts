import { postgresPrograms, Random, TestPostgres } from "@tocsin/test";
import { expect, test } from "vitest";
import { chaos } from "../support/chaos.ts";
import { failOver } from "../support/fleet-chaos.ts";
import { Fleet } from "../support/fleet.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { judge } from "../support/judge.ts";

const seed = Number(process.env["TOCSIN_SEED"] ?? Date.now() % 1_000_000);
const storm = () => ({ alerts: 200, batchSize: 8, random: new Random(seed), pauseMs: 0 });

test("connections that are cut and stalled between replicas and PostgreSQL lose nothing: 200 alerts", async () => {
  await using pagerduty = await PagerDuty.open();
  await using proxy = await TcpProxy.open(0);
  await using fleet = await Fleet.start({ replicas: 2, config: { targets: [pagerduty.target()] }, through: proxy });
  const { sender, log } = await chaos({
    ...storm(),
    fleet,
    maxRestMs: 1_500,
    script: ["cut", "stall", "cut", "cut", "stall", "cut"],
    proxy,
  });
  await fleet.quiet({ withinMs: 120_000, everyMs: 200 });

  const { verdict, repeats } = judge(pagerduty.stand, { truth: sender.truth, heardAfterMs: sender.maxMs });
  console.log(`seed ${seed}: ${log.join("; ")}; ${sender.repeated} posts repeated, ${repeats} events repeated`);
  expect(verdict.findings).toEqual([]);
  // No replica was killed or stopped: every attempt was reported, however late.
  expect(repeats).toBe(0);
  expect(pagerduty.incidents().filter(({ status }) => status !== "resolved")).toHaveLength(100);
});

test("accepted alerts survive the loss of PostgreSQL's machine if a standby follows synchronously", async () => {
  const [programs] = postgresPrograms();
  if (!programs) throw new Error("no PostgreSQL: npm brings one for this platform");
  await using pagerduty = await PagerDuty.open();
  const settings = { synchronous_standby_names: "*" };
  await using primary = await TestPostgres.open({ programs, settings });
  await using standby = await TestPostgres.open({ programs, standbyOf: primary });
  await using proxy = await TcpProxy.open(primary.port);
  const config = { targets: [pagerduty.target()] };
  await using fleet = await Fleet.start({ replicas: 2, config, over: primary, through: proxy });
  const { sender, log } = await chaos({
    ...storm(),
    fleet,
    maxRestMs: 2_000,
    proxy,
    script: ["cut", "cut", "fail over", "cut"],
    failOver: () => failOver({ from: primary, to: standby, proxy }),
  });
  await fleet.quiet({ withinMs: 120_000, everyMs: 200 });

  const { verdict, repeats } = judge(pagerduty.stand, { truth: sender.truth, heardAfterMs: sender.maxMs });
  console.log(`seed ${seed}: ${log.join("; ")}; ${sender.repeated} posts repeated, ${repeats} events repeated`);
  expect(verdict.findings).toEqual([]);
  expect(repeats).toBe(0);
  expect(pagerduty.incidents().filter(({ status }) => status !== "resolved")).toHaveLength(100);
});
