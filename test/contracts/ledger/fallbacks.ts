import { describe, expect, test } from "vitest";
import { targetTerms } from "../../kit/target-terms.ts";
import {
  type LedgerSubject,
  minute,
  refused,
  second,
  serverError,
  LedgerHarness,
  unauthorized,
} from "./ledger-harness.ts";

const fallback = { target: "fallback", afterMs: 2 * minute };
const targets = [targetTerms("pagerduty", { fallback }), targetTerms("fallback")];
const critical = { severity: "critical" } as const;

/** The events that the fallback got after this time, while its target fails. */
const toldWhere = async (harness: LedgerHarness, ms: number): Promise<string[]> => {
  await harness.clock.advance(ms);
  const told: string[] = [];
  for (let leases = await harness.claim(); leases.length > 0; leases = await harness.claim())
    for (const lease of leases) {
      if (lease.target === "fallback") told.push(lease.action);
      await harness.settle(lease, lease.target === "fallback" ? { kind: "accepted", receipt: "" } : serverError);
    }
  return told;
};

/** A critical that a target does not accept in time is also sent to its fallback. */
export function fallbacks(subject: LedgerSubject): void {
  if (!subject.virtualTime) return;
  describe("a fallback", () => {
    test("receives a critical that was not delivered for two minutes, once, and its resolve", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a", critical);
      expect(await toldWhere(harness, 2 * minute - 1)).toEqual([]);
      expect(await toldWhere(harness, 1)).toEqual(["trigger"]);
      await harness.fires("a", critical);
      expect(await toldWhere(harness, 10 * minute)).toEqual([]);
      await harness.ends("a");
      expect(await toldWhere(harness, second)).toEqual(["resolve"]);
    });

    test.each([
      ["dead", refused],
      ["unauthorized", unauthorized],
    ])("for whatever reason: %s", async (_why, outcome) => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a", critical);
      await harness.attempt(outcome);
      expect(await toldWhere(harness, 2 * minute)).toEqual(["trigger"]);
    });

    test("receives nothing that was delivered in time, that ended, or that is not critical", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("told", critical);
      await harness.tell();
      await harness.fires("ended", critical);
      await harness.attempt(serverError);
      await harness.ends("ended");
      await harness.fires("error", { severity: "error" });
      expect(await toldWhere(harness, 10 * minute)).toEqual([]);
    });

    test("receives nothing that the target no longer wants", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a", critical);
      await harness.attempt(serverError);
      await harness.ledger.reroute([{ fingerprint: "a", routes: [] }]);
      await harness.fires("b", critical);
      await harness.ledger.useTargets([targetTerms("fallback")]);
      expect(await toldWhere(harness, 10 * minute)).toEqual([]);
    });

    test("receives the resolve also if the target was reached meanwhile", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a", critical);
      expect(await toldWhere(harness, 2 * minute)).toEqual(["trigger"]);
      await harness.after(10 * minute);
      await harness.ends("a");
      expect((await harness.tell()).toSorted()).toEqual(["resolve a", "resolve a"]);
      expect((await harness.views()).map(({ state }) => state)).toEqual(["closed", "closed"]);
    });

    test("receives the next episode only if it is not delivered either", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a", critical);
      expect(await toldWhere(harness, 2 * minute)).toEqual(["trigger"]);
      await harness.after(10 * minute);
      await harness.ends("a");
      const under = await harness.claim();
      expect(under).toHaveLength(2);
      await harness.fires("a", { ...critical, startsAtMs: harness.clock.now() });
      for (const lease of under) await harness.settle(lease);
      expect((await harness.claim()).map(({ target }) => target)).toEqual(["pagerduty"]);
    });

    test("shows the target that it replaces", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a", critical);
      expect(await toldWhere(harness, 2 * minute)).toEqual(["trigger"]);
      expect(await harness.stands()).toEqual(["told fallback", "due waiting_retry"]);
    });

    test("receives the alerts of a group that still fire", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a", { ...critical, dedupKey: "group" });
      await harness.fires("b", { ...critical, dedupKey: "group" });
      await harness.ends("a");
      expect(await toldWhere(harness, 2 * minute)).toEqual(["trigger"]);
      expect((await harness.newest()).members.map(({ fingerprint }) => fingerprint)).toEqual(["b"]);
    });

    test("receives an alert once if its own filters also select it", async () => {
      await using harness = await LedgerHarness.open(subject, { targets });
      await harness.fires("a", { ...critical, at: ["pagerduty", "fallback"] });
      expect(await toldWhere(harness, second)).toEqual(["trigger"]);
      expect(await toldWhere(harness, 10 * minute)).toEqual([]);
      await harness.ends("a");
      expect(await toldWhere(harness, second)).toEqual(["resolve"]);
    });

    test("may be missing or disabled without harm", async () => {
      for (const others of [[], [targetTerms("fallback", { enabled: false })]]) {
        await using harness = await LedgerHarness.open(subject, {
          targets: [targetTerms("pagerduty", { fallback }), ...others],
        });
        await harness.fires("a", critical);
        expect(await toldWhere(harness, 10 * minute)).toEqual([]);
        expect((await harness.newest()).target).toBe("pagerduty");
      }
    });
  });
}
