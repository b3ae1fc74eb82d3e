import { describe, expect, test } from "vitest";
import { Watching } from "../../kit/collect-changes.ts";
import { type LedgerSubject, Stage } from "./ledger-harness.ts";

/** What is said of changes, and how they are read. */
export function watching(subject: LedgerSubject): void {
  describe("who watches", () => {
    test("is told of each change of an incident, from its beginning to its end", async () => {
      await using stage = await Stage.open(subject);
      using watch = await Watching.begin(stage.ledger);
      await stage.fires("a");
      const { id } = await stage.newest();
      expect(await watch.next()).toEqual([id]);
      const lease = await stage.claimOne();
      expect(await watch.next()).toEqual([id]);
      await stage.settle(lease);
      expect(await watch.next()).toEqual([id]);
      await stage.ledger.acknowledge(id, "ann");
      expect(await watch.next()).toEqual([id]);
      await stage.ends("a");
      expect(await watch.next()).toEqual([id]);
      expect(watch.left).toEqual([]);
    });

    test("is told once of all that one commit changed, and of nothing where none was", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.fires("b");
      using watch = await Watching.begin(stage.ledger);
      await stage.ledger.probe();
      await stage.ledger.incidentsOf([1]);
      await stage.ledger.putValue("a", "text");
      const leases = await stage.claim();
      expect(await watch.next()).toHaveLength(2);
      await stage.ledger.settle(leases.map((lease) => ({ lease, outcome: { kind: "accepted", receipt: "1" } })));
      expect(new Set<unknown>(await watch.next())).toEqual(new Set(leases.map(({ incident }) => incident)));
      expect(watch.left).toEqual([]);
    });

    test("begins anew where nobody watched for a while, and is told of nothing from then", async () => {
      await using stage = await Stage.open(subject);
      (await Watching.begin(stage.ledger))[Symbol.dispose]();
      await stage.fires("a");
      using watch = await Watching.begin(stage.ledger);
      await stage.fires("b");
      expect(await watch.next()).toEqual([(await stage.newest()).id]);
    });

    test("does not keep others from watching, nor does who leaves", async () => {
      await using stage = await Stage.open(subject);
      using first = await Watching.begin(stage.ledger);
      const second = await Watching.begin(stage.ledger);
      // Whatever begins makes a new beginning for all.
      expect(await first.next()).toBe("unknown");
      await stage.fires("a");
      expect([await first.next(), await second.next()]).toEqual([[(await stage.newest()).id], [expect.any(Number)]]);
      second[Symbol.dispose]();
      await stage.fires("b");
      expect(await first.next()).toEqual([(await stage.newest()).id]);
      expect(second.left).toEqual([]);
    });

    test("reads what changed by its numbers, as lists show it", async () => {
      await using stage = await Stage.open(subject);
      for (const name of ["a", "b", "c"]) await stage.fires(name);
      const [first] = await stage.claim(1);
      if (first) await stage.settle(first);
      const views = await stage.views();
      const ids = views.map(({ incident }) => incident.id);
      expect(await stage.ledger.incidentsOf([...ids, 1_000_000])).toEqual(views);
      expect(await stage.ledger.incidentsOf([])).toEqual([]);
    });
  });
}
