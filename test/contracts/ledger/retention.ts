import { describe, expect, test } from "vitest";
import { epochMs as t0, firing, resolved, wanted } from "../../kit/claims.ts";
import {
  accepted,
  day,
  hour,
  LedgerHarness,
  type LedgerSubject,
  refused,
  serverError,
  timedOut,
} from "./ledger-harness.ts";

const forgetAll = async (harness: LedgerHarness, beforeMs: number): Promise<number> => {
  let gone = 0;
  for (
    let piece = await harness.ledger.deleteExpired(beforeMs, 0);
    piece > 0;
    piece = await harness.ledger.deleteExpired(beforeMs, 0)
  )
    gone += piece;
  return gone;
};

/** Deletion of what ended long ago, in bounded pieces. */
export function retention(subject: LedgerSubject): void {
  describe("retention", () => {
    test("deletes incidents that ended before the limit, with their history and dead letters, and nothing later", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { remind: 0 } });
      await harness.fires("old");
      await harness.tell();
      await harness.ends("old");
      await harness.tell();
      await harness.fires("dead");
      await harness.attempt(refused);
      await harness.ends("dead");
      await harness.clock.advance(day);
      await harness.fires("new");
      await harness.tell();
      await harness.ends("new");
      await harness.tell();
      expect(await forgetAll(harness, t0 + hour)).toBeGreaterThan(0);
      expect((await harness.views()).map(({ incident }) => incident.dedupKey)).toEqual(["new"]);
      expect((await harness.ledger.deadLetters({ limit: 10 })).deadLetters).toEqual([]);
      expect(await harness.ledger.alert("old")).toBeUndefined();
      expect(await harness.ledger.alert("new")).toBeDefined();
      expect((await harness.ledger.stats()).incidents.filter(({ count }) => count > 0)).toEqual([
        { target: "pagerduty", state: "closed", count: 1 },
      ]);
      expect(await harness.ledger.deleteExpired(t0 + hour, 0)).toBe(0);
    });

    test("deletes ended incidents behind an old incident that became due recently", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { remind: 0 } });
      const names = Array.from({ length: 250 }, (_, n) => `a${n}`);
      await harness.ledger.record(names.map((name) => wanted(firing(name))));
      await harness.tell();
      await harness.ledger.record(names.slice(200).map((name) => wanted(resolved(name))));
      await harness.tell();
      await harness.clock.advance(2 * day);
      // The last of the first piece that is looked at.
      await harness.ends("a199");
      await forgetAll(harness, harness.clock.now() - day);
      expect((await harness.views()).length).toBe(200);
    });

    test("never deletes an incident that fires, is open at its target, or still has an event to send", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { remind: 0 } });
      for (const name of ["told", "due", "refused"]) await harness.fires(name);
      for (const lease of await harness.claim()) {
        if (lease.dedupKey === "told") await harness.settle(lease, accepted);
        if (lease.dedupKey === "due") await harness.settle(lease, serverError);
        // Perhaps delivered, then refused: its resolve must still be sent.
        if (lease.dedupKey === "refused") await harness.settle(lease, timedOut);
      }
      await harness.clock.advance(hour);
      for (const lease of await harness.claim())
        await harness.settle(lease, lease.dedupKey === "refused" ? refused : serverError);
      await harness.clock.advance(100 * day);
      await forgetAll(harness, harness.clock.now() - 30 * day);
      await harness.ledger.record(["told", "due", "refused"].map((name) => wanted(resolved(name))));
      expect((await harness.tell()).toSorted()).toEqual(["resolve refused", "resolve told"]);
    });

    test("deletes a bounded number of delivered incidents at a time, and a report about a deleted one changes nothing", async () => {
      await using harness = await LedgerHarness.open(subject);
      const names = Array.from({ length: 450 }, (_, n) => `a${n}`);
      await harness.ledger.record(names.map((name) => wanted(firing(name))));
      const leases = [];
      for (let some = await harness.claim(); some.length > 0; some = await harness.claim()) {
        for (const lease of some) await harness.settle(lease);
        leases.push(...some);
      }
      await harness.ledger.record(names.map((name) => wanted(resolved(name))));
      expect(await harness.tell()).toHaveLength(450);
      await harness.clock.advance(day);
      const first = await harness.ledger.deleteExpired(harness.clock.now(), 0);
      expect(first).toBeLessThan(900);
      await forgetAll(harness, harness.clock.now());
      expect(await harness.views()).toEqual([]);
      for (const lease of leases.slice(0, 2)) expect(await harness.settle(lease)).toBe(false);
    });

    test("deletes a bounded number at a time", async () => {
      await using harness = await LedgerHarness.open(subject);
      const names = Array.from({ length: 1_000 }, (_, n) => `a${n}`);
      await harness.ledger.record(names.map((name) => wanted(firing(name))));
      await harness.ledger.record(names.map((name) => wanted(resolved(name))));
      await harness.clock.advance(day);
      const first = await harness.ledger.deleteExpired(harness.clock.now(), 0);
      expect(first).toBeGreaterThan(0);
      expect(first).toBeLessThan(1_000);
      expect(first + (await forgetAll(harness, harness.clock.now()))).toBe(2_000);
    });

    test("an alert that returns after its deletion is new", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a");
      await harness.tell();
      await harness.clock.advance(day);
      await forgetAll(harness, harness.clock.now());
      await harness.fires("a", { startsAtMs: harness.clock.now() });
      expect(await harness.tell()).toEqual(["trigger a"]);
    });
  });
}
