import type { Lease } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { forgetfulTraits, pagerdutyLimit, pagerdutyTraits, targetTerms } from "../../kit/target-terms.ts";
import {
  accepted,
  hour,
  leaseMs,
  type LedgerSubject,
  limited,
  minute,
  refused,
  reset,
  said,
  second,
  serverError,
  Stage,
  suspicious,
  timedOut,
} from "./ledger-harness.ts";

const lateTrigger = async (stage: Stage): Promise<Lease> => {
  await stage.fires("a");
  const lost = await stage.claimOne("one");
  await stage.ends("a");
  await stage.clock.advance(leaseMs);
  await stage.attempt(accepted);
  expect(await stage.stands()).toEqual(["closed delivered"]);
  return lost;
};

/** What is done about requests that may arrive after their lease. */
export function losingLeases(subject: LedgerSubject): void {
  describe("a lease that ran out", () => {
    test("is taken over, and its owner's report comes too late", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const lost = await stage.claimOne("one");
      await stage.clock.advance(leaseMs - 1);
      expect(await stage.claim(100, "two")).toEqual([]);
      await stage.clock.advance(1);
      const taken = await stage.claimOne("two");
      expect(taken).toMatchObject({ action: "trigger", incident: lost.incident });
      expect(taken.token).toBeGreaterThan(lost.token);
      expect(await stage.settle(lost, refused)).toBe(false);
      expect(await stage.settle(taken)).toBe(true);
      expect(await stage.stands()).toEqual(["told delivered"]);
    });

    test("counts as perhaps told", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.claimOne("one");
      await stage.ends("a");
      await stage.clock.advance(leaseMs);
      expect((await stage.claimOne("two")).action).toBe("resolve");
    });

    test("and whose owner reports late makes the last event be said again", async () => {
      await using stage = await Stage.open(subject);
      const lost = await lateTrigger(stage);
      expect(await stage.settle(lost, accepted)).toBe(false);
      expect(await stage.tell()).toEqual(["resolve a"]);
      expect(await stage.after(hour)).toEqual([]);
    });

    test("and whose owner reports that nobody answered makes it be said again when it can no longer arrive", async () => {
      await using stage = await Stage.open(subject);
      const lost = await lateTrigger(stage);
      await stage.settle(lost, timedOut);
      expect(await stage.after(10 * second - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["resolve a"]);
    });

    test("and whose owner never reports makes it be said again once its request can no longer arrive", async () => {
      await using stage = await Stage.open(subject);
      await lateTrigger(stage);
      expect(await stage.after(10 * second - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["resolve a"]);
      expect(await stage.after(hour)).toEqual([]);
    });

    test("is repaired after the attempt that is under way when its owner reports", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const lost = await stage.claimOne("one");
      await stage.ends("a");
      await stage.clock.advance(leaseMs);
      const resolve = await stage.claimOne("two");
      await stage.settle(lost, accepted);
      await stage.settle(resolve, accepted);
      expect(await stage.after(second)).toEqual(["resolve a"]);
      expect(await stage.after(hour)).toEqual([]);
    });

    test("and whose owner was away for longer than anybody reckoned with is repaired when it reports", async () => {
      await using stage = await Stage.open(subject);
      const lost = await lateTrigger(stage);
      expect(await stage.after(hour)).toEqual(["resolve a"]);
      expect(await stage.settle(lost, accepted)).toBe(false);
      expect(await stage.tell()).toEqual(["resolve a"]);
      expect(await stage.after(hour)).toEqual([]);
    });

    test("and may have ended a later episode makes that be said again", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.ends("a");
      const lost = await stage.claimOne("one");
      await stage.clock.advance(leaseMs);
      expect(await stage.tell()).toEqual(["resolve a"]);
      await stage.clock.advance(minute);
      await stage.fires("a", { startsAtMs: stage.clock.now() });
      expect(await stage.tell()).toEqual(["trigger a"]);
      await stage.settle(lost, accepted);
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("and whose question for the key comes too late says nothing of its event", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(suspicious);
      const question = await stage.claimOne("one");
      await stage.clock.advance(leaseMs);
      const again = await stage.claimOne("two");
      expect([question.action, again.action]).toEqual(["check", "check"]);
      expect(await stage.settle(question, suspicious)).toBe(false);
      await stage.settle(again, accepted);
      // Asked so long after the refusal that the key may be another by now: the event is tried again.
      expect(await stage.stands()).toEqual(["due waiting_retry"]);
    });

    test("and may have opened what a later episode never told is ended, also where its target was switched off meanwhile", async () => {
      for (const enabled of [true, false]) {
        await using stage = await Stage.open(subject);
        const lost = await lateTrigger(stage);
        await stage.clock.advance(minute);
        await stage.tell();
        await stage.fires("a", { startsAtMs: stage.clock.now() });
        await stage.ends("a", { startsAtMs: stage.clock.now() });
        await stage.settle(lost, timedOut);
        await stage.ledger.useTargets([targetTerms("pagerduty", { enabled })]);
        expect(await stage.after(10 * second - 1)).toEqual([]);
        expect(await stage.after(1)).toEqual(["resolve a"]);
        expect(await stage.after(hour)).toEqual([]);
      }
    });

    test("and whose owner never sent anything needs no repair", async () => {
      await using stage = await Stage.open(subject);
      const lost = await lateTrigger(stage);
      await stage.after(hour);
      await stage.settle(lost, { kind: "interrupted", left: false, detail: "the lease ran out" });
      expect(await stage.tell()).toEqual([]);
    });

    test("is repaired although its alert fires again: both are told, in order", async () => {
      await using stage = await Stage.open(subject);
      await lateTrigger(stage);
      await stage.clock.advance(10 * second);
      const repeat = await stage.claimOne();
      expect(repeat.action).toBe("resolve");
      await stage.fires("a", { startsAtMs: stage.clock.now() });
      await stage.settle(repeat);
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect((await stage.newest()).told).toMatchObject({ event: "trigger", certain: true });
    });

    test("is the next episode's to repair, where that has begun", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.ends("a");
      await stage.claimOne("one");
      await stage.clock.advance(leaseMs);
      expect(await stage.tell()).toEqual(["resolve a"]);
      await stage.fires("a", { startsAtMs: stage.clock.now() });
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect(await stage.after(10 * second)).toEqual(["trigger a"]);
      expect(await stage.after(hour)).toEqual([]);
    });

    test("and needs no repair after all keeps nothing else waiting", async () => {
      await using stage = await Stage.open(subject, { settings: { remind: 4 * hour } });
      await stage.fires("reminded");
      await stage.tell();
      await stage.clock.advance(4 * hour - leaseMs - 11 * second);
      await stage.fires("a");
      await stage.claimOne("one");
      await stage.clock.advance(leaseMs);
      expect(await stage.tell()).toEqual(["trigger a"]);
      await stage.clock.advance(11 * second);
      await stage.fires("reminded");
      expect((await stage.claim(1)).map(({ dedupKey }) => dedupKey)).toEqual(["reminded"]);
    });

    test("that said what was told anyway needs no repair", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.claimOne("one");
      await stage.clock.advance(leaseMs);
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect(await stage.after(hour)).toEqual([]);
    });
  });

  describe("an attempt that nobody answered", () => {
    test("may still arrive: if something else was told since, that is told again", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(timedOut);
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
      expect(await stage.after(10 * second - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["resolve a"]);
      expect(await stage.after(hour)).toEqual([]);
    });

    test("needs no more than its own repetition where nothing else was told", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(timedOut);
      expect(await stage.after(second)).toEqual(["trigger a"]);
      expect(await stage.after(hour)).toEqual([]);
    });

    test.each([
      ["PagerDuty", pagerdutyTraits],
      ["a webhook", { ...forgetfulTraits, acknowledges: true }],
    ])("and was repeated makes nothing else be repeated: an acknowledge at %s", async (_where, traits) => {
      await using stage = await Stage.open(subject, { targets: [targetTerms("pagerduty", { traits })] });
      await stage.fires("a");
      await stage.tell();
      await stage.ledger.acknowledge((await stage.newest()).id, "somebody");
      const told = [said(await stage.attempt(timedOut))];
      await stage.clock.advance(second);
      told.push(...(await stage.tell()));
      await stage.ends("a");
      told.push(...(await stage.tell()), ...(await stage.after(hour)));
      expect(told).toEqual(["acknowledge a", "acknowledge a", "resolve a"]);
    });

    test("is the same event when it is repeated", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(timedOut);
      await stage.ends("a");
      const resolve = await stage.attempt();
      await stage.clock.advance(10 * second);
      expect(await stage.attempt()).toMatchObject({ action: "resolve", event: resolve.event });
    });

    test("keeps its slot for as long as it may still arrive", async () => {
      await using stage = await Stage.open(subject, { targets: [limited(1)] });
      await stage.fires("a");
      await stage.attempt(timedOut);
      expect(await stage.after(minute)).toEqual([]);
      expect(await stage.after(10 * second)).toEqual(["trigger a"]);
    });

    test("gives its slot back a window after the receiver closed the connection", async () => {
      await using stage = await Stage.open(subject, { targets: [limited(1)] });
      await stage.fires("a");
      await stage.attempt(reset);
      expect(await stage.after(minute - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["trigger a"]);
    });

    test("does not keep a critical waiting at a limit of one per second after a reset", async () => {
      const rateLimit = { ...pagerdutyLimit, limit: 1, perMs: second };
      await using stage = await Stage.open(subject, { targets: [targetTerms("pagerduty", { rateLimit })] });
      await stage.fires("warning", { severity: "warning" });
      await stage.attempt(reset);
      await stage.fires("critical", { severity: "critical" });
      expect(await stage.after(second)).toEqual(["trigger critical"]);
      expect(await stage.after(second)).toEqual(["trigger warning"]);
    });

    test("may still be carried out behind a receiver that closed the connection: it is repaired all the same", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(reset);
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
      expect(await stage.after(10 * second - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["resolve a"]);
    });
  });

  describe("a receiver without state", () => {
    const targets = [targetTerms("pagerduty", { traits: forgetfulTraits })];

    test("hears nothing again after an attempt that nobody answered", async () => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a");
      await stage.tell();
      await stage.ends("a");
      await stage.attempt(timedOut);
      await stage.fires("a", { startsAtMs: stage.clock.now() });
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect(await stage.after(hour)).toEqual([]);
    });

    test("hears nothing again after a lost lease, also where its owner reports at last", async () => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a");
      await stage.tell();
      await stage.ends("a");
      const lost = await stage.claimOne("one");
      await stage.clock.advance(leaseMs);
      await stage.fires("a", { startsAtMs: stage.clock.now() });
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect(await stage.after(hour)).toEqual([]);
      expect(await stage.settle(lost, accepted)).toBe(false);
      expect(await stage.after(hour)).toEqual([]);
    });

    test("knows an event again by its mark, although another one failed in between", async () => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a");
      await stage.tell();
      await stage.ends("a");
      const resolve = await stage.attempt(timedOut);
      await stage.fires("a", { startsAtMs: stage.clock.now() });
      await stage.attempt(serverError);
      await stage.ends("a");
      expect(await stage.attempt()).toMatchObject({ action: "resolve", event: resolve.event });
    });
  });

  test("a report that comes after its target is gone and all of its incidents are over changes nothing", async () => {
    await using stage = await Stage.open(subject);
    const lost = await lateTrigger(stage);
    await stage.after(hour);
    await stage.ledger.useTargets([]);
    expect(await stage.settle(lost, accepted)).toBe(false);
    expect(await stage.after(hour)).toEqual([]);
  });
}
