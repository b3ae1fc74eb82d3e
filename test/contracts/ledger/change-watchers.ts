import { describe, expect, test } from "vitest";
import { ChangeCollector } from "../../kit/change-collector.ts";
import { type LedgerSubject, LedgerHarness } from "./ledger-harness.ts";

/** What is said of changes, and how they are read. */
export function changeWatchers(subject: LedgerSubject): void {
  describe("who watches", () => {
    test("is told of each change of an incident, from its beginning to its end", async () => {
      await using harness = await LedgerHarness.open(subject);
      using watch = await ChangeCollector.begin(harness.ledger);
      await harness.fires("a");
      const { id } = await harness.newest();
      expect(await watch.next()).toEqual([id]);
      const lease = await harness.claimOne();
      expect(await watch.next()).toEqual([id]);
      await harness.settle(lease);
      expect(await watch.next()).toEqual([id]);
      await harness.ledger.acknowledge(id, "ann");
      expect(await watch.next()).toEqual([id]);
      await harness.ends("a");
      expect(await watch.next()).toEqual([id]);
      expect(watch.left).toEqual([]);
    });

    test("is told once of all that one commit changed, and of nothing where none was", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.fires("b");
      using watch = await ChangeCollector.begin(harness.ledger);
      await harness.ledger.probe();
      await harness.ledger.incidentsOf([1]);
      await harness.ledger.putValue("a", "text");
      const leases = await harness.claim();
      expect(await watch.next()).toHaveLength(2);
      await harness.ledger.settle(leases.map((lease) => ({ lease, outcome: { kind: "accepted", receipt: "1" } })));
      expect(new Set<unknown>(await watch.next())).toEqual(new Set(leases.map(({ incident }) => incident)));
      expect(watch.left).toEqual([]);
    });

    test("begins anew where nobody watched for a while, and is told of nothing from then", async () => {
      await using harness = await LedgerHarness.open(subject);
      (await ChangeCollector.begin(harness.ledger))[Symbol.dispose]();
      await harness.fires("a");
      using watch = await ChangeCollector.begin(harness.ledger);
      await harness.fires("b");
      expect(await watch.next()).toEqual([(await harness.newest()).id]);
    });

    test("does not keep others from watching, nor does who leaves", async () => {
      await using harness = await LedgerHarness.open(subject);
      using first = await ChangeCollector.begin(harness.ledger);
      const second = await ChangeCollector.begin(harness.ledger);
      // Whatever begins makes a new beginning for all.
      expect(await first.next()).toBe("unknown");
      await harness.fires("a");
      expect([await first.next(), await second.next()]).toEqual([[(await harness.newest()).id], [expect.any(Number)]]);
      second[Symbol.dispose]();
      await harness.fires("b");
      expect(await first.next()).toEqual([(await harness.newest()).id]);
      expect(second.left).toEqual([]);
    });

    test("reads what changed by its numbers, as lists show it", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const name of ["a", "b", "c"]) await harness.fires(name);
      const [first] = await harness.claim(1);
      if (first) await harness.settle(first);
      const views = await harness.views();
      const ids = views.map(({ incident }) => incident.id);
      expect(await harness.ledger.incidentsOf([...ids, 1_000_000])).toEqual(views);
      expect(await harness.ledger.incidentsOf([])).toEqual([]);
    });
  });
}
