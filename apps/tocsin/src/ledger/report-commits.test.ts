import { type Ledger, LedgerUnavailable } from "@tocsin/core";
import { expect, test } from "vitest";
import { reportCommits } from "./report-commits.ts";

/** A ledger whose operations all end like this, and the reports about it. */
function reporting(result: () => Promise<never>) {
  const reports: string[] = [];
  const fake: Pick<Ledger, "record" | "recordChanges" | "storeReceiverEvents" | "leaseDue" | "settle" | "release"> = {
    record: result,
    recordChanges: result,
    storeReceiverEvents: result,
    leaseDue: result,
    settle: result,
    release: result,
  };
  const ledger = reportCommits(fake, {
    committed: () => reports.push("committed"),
    commitFailed: (why) => reports.push(`failed: ${why}`),
  });
  const calls = [
    () => ledger.record([]),
    () => ledger.recordChanges([]),
    () => ledger.storeReceiverEvents([]),
    () => ledger.leaseDue({ owner: "a", limit: 1 } as never),
    () => ledger.settle([]),
    () => ledger.release("a"),
  ];
  return { reports, calls };
}

test("reports each operation that fails because the ledger is unavailable, and still throws", async () => {
  const { reports, calls } = reporting(() => Promise.reject(new LedgerUnavailable("disk full")));
  for (const call of calls) await expect(call()).rejects.toThrow("disk full");
  expect(reports).toEqual(calls.map(() => "failed: disk full"));
});

test("does not report a bug as an unavailable ledger", async () => {
  const { reports, calls } = reporting(() => Promise.reject(new TypeError("a bug")));
  for (const call of calls) await expect(call()).rejects.toThrow("a bug");
  expect(reports).toEqual([]);
});

test("reports a commit after a record only: other operations may have had nothing to write", async () => {
  const { reports, calls } = reporting(() => Promise.resolve([] as never));
  for (const call of calls) await call();
  expect(reports).toEqual(["committed", "committed"]);
});
