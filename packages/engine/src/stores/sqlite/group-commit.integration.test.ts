import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { RoutedClaim } from "@tocsin/core";
import { firing, targetTerms, VirtualClock, wanted, ChangeCollector } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { defaultSettings } from "../../delivery-settings.ts";
import { packClaim } from "../../ledger/wire-format.ts";
import { type Call, GroupCommit } from "./group-commit.ts";
import { openSqliteLedger } from "./ledger.ts";
import { SqliteStore } from "./store.ts";

const record = (name: string): Call => ["record", [[packClaim(wanted(firing(name)))]]];
const useTargets: Call = ["useTargets", [[targetTerms("pagerduty")]]];
const leaseDue: Call = [
  "leaseDue",
  [{ owner: "w", max: 10, concurrency: 10, leaseMarginMs: 20_000, ahead: { targets: [], factor: 1 } }],
];
const stats: Call = ["stats", []];
/** Only a bug in the service would make this call. */
const bug: Call = ["record", [[{ claim: null, routes: [] }]]];

function openGroupCommit() {
  const groupCommit = new GroupCommit(
    { path: ":memory:", settings: defaultSettings },
    { clock: new VirtualClock(), random: () => 1 },
  );
  return Object.assign(groupCommit, { [Symbol.dispose]: () => groupCommit.close() });
}

describe("a group of operations", () => {
  test("gets an answer for each, in order", () => {
    using group = openGroupCommit();
    expect(group.run([useTargets, record("a"), leaseDue])).toMatchObject([
      { ok: true },
      { ok: true },
      { ok: true, value: { leases: [{ dedupKey: "a" }] } },
    ]);
  });

  test("notifies watchers of nothing if it was undone", async () => {
    using group = openGroupCommit();
    group.run([useTargets]);
    using watch = await ChangeCollector.begin(group);
    // The last claim fails after the two before it were stored.
    const late = packClaim({ claim: firing("bug"), routes: null } as unknown as RoutedClaim);
    const both: Call = ["record", [[packClaim(wanted(firing("a"))), packClaim(wanted(firing("b"))), late]]];
    expect(group.run([both])).toMatchObject([{ ok: false }]);
    group.run([record("c")]);
    expect(watch.left).toEqual([[1]]);
  });

  test("is undone and comes back to run one by one if one of several operations throws", () => {
    using group = openGroupCommit();
    group.run([useTargets]);
    const before = group.run([stats]);
    const calls = [record("a"), bug, record("b"), leaseDue];
    expect(group.run(calls)).toMatchObject({
      undone: { ok: false, unavailable: false, stack: expect.stringContaining("TypeError") as string },
      calls,
    });
    expect(group.run([stats])).toEqual(before);
    expect(calls.map((call) => group.run([call]))).toMatchObject([
      [{ ok: true }],
      [{ ok: false, unavailable: false, stack: expect.stringContaining("TypeError") as string }],
      [{ ok: true }],
      [{ ok: true, value: { leases: [{ dedupKey: "a" }, { dedupKey: "b" }] } }],
    ]);
    expect(group.run([leaseDue])).toMatchObject([{ value: { leases: [] } }]);
  });

  test("a bug leaves nothing half done, neither in the rows nor in memory", () => {
    using group = openGroupCommit();
    group.run([useTargets, record("a")]);
    const before = group.run([stats]);
    const half: Call = ["record", [[packClaim(wanted(firing("b"))), { claim: null, routes: [] }]]];
    expect(group.run([half])).toMatchObject([{ ok: false }]);
    expect(group.run([stats])).toEqual(before);
    expect(group.run([["alert", ["b"]]])).toEqual([{ ok: true, value: undefined }]);
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
  test("belongs to one process: a second one is refused with the reason", () =>
    inDirectory((path) => {
      const first = new SqliteStore(path);
      expect(() => new SqliteStore(path, { busyTimeoutMs: 0 })).toThrow(/in use by another process/);
      first.close();
      new SqliteStore(path, { busyTimeoutMs: 0 }).close();
    }));

  test("is refused and left as it is if a newer version wrote it", () =>
    inDirectory(async (path) => {
      new SqliteStore(path).close();
      const newer = new DatabaseSync(path);
      newer.exec("PRAGMA user_version=1000; UPDATE gates SET facts = '999' WHERE id = 'compatible_from'");
      newer.close();
      await expect(openSqliteLedger({ path, thread: false })).rejects.toThrow(/newer Tocsin.*schema 999/s);
      await expect(openSqliteLedger({ path })).rejects.toThrow(/newer Tocsin/);
      const after = new DatabaseSync(path);
      expect(after.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1000 });
      after.close();
    }));

  test("is used and left as it is if a newer version wrote it that this one is compatible with", () =>
    inDirectory((path) => {
      new SqliteStore(path).close();
      const newer = new DatabaseSync(path);
      newer.exec("PRAGMA user_version=1000");
      newer.close();
      new SqliteStore(path).close();
      const after = new DatabaseSync(path);
      expect(after.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1000 });
      after.close();
    }));

  test("is refused if a newer version wrote it that did not note which ones are compatible", () =>
    inDirectory((path) => {
      new SqliteStore(path).close();
      const newer = new DatabaseSync(path);
      newer.exec("PRAGMA user_version=1000; DELETE FROM gates WHERE id = 'compatible_from'");
      newer.close();
      expect(() => new SqliteStore(path)).toThrow(/newer Tocsin.*schema 1000/s);
    }));

  test("is refused if it cannot be opened, with or without a thread", () =>
    inDirectory(async (path) => {
      const nowhere = join(path, "no", "such", "directory.db");
      await expect(openSqliteLedger({ path: nowhere, thread: false })).rejects.toThrow(/unable to open/);
      await expect(openSqliteLedger({ path: nowhere })).rejects.toThrow(/unable to open/);
    }));
});
