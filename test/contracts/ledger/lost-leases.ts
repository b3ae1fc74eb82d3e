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
  LedgerHarness,
  suspicious,
  timedOut,
} from "./ledger-harness.ts";

const lateTrigger = async (harness: LedgerHarness): Promise<Lease> => {
  await harness.fires("a");
  const lost = await harness.claimOne("one");
  await harness.ends("a");
  await harness.clock.advance(leaseMs);
  await harness.attempt(accepted);
  expect(await harness.stands()).toEqual(["closed delivered"]);
  return lost;
};

/** Repairs after requests that may arrive later than their lease. */
export function lostLeases(subject: LedgerSubject): void {
  describe("a lease that ran out", () => {
    test("is taken over, and its owner's report comes too late", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      const lost = await harness.claimOne("one");
      await harness.clock.advance(leaseMs - 1);
      expect(await harness.claim(100, "two")).toEqual([]);
      await harness.clock.advance(1);
      const taken = await harness.claimOne("two");
      expect(taken).toMatchObject({ action: "trigger", incident: lost.incident });
      expect(taken.token).toBeGreaterThan(lost.token);
      expect(await harness.settle(lost, refused)).toBe(false);
      expect(await harness.settle(taken)).toBe(true);
      expect(await harness.stands()).toEqual(["told delivered"]);
    });

    test("counts as perhaps delivered", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.claimOne("one");
      await harness.ends("a");
      await harness.clock.advance(leaseMs);
      expect((await harness.claimOne("two")).action).toBe("resolve");
    });

    test("and whose owner reports late causes a repeat of the last event", async () => {
      await using harness = await LedgerHarness.open(subject);
      const lost = await lateTrigger(harness);
      expect(await harness.settle(lost, accepted)).toBe(false);
      expect(await harness.tell()).toEqual(["resolve a"]);
      expect(await harness.after(hour)).toEqual([]);
    });

    test("and whose owner reports no answer causes a repeat once the request can no longer arrive", async () => {
      await using harness = await LedgerHarness.open(subject);
      const lost = await lateTrigger(harness);
      await harness.settle(lost, timedOut);
      expect(await harness.after(10 * second - 1)).toEqual([]);
      expect(await harness.after(1)).toEqual(["resolve a"]);
    });

    test("and whose owner never reports causes a repeat once the request can no longer arrive", async () => {
      await using harness = await LedgerHarness.open(subject);
      await lateTrigger(harness);
      expect(await harness.after(10 * second - 1)).toEqual([]);
      expect(await harness.after(1)).toEqual(["resolve a"]);
      expect(await harness.after(hour)).toEqual([]);
    });

    test("is repaired after the attempt that is in flight when its owner reports", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      const lost = await harness.claimOne("one");
      await harness.ends("a");
      await harness.clock.advance(leaseMs);
      const resolve = await harness.claimOne("two");
      await harness.settle(lost, accepted);
      await harness.settle(resolve, accepted);
      expect(await harness.after(second)).toEqual(["resolve a"]);
      expect(await harness.after(hour)).toEqual([]);
    });

    test("and whose owner was away for longer than the ledger waits is repaired when the owner reports", async () => {
      await using harness = await LedgerHarness.open(subject);
      const lost = await lateTrigger(harness);
      expect(await harness.after(hour)).toEqual(["resolve a"]);
      expect(await harness.settle(lost, accepted)).toBe(false);
      expect(await harness.tell()).toEqual(["resolve a"]);
      expect(await harness.after(hour)).toEqual([]);
    });

    test("and may have ended a later episode causes a repeat of that episode's event", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a");
      const lost = await harness.claimOne("one");
      await harness.clock.advance(leaseMs);
      expect(await harness.tell()).toEqual(["resolve a"]);
      await harness.clock.advance(minute);
      await harness.fires("a", { startsAtMs: harness.clock.now() });
      expect(await harness.tell()).toEqual(["trigger a"]);
      await harness.settle(lost, accepted);
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("and whose key check answers too late proves nothing about its event", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(suspicious);
      const question = await harness.claimOne("one");
      await harness.clock.advance(leaseMs);
      const again = await harness.claimOne("two");
      expect([question.action, again.action]).toEqual(["check", "check"]);
      expect(await harness.settle(question, suspicious)).toBe(false);
      await harness.settle(again, accepted);
      // The key check comes so late that the key may have changed since the refusal: the event is tried again.
      expect(await harness.stands()).toEqual(["due waiting_retry"]);
    });

    test("and may have opened an incident that the later episode did not is resolved, also if its target was disabled meanwhile", async () => {
      for (const enabled of [true, false]) {
        await using harness = await LedgerHarness.open(subject);
        const lost = await lateTrigger(harness);
        await harness.clock.advance(minute);
        await harness.tell();
        await harness.fires("a", { startsAtMs: harness.clock.now() });
        await harness.ends("a", { startsAtMs: harness.clock.now() });
        await harness.settle(lost, timedOut);
        await harness.ledger.useTargets([targetTerms("pagerduty", { enabled })]);
        expect(await harness.after(10 * second - 1)).toEqual([]);
        expect(await harness.after(1)).toEqual(["resolve a"]);
        expect(await harness.after(hour)).toEqual([]);
      }
    });

    test("needs no repair if its owner sent nothing", async () => {
      await using harness = await LedgerHarness.open(subject);
      const lost = await lateTrigger(harness);
      await harness.after(hour);
      await harness.settle(lost, { kind: "interrupted", left: false, detail: "the lease ran out" });
      expect(await harness.tell()).toEqual([]);
    });

    test("is repaired although its alert fires again: both events are sent, in order", async () => {
      await using harness = await LedgerHarness.open(subject);
      await lateTrigger(harness);
      await harness.clock.advance(10 * second);
      const repeat = await harness.claimOne();
      expect(repeat.action).toBe("resolve");
      await harness.fires("a", { startsAtMs: harness.clock.now() });
      await harness.settle(repeat);
      expect(await harness.tell()).toEqual(["trigger a"]);
      expect((await harness.newest()).told).toMatchObject({ event: "trigger", certain: true });
    });

    test("is repaired by the next episode if that has begun", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a");
      await harness.claimOne("one");
      await harness.clock.advance(leaseMs);
      expect(await harness.tell()).toEqual(["resolve a"]);
      await harness.fires("a", { startsAtMs: harness.clock.now() });
      expect(await harness.tell()).toEqual(["trigger a"]);
      expect(await harness.after(10 * second)).toEqual(["trigger a"]);
      expect(await harness.after(hour)).toEqual([]);
    });

    test("delays nothing else if it needs no repair after all", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { remind: 4 * hour } });
      await harness.fires("reminded");
      await harness.tell();
      await harness.clock.advance(4 * hour - leaseMs - 11 * second);
      await harness.fires("a");
      await harness.claimOne("one");
      await harness.clock.advance(leaseMs);
      expect(await harness.tell()).toEqual(["trigger a"]);
      await harness.clock.advance(11 * second);
      await harness.fires("reminded");
      expect((await harness.claim(1)).map(({ dedupKey }) => dedupKey)).toEqual(["reminded"]);
    });

    test("needs no repair if it sent the state that was delivered anyway", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.claimOne("one");
      await harness.clock.advance(leaseMs);
      expect(await harness.tell()).toEqual(["trigger a"]);
      expect(await harness.after(hour)).toEqual([]);
    });
  });

  describe("an attempt without an answer", () => {
    test("may still arrive: an event that was delivered since is repeated", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(timedOut);
      await harness.ends("a");
      expect(await harness.tell()).toEqual(["resolve a"]);
      expect(await harness.after(10 * second - 1)).toEqual([]);
      expect(await harness.after(1)).toEqual(["resolve a"]);
      expect(await harness.after(hour)).toEqual([]);
    });

    test("only needs to be repeated itself if nothing else was delivered", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(timedOut);
      expect(await harness.after(second)).toEqual(["trigger a"]);
      expect(await harness.after(hour)).toEqual([]);
    });

    test.each([
      ["PagerDuty", pagerdutyTraits],
      ["a webhook", { ...forgetfulTraits, acknowledges: true }],
    ])("and was repeated makes nothing else be repeated: an acknowledge at %s", async (_where, traits) => {
      await using harness = await LedgerHarness.open(subject, { targets: [targetTerms("pagerduty", { traits })] });
      await harness.fires("a");
      await harness.tell();
      await harness.ledger.acknowledge((await harness.newest()).id, "somebody");
      const told = [said(await harness.attempt(timedOut))];
      await harness.clock.advance(second);
      told.push(...(await harness.tell()));
      await harness.ends("a");
      told.push(...(await harness.tell()), ...(await harness.after(hour)));
      expect(told).toEqual(["acknowledge a", "acknowledge a", "resolve a"]);
    });

    test("is the same event when it is repeated", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(timedOut);
      await harness.ends("a");
      const resolve = await harness.attempt();
      await harness.clock.advance(10 * second);
      expect(await harness.attempt()).toMatchObject({ action: "resolve", event: resolve.event });
    });

    test("keeps its slot for as long as it may still arrive", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [limited(1)] });
      await harness.fires("a");
      await harness.attempt(timedOut);
      expect(await harness.after(minute)).toEqual([]);
      expect(await harness.after(10 * second)).toEqual(["trigger a"]);
    });

    test("frees its slot one window after the receiver closed the connection", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [limited(1)] });
      await harness.fires("a");
      await harness.attempt(reset);
      expect(await harness.after(minute - 1)).toEqual([]);
      expect(await harness.after(1)).toEqual(["trigger a"]);
    });

    test("does not keep a critical waiting at a limit of one per second after a reset", async () => {
      const rateLimit = { ...pagerdutyLimit, limit: 1, perMs: second };
      await using harness = await LedgerHarness.open(subject, { targets: [targetTerms("pagerduty", { rateLimit })] });
      await harness.fires("warning", { severity: "warning" });
      await harness.attempt(reset);
      await harness.fires("critical", { severity: "critical" });
      expect(await harness.after(second)).toEqual(["trigger critical"]);
      expect(await harness.after(second)).toEqual(["trigger warning"]);
    });

    test("may still take effect after the receiver closed the connection, and is repaired", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(reset);
      await harness.ends("a");
      expect(await harness.tell()).toEqual(["resolve a"]);
      expect(await harness.after(10 * second - 1)).toEqual([]);
      expect(await harness.after(1)).toEqual(["resolve a"]);
    });
  });

  describe("a receiver without state", () => {
    const targets = [targetTerms("pagerduty", { traits: forgetfulTraits })];

    test("gets no repeat after an attempt without an answer", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a");
      await harness.attempt(timedOut);
      await harness.fires("a", { startsAtMs: harness.clock.now() });
      expect(await harness.tell()).toEqual(["trigger a"]);
      expect(await harness.after(hour)).toEqual([]);
    });

    test("gets no repeat after a lost lease, also if its owner reports at last", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a");
      const lost = await harness.claimOne("one");
      await harness.clock.advance(leaseMs);
      await harness.fires("a", { startsAtMs: harness.clock.now() });
      expect(await harness.tell()).toEqual(["trigger a"]);
      expect(await harness.after(hour)).toEqual([]);
      expect(await harness.settle(lost, accepted)).toBe(false);
      expect(await harness.after(hour)).toEqual([]);
    });

    test("recognizes an event by its mark although another one failed in between", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a");
      await harness.tell();
      await harness.ends("a");
      const resolve = await harness.attempt(timedOut);
      await harness.fires("a", { startsAtMs: harness.clock.now() });
      await harness.attempt(serverError);
      await harness.ends("a");
      expect(await harness.attempt()).toMatchObject({ action: "resolve", event: resolve.event });
    });
  });

  test("a report after its target was removed and all its incidents are over changes nothing", async () => {
    await using harness = await LedgerHarness.open(subject);
    const lost = await lateTrigger(harness);
    await harness.after(hour);
    await harness.ledger.useTargets([]);
    expect(await harness.settle(lost, accepted)).toBe(false);
    expect(await harness.after(hour)).toEqual([]);
  });
}
