import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { LeaseBatch, RoutedClaim } from "@tocsin/core";
import { firing, targetTerms, VirtualClock, wanted, ChangeCollector } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { defaultSettings } from "../../config.ts";
import { packClaim } from "../../ledger/wire-format.ts";
import { type Call, GroupCommit } from "./group-commit.ts";
import { openSqliteLedger } from "./ledger.ts";
import { SqliteStore } from "./store.ts";

const want = (name: string): Call => ["record", [[packClaim(wanted(firing(name)))]]];
const useTargets: Call = ["useTargets", [[targetTerms("pagerduty")]]];
const claimDue: Call = [
  "leaseDue",
  [{ owner: "w", max: 10, concurrency: 10, leaseMarginMs: 20_000, ahead: { targets: [], factor: 1 } }],
];
/** Only a bug asks this. */
const bug: Call = ["record", [[{ claim: null, routes: [] }]]];

const groupCommit = (path = ":memory:") =>
  new GroupCommit({ path, settings: defaultSettings }, { clock: new VirtualClock(), random: () => 1 });

describe("a group of operations", () => {
  test("has an answer for each, in order", () => {
    const run = groupCommit();
    const answers = run.run([useTargets, want("a"), claimDue]);
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(answers[2]).toMatchObject({ value: { leases: [{ dedupKey: "a" }] } });
    run.close();
  });

  test("that was undone is no change", async () => {
    const run = groupCommit();
    run.run([useTargets]);
    using watch = await ChangeCollector.begin(run);
    // Found wrong after the others were stored.
    const late = packClaim({ claim: firing("bug"), routes: null } as unknown as RoutedClaim);
    const both: Call = ["record", [[packClaim(wanted(firing("a"))), packClaim(wanted(firing("b"))), late]]];
    expect(run.run([both])).toMatchObject([{ ok: false }]);
    run.run([want("c")]);
    expect(watch.left).toEqual([[1]]);
    run.close();
  });

  test("a bug in one costs the others nothing, and is named", () => {
    const run = groupCommit();
    run.run([useTargets]);
    const answers = run.run([want("a"), bug, want("b"), claimDue]);
    expect(answers.map(({ ok }) => ok)).toEqual([true, false, true, true]);
    expect(answers[1]).toMatchObject({
      ok: false,
      unavailable: false,
      stack: expect.stringContaining("TypeError") as string,
    });
    const { leases } = (answers[3] as { value: LeaseBatch }).value;
    expect(leases.map(({ dedupKey }) => dedupKey)).toEqual(["a", "b"]);
    expect(run.run([claimDue])[0]).toMatchObject({ value: { leases: [] } });
    run.close();
  });

  test("a bug leaves nothing half done, neither in the rows nor in memory", () => {
    const run = groupCommit();
    run.run([useTargets, want("a")]);
    const before = run.run([["stats", []]])[0];
    expect(run.run([["record", [[packClaim(wanted(firing("b"))), { claim: null, routes: [] }]]]])[0]).toMatchObject({
      ok: false,
    });
    expect(run.run([["stats", []]])[0]).toEqual(before);
    expect(run.run([["alert", ["b"]]])[0]).toEqual({ ok: true, value: undefined });
    run.close();
  });
});

const inDirectory = async (act: (path: string) => void | Promise<void>): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), "tocsin-ledger-"));
  try {
    await act(join(directory, "tocsin.db"));
  } finally {
    await rm(directory, { recursive: true });
  }
};

describe("a ledger file", () => {
  test("belongs to one process: a second is refused, and says why", () =>
    inDirectory((path) => {
      const first = new SqliteStore(path);
      expect(() => new SqliteStore(path, { busyTimeoutMs: 0 })).toThrow(/in use by another process/);
      first.close();
      new SqliteStore(path, { busyTimeoutMs: 0 }).close();
    }));

  test("of a newer version is refused and left as it is", () =>
    inDirectory(async (path) => {
      new SqliteStore(path).close();
      const newer = new DatabaseSync(path);
      newer.exec("PRAGMA user_version=1000");
      newer.close();
      await expect(openSqliteLedger({ path, thread: false })).rejects.toThrow(/newer Tocsin.*schema 1000/s);
      await expect(openSqliteLedger({ path })).rejects.toThrow(/newer Tocsin/);
      const after = new DatabaseSync(path);
      expect(after.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1000 });
      after.close();
    }));

  test("that cannot be opened is refused, with or without a thread", () =>
    inDirectory(async (path) => {
      const nowhere = join(path, "no", "such", "directory.db");
      await expect(openSqliteLedger({ path: nowhere, thread: false })).rejects.toThrow(/unable to open/);
      await expect(openSqliteLedger({ path: nowhere })).rejects.toThrow(/unable to open/);
    }));
});
