import {
  changeOf,
  firing,
  pagerdutyLimit,
  Random,
  routedChange,
  targetTerms,
  VirtualClock,
  wanted,
} from "@tocsin/test";
import { expect, test } from "vitest";
import { openSqliteLedger } from "./ledger.ts";

const request = { owner: "w", max: 200, concurrency: 1_000, leaseMarginMs: 20_000, ahead: { targets: [], factor: 1 } };

test("5,000 queued changes take no slot of the limiter from a critical", async () => {
  const clock = new VirtualClock();
  await using ledger = await openSqliteLedger({ path: ":memory:", thread: false, clock });
  // The reserve is 24 attempts a minute.
  await ledger.useTargets([targetTerms("pagerduty", { rateLimit: pagerdutyLimit })]);
  for (let first = 0; first < 5_000; first += 1_000) {
    const changes = Array.from({ length: 1_000 }, (_, n) => changeOf(`c${first + n}`));
    await ledger.recordChanges(changes.map((change) => routedChange(change, "pagerduty")));
  }
  const random = new Random(7);
  const sent = { change: 0, trigger: 0 };
  for (let second = 0; second < 180; second++) {
    // At most 20 criticals a minute.
    const isCritical = second % 3 === 0 && random.chance(0.8);
    if (isCritical) await ledger.record([wanted(firing(`critical ${second}`), { severity: "critical" })]);
    const { leases } = await ledger.leaseDue(request);
    const actions = leases.map(({ action }) => action);
    expect(actions.filter((action) => action === "trigger")).toHaveLength(isCritical ? 1 : 0);
    for (const action of actions) sent[action as "change" | "trigger"]++;
    await ledger.settle(leases.map((lease) => ({ lease, outcome: { kind: "accepted", receipt: "" } })));
    await clock.advance(1_000);
  }
  expect(sent.trigger).toBeGreaterThan(40);
  // Changes use what is left: in three windows of 120 attempts, without the reserve.
  expect(sent.change).toBeGreaterThan(250);
  expect(sent.change).toBeLessThanOrEqual(3 * 96);
});
