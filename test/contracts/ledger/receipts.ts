import type { Outcome } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { epochMs as t0 } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import { VirtualClock } from "../../kit/virtual-clock.ts";
import {
  hour,
  LedgerHarness,
  type LedgerSubject,
  minute,
  quickSettings,
  serverError,
  timedOut,
} from "./ledger-harness.ts";

/** Such as a channel whose messages are updated. */
const updating = targetTerms("pagerduty", {
  traits: { dropsUnknownResolves: false, acknowledges: true, keepsReceipt: true },
});
const message = (ts: string): Outcome => ({ kind: "accepted", receipt: `C1:${ts}` });

/** Later events of an incident carry the receipt of the last accepted one, for receivers that need it. */
export function receipts(subject: LedgerSubject): void {
  describe("the receipt of an event", () => {
    test("is part of every later attempt of the incident", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [updating] });
      await harness.fires("a");
      const first = await harness.attempt(message("1.0"));
      expect(first).not.toHaveProperty("receipt");
      expect((await harness.newest()).receipt).toBe("C1:1.0");
      await harness.fires("a", { severity: "critical" });
      expect(await harness.attempt(serverError)).toMatchObject({
        action: "trigger",
        receipt: "C1:1.0",
        cause: "severity",
      });
      await harness.ends("a");
      const resolve = await harness.attempt(message("1.0"));
      expect(resolve).toMatchObject({ action: "resolve", receipt: "C1:1.0" });
      expect(resolve).not.toHaveProperty("cause");
    });

    test("is shown in an explanation", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [updating] });
      await harness.fires("a");
      await harness.attempt(message("1.0"));
      expect((await harness.ledger.explain("a"))?.incidents).toMatchObject([{ content: { receipt: "C1:1.0" } }]);
    });

    test("is replaced by that of a later event", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [updating] });
      await harness.fires("a");
      await harness.attempt(message("1.0"));
      await harness.fires("a", { severity: "critical" });
      await harness.attempt(message("2.0"));
      await harness.ends("a");
      expect(await harness.claimOne()).toMatchObject({ receipt: "C1:2.0" });
    });

    test("stays after an attempt that was not accepted, or whose result is unknown", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [updating] });
      await harness.fires("a");
      await harness.attempt(message("1.0"));
      await harness.ends("a");
      await harness.attempt(timedOut);
      expect(await harness.newest()).toMatchObject({ told: { event: "resolve", certain: false }, receipt: "C1:1.0" });
    });

    test("belongs to one episode", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [updating] });
      await harness.fires("a");
      await harness.attempt(message("1.0"));
      await harness.ends("a");
      await harness.attempt(message("1.0"));
      await harness.fires("a", { startsAtMs: t0 + 1 });
      expect(await harness.claimOne()).not.toHaveProperty("receipt");
    });

    test("does not pass to the episode that begins while the resolve is in flight", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [updating] });
      await harness.fires("a");
      await harness.attempt(message("1.0"));
      await harness.ends("a");
      const resolve = await harness.claimOne();
      await harness.fires("a", { startsAtMs: t0 + 1 });
      await harness.settle(resolve, message("1.0"));
      const next = await harness.claimOne();
      expect(next.action).toBe("trigger");
      expect(next).not.toHaveProperty("receipt");
      expect(next).not.toHaveProperty("acknowledgedBy");
    });

    test("is not kept for receivers that do not need it, nor from a shadow", async () => {
      for (const target of [targetTerms("pagerduty"), { ...updating, shadow: true }]) {
        await using harness = await LedgerHarness.open(subject, { targets: [target] });
        await harness.fires("a");
        await harness.attempt(message("1.0"));
        expect(await harness.newest()).not.toHaveProperty("receipt");
      }
    });

    const { durable, virtualTime } = subject;
    if (virtualTime) reminder(subject);
    if (!durable) return;

    test("survives a restart", async () => {
      await using place = await durable();
      const clock = new VirtualClock();
      const open = async () =>
        new LedgerHarness(await place.open({ clock, settings: quickSettings, random: () => 1 }), clock);
      {
        await using before = await open();
        await before.ledger.useTargets([updating]);
        await before.fires("a");
        await before.attempt(message("1.0"));
        await before.ends("a");
      }
      await using after = await open();
      expect((await after.claimOne()).receipt).toBe("C1:1.0");
    });
  });
}

function reminder(subject: LedgerSubject): void {
  test("comes with the word that an event is a reminder", async () => {
    await using harness = await LedgerHarness.open(subject, { targets: [updating] });
    await harness.fires("a");
    await harness.attempt(message("1.0"));
    await harness.clock.advance(4 * hour - minute);
    await harness.fires("a");
    await harness.clock.advance(minute);
    expect(await harness.claimOne()).toMatchObject({ action: "trigger", receipt: "C1:1.0", cause: "reminder" });
  });
}
