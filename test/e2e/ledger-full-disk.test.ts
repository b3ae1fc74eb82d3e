import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LedgerUnavailable } from "@tocsin/core";
import { openSqliteLedger } from "@tocsin/engine";
import { firing, targetTerms, wanted } from "@tocsin/test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// A disk of its own that is small enough to fill. Mounting needs root.
const disk = mkdtempSync(join(tmpdir(), "tocsin-disk-"));
const mount = (...words: string[]): void => void execFileSync("mount", words, { stdio: "pipe" });
let mounted = false;

beforeAll(() => {
  try {
    mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", disk);
    mounted = true;
  } catch (error) {
    console.warn(`skipped, no small disk to fill: ${String(error).split("\n")[0]}`);
  }
});

afterAll(() => {
  if (mounted) execFileSync("umount", [disk]);
  rmSync(disk, { recursive: true });
});

describe.each([false, true])("a full disk, ledger in a thread: %s", (thread) => {
  test("refuses alerts that it cannot record, loses no accepted one, and recovers without help", async (context) => {
    if (!mounted) return context.skip("mounting needs root");
    mount("-o", "remount,size=1m", disk);
    const path = join(disk, `tocsin-${thread}.db`);
    const accepted: string[] = [];
    {
      await using ledger = await openSqliteLedger({ path, thread });
      await ledger.useTargets([targetTerms("pagerduty")]);
      const long = "x".repeat(5_000);
      const say = (n: number) => ledger.record([wanted(firing(`a${n}`, { annotations: { summary: long } }))]);
      const refusal = await (async () => {
        for (let n = 0; n < 2_000; n++) {
          try {
            await say(n);
          } catch (error) {
            return error;
          }
          accepted.push(`a${n}`);
        }
        return undefined;
      })();
      expect(refusal).toBeInstanceOf(LedgerUnavailable);
      expect(accepted.length).toBeGreaterThan(10);
      await expect(say(5_000)).rejects.toBeInstanceOf(LedgerUnavailable);

      mount("-o", "remount,size=16m", disk);
      // The first call may still have to read back what is there.
      await say(6_000).catch(() => say(6_000));
      accepted.push("a6000");
      const { leases } = await ledger.leaseDue({
        owner: "w",
        max: 5,
        concurrency: 64,
        leaseMarginMs: 20_000,
        ahead: { targets: [], factor: 1 },
      });
      expect(leases).toHaveLength(5);
      expect(
        await ledger.settle(leases.map((lease) => ({ lease, outcome: { kind: "accepted", receipt: "1" } }))),
      ).toEqual(Array(5).fill(true));
    }
    await using reopened = await openSqliteLedger({ path, thread });
    for (const name of accepted) expect(await reopened.alert(name)).toMatchObject({ status: "firing" });
    const { incidents } = await reopened.incidents({ limit: 10_000 });
    expect(incidents).toHaveLength(accepted.length);
    expect(incidents.filter(({ state }) => state === "told")).toHaveLength(5);
  });
});
