import { describe, expect, test } from "vitest";
import { epochMs as t0 } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import { hour, type LedgerSubject, minute, second, LedgerHarness } from "./ledger-harness.ts";

const direct = (senderEndsAtMs: number, sender = "10.0.0.1") => ({ sender, endsAtMs: senderEndsAtMs });

/** Effects of time on claims. */
export function expiry(subject: LedgerSubject): void {
  describe("claims over time", () => {
    test("a firing that a resolve may have overtaken is held for the reorder window, then sent", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a");
      expect(await harness.tell()).toEqual(["resolve a"]);
      await harness.clock.advance(2 * second);
      await harness.fires("a");
      expect(await harness.after(10 * second - 1)).toEqual([]);
      expect(await harness.after(1)).toEqual(["trigger a"]);
    });

    test("a held firing is never sent if another resolve follows", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a");
      await harness.fires("a");
      await harness.clock.advance(second);
      await harness.ends("a");
      expect(await harness.after(minute)).toEqual(["resolve a"]);
    });

    test("leaseDue states when the hold of a firing ends", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.ends("a");
      await harness.fires("a");
      const ahead = { targets: [], factor: 1 };
      const claimed = await harness.ledger.leaseDue({ owner: "w", max: 1, concurrency: 1, leaseMarginMs: 1, ahead });
      expect(claimed).toMatchObject({ leases: [], nextAtMs: t0 + 10 * second, nowMs: t0 });
    });

    test("a direct claim ends at its endsAt once its source sends again", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { expiryGrace: 0 } });
      await harness.fires("a", direct(t0 + 4 * minute));
      await harness.tell();
      expect(await harness.after(5 * minute)).toEqual([]);
      expect(await harness.stands()).toEqual(["told source_silent"]);
      await harness.fires("b", direct(t0 + 9 * minute));
      expect((await harness.tell()).toSorted()).toEqual(["resolve a", "trigger b"]);
    });

    test("repeats of a direct claim move its end", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { expiryGrace: 0 } });
      for (let at = 0; at < 10; at++) {
        await harness.fires("a", direct(harness.clock.now() + 4 * minute));
        await harness.clock.advance(minute);
      }
      expect(await harness.tell()).toEqual(["trigger a"]);
      expect((await harness.newest()).wanted.status).toBe("firing");
    });

    test("a direct claim of a silent source ends staleAfter later", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { expiryGrace: 0, staleAfter: hour } });
      await harness.fires("a", direct(t0 + 4 * minute));
      await harness.tell();
      expect(await harness.after(4 * minute + hour - 1)).toEqual([]);
      expect(await harness.after(1)).toEqual(["resolve a"]);
    });

    test("no claim ends in the first minutes after a start", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { expiryGrace: 5 * minute } });
      await harness.fires("a", direct(t0 + minute));
      await harness.tell();
      await harness.clock.advance(2 * minute);
      await harness.fires("b", direct(t0 + hour));
      expect(await harness.tell()).toEqual(["trigger b"]);
      expect(await harness.after(3 * minute - 1)).toEqual([]);
      expect(await harness.after(1)).toEqual(["resolve a"]);
    });

    test("an end by silence is weak: any later firing pages again", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { expiryGrace: 0 } });
      await harness.fires("a", direct(t0 + minute));
      await harness.tell();
      await harness.clock.advance(2 * minute);
      await harness.fires("b", direct(t0 + hour));
      expect((await harness.tell()).toSorted()).toEqual(["resolve a", "trigger b"]);
      await harness.fires("a", direct(t0 + hour));
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("an alert stays firing while one of its two senders still sends it", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { expiryGrace: 0 } });
      await harness.fires("a", direct(t0 + 4 * minute, "one"));
      await harness.tell();
      for (let at = 1; at <= 60; at++) {
        await harness.clock.advance(minute);
        await harness.fires("a", direct(harness.clock.now() + 4 * minute, "two"));
        expect(await harness.tell()).toEqual([]);
      }
      await harness.ends("a", direct(harness.clock.now(), "two"));
      expect(await harness.tell()).toEqual(["resolve a"]);
    });

    test("a webhook claim never ends by itself, and is stale without confirmation", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { staleAfter: hour, remind: 0 } });
      await harness.fires("a");
      await harness.tell();
      expect(await harness.after(hour)).toEqual([]);
      expect(await harness.stands()).toEqual(["told delivered"]);
      expect(await harness.after(100 * hour)).toEqual([]);
      expect(await harness.stands()).toEqual(["told stale"]);
      await harness.fires("a");
      expect(await harness.stands()).toEqual(["told delivered"]);
    });

    test("alerts of a sender whose clock is a year ahead are sent and resolved like any other, and the difference is reported", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { expiryGrace: 0 } });
      const year = 365 * 24 * hour;
      const said = (endsAtMs: number) => ({ ...direct(t0 + year + endsAtMs), startsAtMs: t0 + year });
      expect(await harness.fires("a", said(4 * minute))).toMatchObject({ skewed: true });
      expect(await harness.tell()).toEqual(["trigger a"]);
      await harness.clock.advance(minute);
      await harness.fires("a", said(5 * minute));
      await harness.clock.advance(minute);
      await harness.fires("a", said(90 * second));
      expect(await harness.tell()).toEqual(["resolve a"]);
      for (let repeat = 0; repeat < 15; repeat++) {
        await harness.fires("a", said(90 * second));
        expect(await harness.after(minute)).toEqual([]);
      }
    });
  });

  describe("a wall clock that was set back by an hour", () => {
    test("loses no direct alert although its end has passed by the ledger's time, and ends none", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { expiryGrace: 0 } });
      harness.clock.jump(-hour);
      const startsAtMs = harness.clock.now();
      for (let sent = 0; sent < 10; sent++) {
        await harness.fires("a", { ...direct(harness.clock.now() + 4 * minute), startsAtMs });
        expect(await harness.tell()).toEqual(sent === 0 ? ["trigger a"] : []);
        await harness.clock.advance(minute);
      }
      await harness.ends("a", direct(harness.clock.now()));
      expect(await harness.tell()).toEqual(["resolve a"]);
    });

    test("does not page for repeats of a resolved alert although their end lies in the future", async () => {
      const targets = [targetTerms("pagerduty", { pageResolved: "always" })];
      await using harness = await LedgerHarness.open(subject, { targets, settings: { expiryGrace: 0 } });
      const startsAtMs = harness.clock.now();
      await harness.fires("a", { ...direct(startsAtMs + 4 * minute), startsAtMs });
      expect(await harness.tell()).toEqual(["trigger a"]);
      await harness.clock.advance(minute);
      harness.clock.jump(-hour);
      const endsAtMs = startsAtMs + minute;
      await harness.fires("a", { ...direct(endsAtMs), startsAtMs });
      expect(await harness.tell()).toEqual(["resolve a"]);
      for (let repeat = 0; repeat < 15; repeat++) {
        await harness.clock.advance(minute);
        await harness.fires("a", { ...direct(endsAtMs), startsAtMs });
        expect(await harness.tell()).toEqual([]);
      }
    });
  });
}
