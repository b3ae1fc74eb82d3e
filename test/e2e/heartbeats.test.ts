import { expect, test } from "vitest";
import { PagerDuty } from "../support/pagerduty.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const everyMs = 1_000;

test("a heartbeat that stops and comes back, ten times over SIGKILLs: sent in time each time, and resolved", async () => {
  await using pagerduty = await PagerDuty.open();
  await using tocsin = await Service.start({
    config: {
      targets: [pagerduty.target()],
      sources: [{ name: "cron", expect: { every: `${everyMs}ms`, targets: ["pagerduty"] } }],
    },
  });
  const open = () => pagerduty.incidents().some(({ status }) => status === "triggered");
  const delaysMs: number[] = [];
  for (let round = 0; round < 10; round++) {
    if (round % 2 === 1) await tocsin.restart();
    const sinceMs = Date.now();
    expect((await tocsin.ask("POST", "/api/v1/heartbeats/cron")).status).toBe(200);
    await waitUntil("the page is resolved", () => !open());
    await waitUntil("the page is open", open);
    delaysMs.push(Date.now() - sinceMs);
  }
  expect(Math.max(...delaysMs)).toBeLessThan(everyMs + 5_000);
  await tocsin.ask("POST", "/api/v1/heartbeats/cron");
  await waitUntil("the last page is resolved", () => !open());
});
