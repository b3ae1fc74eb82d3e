import { describe, expect, it } from "vitest";
import { epochMs as t0, firing, resolved, wanted } from "../../claims.ts";
import { targetTerms } from "../../target-terms.ts";
import { accepted, hour, type LedgerSubject, minute, second, serverError, Stage } from "./stage.ts";

const direct = (senderEndsAtMs: number, sender = "10.0.0.1") => ({ sender, endsAtMs: senderEndsAtMs });

/** What sources say, and what that makes of incidents. */
export function recording(subject: LedgerSubject): void {
  describe("recording", () => {
    it("an alert that fires is told once, and its end once", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      expect(await stage.tell()).toEqual(["trigger a"]);
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
      expect(await stage.tell()).toEqual([]);
      expect(await stage.stands()).toEqual(["closed delivered"]);
    });

    it("repeats of a firing alert cost no calls", async () => {
      await using stage = await Stage.open(subject);
      expect(await stage.fires("a")).toMatchObject({ fingerprint: "a", effect: "accepted" });
      await stage.tell();
      for (let repeat = 0; repeat < 5; repeat++)
        expect(await stage.fires("a", { annotations: { value: String(repeat) } })).toMatchObject({
          effect: "duplicate",
        });
      expect(await stage.tell()).toEqual([]);
    });

    it("the same alert several times in one batch is one incident", async () => {
      await using stage = await Stage.open(subject);
      const effects = await stage.ledger.want([1, 2, 3].map(() => wanted(firing("a"))));
      expect(effects.map(({ effect }) => effect)).toEqual(["accepted", "duplicate", "duplicate"]);
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    it("within one batch the order of arrival counts", async () => {
      await using stage = await Stage.open(subject);
      await stage.ledger.want([wanted(firing("a")), wanted(resolved("a"))]);
      expect(await stage.stands()).toEqual(["not_told resolved_before_told"]);
      expect(await stage.tell()).toEqual([]);
    });

    it("tells the difference, not the history", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const trigger = await stage.claimOne();
      for (let flap = 1; flap <= 5; flap++) {
        await stage.ends("a");
        await stage.fires("a", { startsAtMs: t0 + flap });
      }
      await stage.ends("a");
      await stage.settle(trigger);
      expect(await stage.tell()).toEqual(["resolve a"]);
    });

    it("every target decides for itself, and each is told", async () => {
      await using stage = await Stage.open(subject, { targets: [targetTerms("one"), targetTerms("two")] });
      await stage.fires("a", { at: ["one", "two"] });
      await stage.fires("b", { at: ["two"] });
      expect((await stage.tell()).toSorted()).toEqual(["trigger a", "trigger a", "trigger b"]);
      await stage.ends("a", { at: [] });
      expect(await stage.tell()).toEqual(["resolve a", "resolve a"]);
    });

    it("an alert that no target wants is recorded all the same", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { at: [] });
      expect(await stage.ledger.alert("a")).toMatchObject({ status: "firing", claims: [{ status: "firing" }] });
      expect(await stage.views()).toEqual([]);
    });

    it("an alert fires while any claim fires", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { source: "one" });
      await stage.fires("a", { source: "two" });
      await stage.tell();
      await stage.ends("a", { source: "one" });
      expect(await stage.tell()).toEqual([]);
      await stage.ends("a", { source: "two" });
      expect(await stage.tell()).toEqual(["resolve a"]);
    });

    it("a resolve of an alert never seen before is sent once, last in urgency", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("b", { severity: "info" });
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["trigger b", "resolve a"]);
      await stage.ends("a");
      expect(await stage.tell()).toEqual([]);
    });

    it("and is not sent where the target does not adopt, or did not want the alert", async () => {
      const targets = [targetTerms("pagerduty", { adoptUnknownResolves: false }), targetTerms("other")];
      await using stage = await Stage.open(subject, { targets });
      await stage.ends("a", { at: ["pagerduty"] });
      await stage.ends("b", { at: [] });
      expect(await stage.tell()).toEqual([]);
      expect((await stage.ledger.alert("a"))?.status).toBe("resolved");
    });

    it("what resolves before it was told is not sent, unless the target pages for it", async () => {
      const targets = [targetTerms("never"), targetTerms("always", { pageResolved: "always" })];
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", { at: ["never", "always"] });
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["trigger a", "resolve a"]);
      expect((await stage.stands()).toSorted()).toEqual(["closed delivered", "not_told resolved_before_told"]);
    });

    it("what fires again after it rested is the same episode, told once", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.ends("a");
      await stage.fires("a", { startsAtMs: t0 + 1 });
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect(await stage.views()).toHaveLength(1);
    });

    it("what fires again while its end is under way is the next episode", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.ends("a");
      const resolve = await stage.claimOne();
      await stage.fires("a", { startsAtMs: t0 + 1 });
      await stage.settle(resolve);
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect(await stage.stands()).toEqual(["told delivered", "closed delivered"]);
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
    });

    it("a severity that rises is told again, one that falls is not", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { severity: "warning" });
      await stage.tell();
      await stage.fires("a", { severity: "critical" });
      expect(await stage.tell()).toEqual(["trigger a"]);
      await stage.fires("a", { severity: "info" });
      await stage.fires("a", { severity: "critical" });
      expect(await stage.tell()).toEqual([]);
    });

    it("several alerts may be one incident: it fires while any does and ends with the last", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { dedupKey: "group", severity: "warning" });
      await stage.tell();
      await stage.fires("b", { dedupKey: "group", severity: "critical" });
      expect(await stage.tell()).toEqual(["trigger group"]);
      expect(await stage.newest()).toMatchObject({ wanted: { severity: "critical" }, members: [{}, {}] });
      await stage.ends("a");
      expect(await stage.tell()).toEqual([]);
      await stage.ends("b");
      expect(await stage.tell()).toEqual(["resolve group"]);
    });

    it("a lease speaks of the oldest alert that fires and says how many do", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("b", { dedupKey: "group", startsAtMs: t0 - 1 });
      await stage.fires("a", { dedupKey: "group", startsAtMs: t0 });
      expect(await stage.claimOne()).toMatchObject({ firing: 2, alert: { fingerprint: "b" }, summary: "b is wrong" });
    });
  });

  if (subject.virtualTime) time(subject);
}

function time(subject: LedgerSubject): void {
  describe("what time makes of claims", () => {
    it("a firing inside the reorder window is held, then told", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
      await stage.clock.advance(2 * second);
      await stage.fires("a");
      expect(await stage.after(7 * second)).toEqual([]);
      expect(await stage.after(second)).toEqual(["trigger a"]);
    });

    it("a held firing that another resolve follows is never told", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.ends("a");
      await stage.fires("a");
      await stage.clock.advance(second);
      await stage.ends("a");
      expect(await stage.after(minute)).toEqual(["resolve a"]);
    });

    it("claimDue says when a held firing will be believed", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.ends("a");
      await stage.fires("a");
      const ahead = { targets: [], factor: 1 };
      const claimed = await stage.ledger.claimDue({ owner: "w", most: 1, concurrency: 1, leaseMarginMs: 1, ahead });
      expect(claimed).toMatchObject({ leases: [], nextAtMs: t0 + 10 * second, nowMs: t0 });
    });

    it("a direct claim ends at its endsAt once its source is heard again", async () => {
      await using stage = await Stage.open(subject, { settings: { expiryGrace: 0 } });
      await stage.fires("a", direct(t0 + 4 * minute));
      await stage.tell();
      expect(await stage.after(5 * minute)).toEqual([]);
      expect(await stage.stands()).toEqual(["told source_silent"]);
      await stage.fires("b", direct(t0 + 9 * minute));
      expect((await stage.tell()).toSorted()).toEqual(["resolve a", "trigger b"]);
    });

    it("repeats move its end", async () => {
      await using stage = await Stage.open(subject, { settings: { expiryGrace: 0 } });
      for (let at = 0; at < 10; at++) {
        await stage.fires("a", direct(stage.clock.now() + 4 * minute));
        await stage.clock.advance(minute);
      }
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect((await stage.newest()).wanted.status).toBe("firing");
    });

    it("of a silent source it ends staleAfter later", async () => {
      await using stage = await Stage.open(subject, { settings: { expiryGrace: 0, staleAfter: hour } });
      await stage.fires("a", direct(t0 + 4 * minute));
      await stage.tell();
      expect(await stage.after(4 * minute + hour - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["resolve a"]);
    });

    it("none ends in the first minutes after a start", async () => {
      await using stage = await Stage.open(subject, { settings: { expiryGrace: 5 * minute } });
      await stage.fires("a", direct(t0 + minute));
      await stage.tell();
      await stage.clock.advance(2 * minute);
      await stage.fires("b", direct(t0 + hour));
      expect(await stage.tell()).toEqual(["trigger b"]);
      expect(await stage.after(3 * minute - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["resolve a"]);
    });

    it("its end by silence is weak: any later firing pages again", async () => {
      await using stage = await Stage.open(subject, { settings: { expiryGrace: 0 } });
      await stage.fires("a", direct(t0 + minute));
      await stage.tell();
      await stage.clock.advance(2 * minute);
      await stage.fires("b", direct(t0 + hour));
      expect((await stage.tell()).toSorted()).toEqual(["resolve a", "trigger b"]);
      await stage.fires("a", direct(t0 + hour));
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    it("one of two senders that dies resolves nothing that the other says fires", async () => {
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

    it("a webhook claim never ends by itself, and shows stale when nobody confirms it", async () => {
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

    it("a sender whose clock is a year ahead is told and resolved like any other, and noticed", async () => {
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

  describe("reminders", () => {
    const settings = { remind: 4 * hour };

    it("what still fires and nobody acknowledged is triggered again every 4 hours, last in urgency", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a");
      await stage.tell();
      expect(await stage.after(4 * hour - 1)).toEqual([]);
      await stage.fires("b", { severity: "info" });
      expect(await stage.after(1)).toEqual(["trigger b", "trigger a"]);
      expect(await stage.after(4 * hour - 1)).toEqual([]);
      expect((await stage.after(1)).toSorted()).toEqual(["trigger a", "trigger b"]);
    });

    it("a receiver that forgets is told again in half its time, also of what a person acknowledged", async () => {
      const traits = { dropsUnknownResolves: true, acknowledges: false, forgetsAfterMs: 2 * hour };
      await using stage = await Stage.open(subject, {
        targets: [targetTerms("pagerduty", { traits })],
        settings: { remind: 0, staleAfter: 30 * hour },
      });
      await stage.fires("a");
      await stage.tell();
      const { id } = await stage.newest();
      await stage.ledger.acknowledge(id, "a person");
      expect(await stage.after(hour - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["trigger a"]);
      expect(await stage.after(hour)).toEqual(["trigger a"]);
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
      expect(await stage.after(9 * hour)).toEqual([]);
    });

    it("a shadow is not reminded, and is not looked at again and again for it", async () => {
      await using stage = await Stage.open(subject, {
        settings,
        targets: [targetTerms("pagerduty", { shadow: true })],
      });
      await stage.fires("a");
      await stage.tell();
      expect(await stage.after(5 * hour)).toEqual([]);
      const { nextAtMs, nowMs } = await stage.ledger.claimDue({
        owner: "worker",
        most: 10,
        concurrency: 10,
        leaseMarginMs: second,
        ahead: { targets: [], factor: 1 },
      });
      expect(nextAtMs === null || nextAtMs > nowMs).toBe(true);
    });

    it("one that fails waits out its backoff", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a");
      await stage.tell();
      await stage.clock.advance(4 * hour);
      await stage.attempt(serverError);
      expect(await stage.claim()).toEqual([]);
      await stage.clock.advance(second);
      await stage.attempt(accepted);
      expect(await stage.claim()).toEqual([]);
    });
  });
}
