import { expect, test } from "vitest";
import type { Lease } from "@tocsin/core";
import { firing, resolved, targetTerms, VirtualClock, wanted } from "@tocsin/test";
import { memoryLedger } from "../stores/memory/ledger.ts";

const request = { owner: "w", max: 10, concurrency: 10, leaseMarginMs: 20_000, ahead: { targets: [], factor: 1 } };

const change = (claim: ReturnType<typeof firing>) => {
  const { claim: packed, routes } = wanted(claim);
  const key = `${claim.alert.fingerprint}@${claim.alert.startsAtMs}`;
  return { claim: packed, routes: routes.map((route) => ({ ...route, dedupKey: key, kind: "change" as const })) };
};

async function deliver(ledger: ReturnType<typeof memoryLedger>): Promise<Lease["action"][]> {
  const { leases } = await ledger.leaseDue(request);
  await ledger.settle(leases.map((lease) => ({ lease, outcome: { kind: "accepted", receipt: "" } })));
  return leases.map(({ action }) => action);
}

test("a change event is sent once per fingerprint and start, when it fires, and never resolved", async () => {
  const clock = new VirtualClock();
  await using ledger = memoryLedger({ clock });
  await ledger.useTargets([targetTerms("pagerduty")]);
  const deploy = firing("deploy");
  await ledger.record([change(deploy)]);
  expect(await deliver(ledger)).toEqual(["change"]);
  await ledger.record([change(deploy)]);
  await ledger.record([change(resolved("deploy"))]);
  expect(await deliver(ledger)).toEqual([]);
  const { incidents } = await ledger.incidents({ limit: 9 });
  expect(incidents.map(({ state, reason }) => [state, reason])).toEqual([["closed", "delivered"]]);
  await clock.advance(60_000);
  await ledger.record([change(firing("deploy", { startsAtMs: clock.now() }))]);
  expect(await deliver(ledger)).toEqual(["change"]);
});

test("a change event that ends before its turn is still sent; a target that is added later does not get it", async () => {
  const clock = new VirtualClock();
  await using ledger = memoryLedger({ clock });
  await ledger.useTargets([targetTerms("pagerduty")]);
  await ledger.record([change(firing("deploy"))]);
  await ledger.record([change(resolved("deploy"))]);
  expect(await deliver(ledger)).toEqual(["change"]);
  const again = change(firing("restart"));
  await ledger.record([{ ...again, routes: [] }]);
  await ledger.reroute([{ fingerprint: again.claim.alert.fingerprint, routes: again.routes }]);
  expect(await deliver(ledger)).toEqual([]);
});

test("a repeat of a waiting change event is the same event; an end without a beginning is none", async () => {
  const clock = new VirtualClock();
  await using ledger = memoryLedger({ clock });
  await ledger.useTargets([targetTerms("pagerduty")]);
  await ledger.record([change(resolved("never-begun"))]);
  await ledger.record([change(firing("deploy"))]);
  await ledger.record([change(firing("deploy"))]);
  expect(await deliver(ledger)).toEqual(["change"]);
  expect(await deliver(ledger)).toEqual([]);
});
