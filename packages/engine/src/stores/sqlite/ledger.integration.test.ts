import { LedgerUnavailable, type StateChange, type RoutedClaim } from "@tocsin/core";
import { firing, Scratch, targetTerms, wanted, ChangeCollector } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { openSqliteLedger } from "./ledger.ts";

/** Only a bug in the service would make this call. */
const bug = { claim: firing("bug"), routes: null } as unknown as RoutedClaim;

describe("a ledger in a thread of its own", () => {
  test("answers the operations of one batch, each with its own result", async () => {
    await using ledger = await openSqliteLedger({ path: ":memory:" });
    const [, recorded, failed, also] = await Promise.allSettled([
      ledger.useTargets([targetTerms("pagerduty")]),
      ledger.record([wanted(firing("a"))]),
      ledger.record([bug]),
      ledger.record([wanted(firing("b"))]),
    ]);
    expect([recorded, also]).toMatchObject([
      { value: [{ fingerprint: "a", effect: "accepted" }] },
      { value: [{ fingerprint: "b", effect: "accepted" }] },
    ]);
    expect(failed).toMatchObject({ reason: { name: "Error", stack: expect.stringContaining("TypeError") as string } });
  });

  test("reports changes of state once they are committed", async () => {
    const { promise, resolve } = Promise.withResolvers<readonly StateChange[]>();
    await using ledger = await openSqliteLedger({ path: ":memory:", report: resolve });
    await ledger.useTargets([targetTerms("pagerduty")]);
    await ledger.record([wanted(firing("a"))]);
    const request = { owner: "one", max: 1, concurrency: 1, leaseMarginMs: 1, ahead: { targets: [], factor: 1 } };
    const { leases } = await ledger.leaseDue(request);
    const outcome = { kind: "refused", reason: "invalid", detail: "HTTP 413" } as const;
    await ledger.settle(leases.map((lease) => ({ lease, outcome })));
    expect(await promise).toMatchObject([{ kind: "dead_letter", dedupKey: "a", answer: "HTTP 413" }]);
  });

  test("notifies a watcher of every commit after those under way", async () => {
    await using ledger = await openSqliteLedger({ path: ":memory:" });
    await ledger.useTargets([targetTerms("pagerduty")]);
    const before = ledger.record([wanted(firing("a"))]);
    // The operation is under way now.
    await Promise.resolve();
    using watch = new ChangeCollector(ledger);
    const after = ledger.record([wanted(firing("b"))]);
    expect([await watch.next(), await watch.next()]).toEqual(["unknown", [2]]);
    await Promise.all([before, after]);
    watch[Symbol.dispose]();
    await ledger.record([wanted(firing("c"))]);
    await ledger.probe();
    expect(watch.left).toEqual([]);
  });

  test("finishes operations requested before it was closed, and refuses later ones", async () => {
    using scratch = new Scratch();
    const path = scratch.file("tocsin.db");
    const ledger = await openSqliteLedger({ path });
    const asked = Array.from({ length: 50 }, (_, n) => ledger.record([wanted(firing(`a${n}`))]));
    await ledger[Symbol.asyncDispose]();
    expect(await Promise.all(asked)).toHaveLength(50);
    await expect(ledger.probe()).rejects.toBeInstanceOf(LedgerUnavailable);
    await ledger[Symbol.asyncDispose]();
    await using again = await openSqliteLedger({ path });
    expect(await again.alert("a49")).toMatchObject({ status: "firing" });
  });
});

test("a bug in a ledger without a thread is an error of its operation, not an unavailable ledger", async () => {
  await using ledger = await openSqliteLedger({ path: ":memory:", thread: false });
  await expect(ledger.record([bug])).rejects.not.toBeInstanceOf(LedgerUnavailable);
});
