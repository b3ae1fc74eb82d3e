import { Random } from "@tocsin/test";
import { expect, test } from "vitest";
import { PagerDuty } from "../support/pagerduty.ts";
import { stormWithKills } from "../support/storm.ts";
import { Service } from "../support/tocsin.ts";
import { judge, justBefore } from "../support/judge.ts";

/** Another one with TOCSIN_SEED; each run says its own. */
const seed = Number(process.env["TOCSIN_SEED"] ?? Date.now() % 1_000_000);

/** The receiver's behavior, and the maximum length of a life: with a healthy receiver, its work is done soon. */
const sinks = [
  ["healthy", { faults: "", answeredAfterMs: 0, maxLifeMs: 80 }],
  ["slow", { faults: "slow headers by 300ms", answeredAfterMs: 300, maxLifeMs: 600 }],
  [
    "429",
    {
      faults: "for 3s answer 429 retry-after 1s; at 6s for 2s answer 429 retry-after 1s",
      answeredAfterMs: 0,
      maxLifeMs: 600,
    },
  ],
  ["500", { faults: "for 4s share 60% answer 500 maybe applied", answeredAfterMs: 0, maxLifeMs: 600 }],
] as const;

test.for(sinks)("500 alerts, five SIGKILLs, receiver: %s", async ([name, { faults, maxLifeMs, answeredAfterMs }]) => {
  const random = new Random(seed).fork(name);
  await using pagerduty = await PagerDuty.open({ limit: { limit: 0 }, seed });
  const { stand } = pagerduty;
  await using service = await Service.start({ config: { targets: [pagerduty.target()] } });
  stand.setFaults(faults);
  const storm = { service, alerts: 500, batchSize: 10, kills: 5, maxLifeMs, random };
  const { sender, livesMs, killedAtMs } = await stormWithKills(storm);
  await service.quiet({ withinMs: 120_000, everyMs: 100 });

  const { verdict, repeats, ambiguous } = judge(stand, {
    truth: sender.truth,
    inDoubt: justBefore(killedAtMs, { answeredAfterMs }),
  });
  console.log(
    `seed ${seed}, ${name}: killed after ${livesMs.join(", ")} ms of life; ${sender.accepted} accepted, ${sender.repeated} posts repeated; ${repeats} events repeated, ${ambiguous} attempts ambiguous`,
  );
  // Nothing lost, no resolve before its trigger, no repeat without an attempt of unknown fate, each incident as it should be.
  expect(verdict.findings).toEqual([]);
  expect(repeats).toBeLessThanOrEqual(ambiguous);
  expect(pagerduty.incidents().filter(({ status }) => status !== "resolved")).toHaveLength(250);
  expect((await service.get("/api/v1/stats")).body.alerts).toEqual({ firing: 250, resolved: 250 });
});
