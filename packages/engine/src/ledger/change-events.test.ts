import { expect, test } from "vitest";
import type { Lease } from "@tocsin/core";
import { firing, resolved, targetTerms, VirtualClock, wanted } from "@tocsin/test";
import { memoryLedger } from "../stores/memory/ledger.ts";

const request = { owner: "w", max: 10, concurrency: 10, leaseMarginMs: 20_000, ahead: { targets: [], factor: 1 } };

const change = (claim: ReturnType<typeof firing>) => {
  const { claim: said, routes } = wanted(claim);
  const key = `${claim.alert.fingerprint}@${claim.alert.startsAtMs}`;
  return { claim: said, routes: routes.map((route) => ({ ...route, dedupKey: key, kind: "change" as const })) };
};

async function told(ledger: ReturnType<typeof memoryLedger>): Promise<Lease["action"][]> {
  const { leases } = await ledger.leaseDue(request);
  await ledger.settle(leases.map((lease) => ({ lease, outcome: { kind: "accepted", receipt: "" } })));
  return leases.map(({ action }) => action);
}

test("a change event is told once per fingerprint and start, when it fires, and never ended", async () => {
  const clock = new VirtualClock();
  await using ledger = memoryLedger({ clock });
  await ledger.useTargets([targetTerms("pagerduty")]);
  const deploy = firing("deploy");
  await ledger.record([change(deploy)]);
  expect(await told(ledger)).toEqual(["change"]);
  await ledger.record([change(deploy)]);
  await ledger.record([change(resolved("deploy"))]);
  expect(await told(ledger)).toEqual([]);
  const { incidents } = await ledger.incidents({ limit: 9 });
  expect(incidents.map(({ state, reason }) => [state, reason])).toEqual([["closed", "delivered"]]);
  await clock.advance(60_000);
  await ledger.record([change(firing("deploy", { startsAtMs: clock.now() }))]);
  expect(await told(ledger)).toEqual(["change"]);
});

test("a change that ends before its turn is told all the same; a target that comes later is not told", async () => {
  const clock = new VirtualClock();
  await using ledger = memoryLedger({ clock });
  await ledger.useTargets([targetTerms("pagerduty")]);
  await ledger.record([change(firing("deploy"))]);
  await ledger.record([change(resolved("deploy"))]);
  expect(await told(ledger)).toEqual(["change"]);
  const again = change(firing("restart"));
  await ledger.record([{ ...again, routes: [] }]);
  await ledger.reroute([{ fingerprint: again.claim.alert.fingerprint, routes: again.routes }]);
  expect(await told(ledger)).toEqual([]);
});

test("a change that is said again while it waits is one change; an end that was never begun is none", async () => {
  const clock = new VirtualClock();
  await using ledger = memoryLedger({ clock });
  await ledger.useTargets([targetTerms("pagerduty")]);
  await ledger.record([change(resolved("never-begun"))]);
  await ledger.record([change(firing("deploy"))]);
  await ledger.record([change(firing("deploy"))]);
  expect(await told(ledger)).toEqual(["change"]);
  expect(await told(ledger)).toEqual([]);
});
