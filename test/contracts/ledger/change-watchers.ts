import { describe, expect, test } from "vitest";
import { ChangeCollector } from "../../kit/change-collector.ts";
import { type LedgerSubject, LedgerHarness } from "./ledger-harness.ts";

/** Notifications of changes, and how changed incidents are read. */
export function changeWatchers(subject: LedgerSubject): void {
  describe("a watcher of changes", () => {
    test("is notified of each change of an incident, from its beginning to its end", async () => {
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

    test("is notified once of all changes of one commit, and not at all if nothing changed", async () => {
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

    test("starts again after a time without watchers, without the changes of that time", async () => {
      await using harness = await LedgerHarness.open(subject);
      (await ChangeCollector.begin(harness.ledger))[Symbol.dispose]();
      await harness.fires("a");
      using watch = await ChangeCollector.begin(harness.ledger);
      await harness.fires("b");
      expect(await watch.next()).toEqual([(await harness.newest()).id]);
    });

    test("does not prevent other watchers, and neither does one that leaves", async () => {
      await using harness = await LedgerHarness.open(subject);
      using first = await ChangeCollector.begin(harness.ledger);
      const second = await ChangeCollector.begin(harness.ledger);
      // A new watcher makes all watchers start again.
      expect(await first.next()).toBe("unknown");
      await harness.fires("a");
      expect([await first.next(), await second.next()]).toEqual([[(await harness.newest()).id], [expect.any(Number)]]);
      second[Symbol.dispose]();
      await harness.fires("b");
      expect(await first.next()).toEqual([(await harness.newest()).id]);
      expect(second.left).toEqual([]);
    });

    test("reads changed incidents by their numbers, as lists show them", async () => {
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
