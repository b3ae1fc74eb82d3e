import type { ReceiverEvent } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { targetTerms } from "../../kit/target-terms.ts";
import { hour, LedgerHarness, type LedgerSubject, minute, second, serverError, timedOut } from "./ledger-harness.ts";

const fallback = { target: "fallback", afterMs: 2 * minute };
const terms = targetTerms("pagerduty", { fallback, confirmWithinMs: 5 * minute });
const targets = [terms, targetTerms("fallback")];
const critical = { severity: "critical" } as const;

const opened = (harness: LedgerHarness, dedupKey: string): ReceiverEvent => ({
  id: `opened ${dedupKey} ${harness.clock.now()}`,
  callback: "pd",
  targets: ["pagerduty"],
  kind: "opened",
  dedupKeys: [dedupKey],
  own: true,
  atMs: harness.clock.now(),
  onResolve: "reopen",
  lookUp: false,
});

/** A critical that a target accepted, and whose receiver does not report that the incident exists. */
export function unconfirmedCriticals(subject: LedgerSubject): void {
  if (!subject.virtualTime) return;
  describe("a critical that its receiver does not confirm", () => {
    test("is sent to the fallback after `confirm_within`, once, and both are resolved at its end", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a", critical);
      const { incident } = await harness.attempt();
      await harness.clock.advance(5 * minute - 1);
      expect(await harness.tell()).toEqual([]);
      expect(await harness.stands()).toEqual(["told delivered"]);
      expect(await harness.after(1)).toEqual(["trigger a"]);
      expect(await harness.stands()).toEqual(["told fallback", "told unconfirmed"]);
      expect(harness.reported).toEqual([
        { kind: "unconfirmed", incident, fingerprint: "a", target: "pagerduty" },
        {
          kind: "fallback",
          incident,
          fingerprint: "a",
          target: "pagerduty",
          fallback: "fallback",
          notified: true,
          why: "unconfirmed",
        },
      ]);
      await harness.fires("a", critical);
      expect(await harness.after(2 * hour)).toEqual([]);
      await harness.ends("a");
      expect(await harness.tell()).toEqual(["resolve a", "resolve a"]);
      expect((await harness.views()).map(({ state }) => state)).toEqual(["closed", "closed"]);
    });

    test("is left alone if the receiver reported it in time, even before the answer to the request", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a", critical);
      await harness.attempt();
      await harness.clock.advance(minute);
      expect(await harness.ledger.storeReceiverEvents([opened(harness, "a")])).toEqual(["applied"]);
      await harness.fires("b", critical);
      const lease = await harness.claimOne();
      await harness.ledger.storeReceiverEvents([opened(harness, "b")]);
      await harness.settle(lease);
      expect(await harness.after(hour)).toEqual([]);
      expect(await harness.stands()).toEqual(["told delivered", "told delivered"]);
      expect(harness.reported).toEqual([
        { kind: "confirmed", target: "pagerduty", severity: "critical", afterMs: minute },
        { kind: "confirmed", target: "pagerduty", severity: "critical", afterMs: 0 },
      ]);
    });

    test("is delivered again once the receiver reports it late, and its next episode needs a report of its own", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a", critical);
      await harness.attempt();
      expect(await harness.after(5 * minute)).toEqual(["trigger a"]);
      await harness.ledger.storeReceiverEvents([opened(harness, "a")]);
      expect(await harness.stands()).toEqual(["told fallback", "told delivered"]);
      await harness.ends("a");
      await harness.after(minute);
      await harness.fires("a", { ...critical, startsAtMs: harness.clock.now() });
      expect(await harness.after(second)).toEqual(["trigger a"]);
      expect(await harness.after(5 * minute)).toEqual(["trigger a"]);
      expect((await harness.newest()).target).toBe("fallback");
    });

    test("counts from the acceptance, however long the delivery took, and not from a reminder", async () => {
      await using harness = await LedgerHarness.open(subject, { targets, settings: { remind: 4 * minute } });
      await harness.fires("a", critical);
      await harness.attempt(timedOut);
      await harness.clock.advance(minute);
      await harness.attempt();
      await harness.clock.advance(4 * minute);
      await harness.fires("a", critical);
      expect(await harness.tell()).toEqual(["trigger a"]);
      await harness.clock.advance(minute - 1);
      expect(await harness.tell()).toEqual([]);
      expect(await harness.after(1)).toEqual(["trigger a"]);
      expect((await harness.newest()).target).toBe("fallback");
    });

    test("gets a time when it rises to critical", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a", { severity: "error" });
      await harness.attempt();
      expect(await harness.after(hour)).toEqual([]);
      await harness.fires("a", critical);
      expect((await harness.tell()).toSorted()).toEqual(["trigger a", "trigger a"]);
      expect((await harness.newest()).target).toBe("fallback");
    });

    test("is left alone if it ended, is acknowledged, is not critical, or was sent before the option was set", async () => {
      await using harness = await LedgerHarness.open(subject, {
        targets: [targetTerms("pagerduty", { fallback }), targetTerms("fallback")],
      });
      await harness.fires("earlier", critical);
      await harness.attempt();
      await harness.ledger.useTargets(targets);
      await harness.fires("ended", critical);
      await harness.attempt();
      await harness.ends("ended");
      await harness.tell();
      await harness.fires("acknowledged", critical);
      const { incident } = await harness.attempt();
      await harness.ledger.acknowledge(incident, "alice");
      await harness.tell();
      await harness.fires("error", { severity: "error" });
      await harness.attempt();
      expect(await harness.after(hour)).toEqual([]);
      expect((await harness.stands()).toSorted()).toEqual([
        "closed delivered",
        "told delivered",
        "told delivered",
        "told delivered",
      ]);
    });

    test("is left alone if the option was removed meanwhile", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a", critical);
      await harness.attempt();
      await harness.ledger.useTargets([targetTerms("pagerduty", { fallback }), targetTerms("fallback")]);
      expect(await harness.after(hour)).toEqual([]);
      expect(await harness.stands()).toEqual(["told delivered"]);
    });

    test("is reported without a fallback too", async () => {
      await using harness = await LedgerHarness.open(subject, {
        targets: [targetTerms("pagerduty", { confirmWithinMs: 5 * minute })],
      });
      await harness.fires("a", critical);
      await harness.attempt();
      expect(await harness.after(5 * minute)).toEqual([]);
      expect(await harness.stands()).toEqual(["told unconfirmed"]);
      expect(harness.reported.map(({ kind }) => kind)).toEqual(["unconfirmed"]);
    });

    test("does not page a fallback again that got it while it was undelivered", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a", critical);
      await harness.attempt(serverError);
      expect(await harness.after(2 * minute)).toEqual(["trigger a", "trigger a"]);
      expect(await harness.after(5 * minute + second)).toEqual([]);
      expect((await harness.stands()).toSorted()).toEqual(["told fallback", "told unconfirmed"]);
    });
  });
}
