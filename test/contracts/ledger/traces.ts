import { describe, expect, test } from "vitest";
import { epochMs as t0 } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import { VirtualClock } from "../../kit/virtual-clock.ts";
import {
  accepted,
  LedgerHarness,
  type LedgerSubject,
  minute,
  quickSettings,
  refused,
  second,
  serverError,
} from "./ledger-harness.ts";

/** The context of a request, as `traceparent`. */
const trace = (n: number): string => `00-${String(n).padStart(32, "0")}-00f067aa0ba902b7-01`;

/** The trace of a request is stored with the incidents that it opens or makes due. */
export function traces(subject: LedgerSubject): void {
  describe("the trace of a request", () => {
    test("belongs to every attempt until the event is delivered", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { trace: trace(1) });
      const lease = await harness.attempt(serverError);
      expect(lease.trace).toMatchObject({ parent: trace(1), attempt: 1 });
      expect((await harness.newest()).trace).toBe(trace(1));
      if (!subject.virtualTime) return;
      await harness.clock.advance(minute);
      const { trace: again } = await harness.attempt(accepted);
      expect(again).toEqual({ parent: trace(1), attempt: 2, dueSinceMs: lease.trace?.dueSinceMs });
    });

    test("is replaced by that of the request that makes the incident due again, and is linked there", async () => {
      await using harness = await LedgerHarness.open(subject);
      expect(await harness.fires("a", { trace: trace(1) })).not.toHaveProperty("linkedTraces");
      await harness.tell();
      const ended = await harness.ends("a", { trace: trace(2) });
      expect(ended.linkedTraces).toEqual([trace(1)]);
      expect((await harness.claimOne()).trace).toMatchObject({ parent: trace(2), attempt: 2 });
    });

    test("stays while the incident waits: repeats and further members link to it", async () => {
      await using harness = await LedgerHarness.open(subject);
      const group = { dedupKey: "group" };
      await harness.fires("a", { ...group, trace: trace(1) });
      expect(await harness.fires("a", { ...group, trace: trace(2) })).toMatchObject({
        effect: "duplicate",
        linkedTraces: [trace(1)],
      });
      expect(await harness.fires("b", { ...group, trace: trace(3) })).toMatchObject({
        effect: "accepted",
        linkedTraces: [trace(1)],
      });
      expect((await harness.claimOne()).trace?.parent).toBe(trace(1));
    });

    test("leaves no mark if there is none", async () => {
      await using harness = await LedgerHarness.open(subject);
      const recorded = await harness.fires("a");
      const lease = await harness.attempt();
      for (const object of [recorded, lease, await harness.newest()]) {
        expect(object).not.toHaveProperty("trace");
        expect(object).not.toHaveProperty("linkedTraces");
      }
      // Tracing was switched on meanwhile.
      await harness.fires("a", { trace: trace(1) });
      expect(await harness.newest()).not.toHaveProperty("trace");
    });

    test("is part of a dead letter's report", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { trace: trace(1) });
      await harness.attempt(refused);
      expect(harness.reported).toContainEqual(expect.objectContaining({ kind: "dead_letter", trace: trace(1) }));
    });

    if (!subject.virtualTime) return;

    test("belongs to the fallback's attempt too", async () => {
      const fallback = { target: "fallback", afterMs: 2 * minute };
      await using harness = await LedgerHarness.open(subject, {
        targets: [targetTerms("pagerduty", { fallback }), targetTerms("fallback")],
      });
      await harness.fires("a", { severity: "critical", trace: trace(1) });
      await harness.attempt(serverError);
      await harness.clock.advance(2 * minute);
      const leases = await harness.claim();
      expect(leases.map(({ target, trace: of }) => [target, of?.parent])).toContainEqual(["fallback", trace(1)]);
      expect(harness.reported).toContainEqual(expect.objectContaining({ kind: "fallback", trace: trace(1) }));
    });

    test("survives the hold of a firing", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { trace: trace(1) });
      await harness.tell();
      await harness.ends("a", { trace: trace(2), endsAtMs: t0 + second });
      await harness.tell();
      await harness.fires("a", { trace: trace(3) });
      await harness.clock.advance(10 * second);
      expect((await harness.claimOne()).trace?.parent).toBe(trace(3));
    });

    const { durable } = subject;
    if (!durable) return;

    test("survives a restart", async () => {
      await using place = await durable();
      const clock = new VirtualClock();
      const open = async () =>
        new LedgerHarness(await place.open({ clock, settings: quickSettings, random: () => 1 }), clock);
      {
        await using before = await open();
        await before.ledger.useTargets([targetTerms("pagerduty")]);
        await before.fires("a", { trace: trace(1) });
      }
      await using after = await open();
      expect((await after.newest()).trace).toBe(trace(1));
      expect((await after.claimOne()).trace?.parent).toBe(trace(1));
    });
  });
}
