import { describe, expect, test } from "vitest";
import { epochMs as t0 } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import { hour, type LedgerSubject, minute, second, Stage } from "./ledger-harness.ts";

const direct = (senderEndsAtMs: number, sender = "10.0.0.1") => ({ sender, endsAtMs: senderEndsAtMs });

/** What time makes of what sources said. */
export function passingTime(subject: LedgerSubject): void {
  describe("what time makes of claims", () => {
    test("a firing that a resolve may have overtaken is held for the reorder window, then told", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
      await stage.clock.advance(2 * second);
      await stage.fires("a");
      expect(await stage.after(10 * second - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["trigger a"]);
    });

    test("a held firing that another resolve follows is never told", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.ends("a");
      await stage.fires("a");
      await stage.clock.advance(second);
      await stage.ends("a");
      expect(await stage.after(minute)).toEqual(["resolve a"]);
    });

    test("claimDue says when a held firing will be believed", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.ends("a");
      await stage.fires("a");
      const ahead = { targets: [], factor: 1 };
      const claimed = await stage.ledger.leaseDue({ owner: "w", max: 1, concurrency: 1, leaseMarginMs: 1, ahead });
      expect(claimed).toMatchObject({ leases: [], nextAtMs: t0 + 10 * second, nowMs: t0 });
    });

    test("a direct claim ends at its endsAt once its source is heard again", async () => {
      await using stage = await Stage.open(subject, { settings: { expiryGrace: 0 } });
      await stage.fires("a", direct(t0 + 4 * minute));
      await stage.tell();
      expect(await stage.after(5 * minute)).toEqual([]);
      expect(await stage.stands()).toEqual(["told source_silent"]);
      await stage.fires("b", direct(t0 + 9 * minute));
      expect((await stage.tell()).toSorted()).toEqual(["resolve a", "trigger b"]);
    });

    test("repeats move its end", async () => {
      await using stage = await Stage.open(subject, { settings: { expiryGrace: 0 } });
      for (let at = 0; at < 10; at++) {
        await stage.fires("a", direct(stage.clock.now() + 4 * minute));
        await stage.clock.advance(minute);
      }
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect((await stage.newest()).wanted.status).toBe("firing");
    });

    test("of a silent source it ends staleAfter later", async () => {
      await using stage = await Stage.open(subject, { settings: { expiryGrace: 0, staleAfter: hour } });
      await stage.fires("a", direct(t0 + 4 * minute));
      await stage.tell();
      expect(await stage.after(4 * minute + hour - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["resolve a"]);
    });

    test("none ends in the first minutes after a start", async () => {
      await using stage = await Stage.open(subject, { settings: { expiryGrace: 5 * minute } });
      await stage.fires("a", direct(t0 + minute));
      await stage.tell();
      await stage.clock.advance(2 * minute);
      await stage.fires("b", direct(t0 + hour));
      expect(await stage.tell()).toEqual(["trigger b"]);
      expect(await stage.after(3 * minute - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["resolve a"]);
    });

    test("its end by silence is weak: any later firing pages again", async () => {
      await using stage = await Stage.open(subject, { settings: { expiryGrace: 0 } });
      await stage.fires("a", direct(t0 + minute));
      await stage.tell();
      await stage.clock.advance(2 * minute);
      await stage.fires("b", direct(t0 + hour));
      expect((await stage.tell()).toSorted()).toEqual(["resolve a", "trigger b"]);
      await stage.fires("a", direct(t0 + hour));
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("one of two senders that dies resolves nothing that the other says fires", async () => {
      await using stage = await Stage.open(subject, { settings: { expiryGrace: 0 } });
      await stage.fires("a", direct(t0 + 4 * minute, "one"));
      await stage.tell();
      for (let at = 1; at <= 60; at++) {
        await stage.clock.advance(minute);
        await stage.fires("a", direct(stage.clock.now() + 4 * minute, "two"));
        expect(await stage.tell()).toEqual([]);
      }
      await stage.ends("a", direct(stage.clock.now(), "two"));
      expect(await stage.tell()).toEqual(["resolve a"]);
    });

    test("a webhook claim never ends by itself, and shows stale when nobody confirms it", async () => {
      await using stage = await Stage.open(subject, { settings: { staleAfter: hour, remind: 0 } });
      await stage.fires("a");
      await stage.tell();
      expect(await stage.after(hour)).toEqual([]);
      expect(await stage.stands()).toEqual(["told delivered"]);
      expect(await stage.after(100 * hour)).toEqual([]);
      expect(await stage.stands()).toEqual(["told stale"]);
      await stage.fires("a");
      expect(await stage.stands()).toEqual(["told delivered"]);
    });

    test("a sender whose clock is a year ahead is told and resolved like any other, and noticed", async () => {
      await using stage = await Stage.open(subject, { settings: { expiryGrace: 0 } });
      const year = 365 * 24 * hour;
      const said = (endsAtMs: number) => ({ ...direct(t0 + year + endsAtMs), startsAtMs: t0 + year });
      expect(await stage.fires("a", said(4 * minute))).toMatchObject({ skewed: true });
      expect(await stage.tell()).toEqual(["trigger a"]);
      await stage.clock.advance(minute);
      await stage.fires("a", said(5 * minute));
      await stage.clock.advance(minute);
      await stage.fires("a", said(90 * second));
      expect(await stage.tell()).toEqual(["resolve a"]);
      for (let repeat = 0; repeat < 15; repeat++) {
        await stage.fires("a", said(90 * second));
        expect(await stage.after(minute)).toEqual([]);
      }
    });
  });

  describe("a wall clock that was set back by an hour", () => {
    test("swallows no direct alert, although its end has passed by the ledger's time, and ends none", async () => {
      await using stage = await Stage.open(subject, { settings: { expiryGrace: 0 } });
      stage.clock.jump(-hour);
      const startsAtMs = stage.clock.now();
      for (let sent = 0; sent < 10; sent++) {
        await stage.fires("a", { ...direct(stage.clock.now() + 4 * minute), startsAtMs });
        expect(await stage.tell()).toEqual(sent === 0 ? ["trigger a"] : []);
        await stage.clock.advance(minute);
      }
      await stage.ends("a", direct(stage.clock.now()));
      expect(await stage.tell()).toEqual(["resolve a"]);
    });

    test("makes no page of the repeats of what is over, though their end lies ahead of it", async () => {
      const targets = [targetTerms("pagerduty", { pageResolved: "always" })];
      await using stage = await Stage.open(subject, { targets, settings: { expiryGrace: 0 } });
      const startsAtMs = stage.clock.now();
      await stage.fires("a", { ...direct(startsAtMs + 4 * minute), startsAtMs });
      expect(await stage.tell()).toEqual(["trigger a"]);
      await stage.clock.advance(minute);
      stage.clock.jump(-hour);
      const endsAtMs = startsAtMs + minute;
      await stage.fires("a", { ...direct(endsAtMs), startsAtMs });
      expect(await stage.tell()).toEqual(["resolve a"]);
      for (let repeat = 0; repeat < 15; repeat++) {
        await stage.clock.advance(minute);
        await stage.fires("a", { ...direct(endsAtMs), startsAtMs });
        expect(await stage.tell()).toEqual([]);
      }
    });
  });
}
