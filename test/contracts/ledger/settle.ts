import { describe, expect, test } from "vitest";
import { targetTerms } from "../../kit/target-terms.ts";
import {
  accepted,
  hour,
  type LedgerSubject,
  minute,
  quickSettings,
  refused,
  serverError,
  LedgerHarness,
  suspicious,
  timedOut,
} from "./ledger-harness.ts";

const exhaust = async (harness: LedgerHarness, maxMs: number): Promise<number> => {
  const startedAtMs = harness.clock.now();
  while (harness.clock.now() - startedAtMs < maxMs) {
    const [lease] = await harness.claim();
    if (lease) await harness.settle(lease, serverError);
    if ((await harness.newest()).state === "dead") return harness.clock.now() - startedAtMs;
    await harness.clock.advance(minute);
  }
  return maxMs;
};

/** Effects of outcomes on an incident. */
export function settling(subject: LedgerSubject): void {
  describe("outcomes", () => {
    test("an attempt of unknown outcome is repeated while the alert fires", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(timedOut);
      expect(await harness.newest()).toMatchObject({ state: "due", told: { event: "trigger", certain: false } });
    });

    test("after an attempt of unknown outcome only the resolve is sent if the receiver drops unknown resolves", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(timedOut);
      await harness.ends("a");
      expect(await harness.tell()).toEqual(["resolve a"]);
    });

    test("after an attempt of unknown outcome the trigger is repeated first if the receiver keeps unknown resolves", async () => {
      const traits = { dropsUnknownResolves: false, acknowledges: false };
      await using harness = await LedgerHarness.open(subject, { targets: [targetTerms("pagerduty", { traits })] });
      await harness.fires("a");
      const trigger = await harness.claimOne();
      await harness.ends("a");
      await harness.settle(trigger, { kind: "interrupted", left: true, detail: "stopped" });
      expect(await harness.tell()).toEqual(["trigger a", "resolve a"]);
    });

    test("an interrupted attempt that never left is due at once and is not counted", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt({ kind: "interrupted", left: false, detail: "stopped" });
      expect(await harness.newest()).toMatchObject({ told: null, attempts: 0, failures: 0 });
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("a refused event is a dead letter with the answer", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(refused);
      expect(await harness.stands()).toEqual(["dead dead_invalid"]);
      expect(await harness.tell()).toEqual([]);
    });

    test("an event that is refused although its key is valid is a dead letter with the answer to the event, not to the key check", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(suspicious);
      const check = await harness.claimOne();
      expect(check.action).toBe("check");
      await harness.settle(check, accepted);
      const [letter] = (await harness.ledger.deadLetters({ limit: 1 })).deadLetters;
      expect(letter).toMatchObject({ action: "trigger", reason: "dead_invalid", answer: "HTTP 400" });
    });

    test("a refused event of an ended alert stays dead if nothing can undo it", async () => {
      await using harness = await LedgerHarness.open(subject, {
        targets: [targetTerms("pagerduty", { pageResolved: "always" })],
      });
      await harness.fires("a");
      const trigger = await harness.claimOne();
      await harness.ends("a");
      await harness.settle(trigger, refused);
      expect(await harness.tell()).toEqual([]);
      expect(await harness.stands()).toEqual(["dead dead_invalid"]);
    });

    test("a refusal that may be caused by the key is followed by one key check", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("good");
      await harness.attempt(suspicious);
      expect((await harness.attempt(accepted)).action).toBe("check");
      expect(await harness.stands()).toEqual(["dead dead_invalid"]);
      await harness.fires("bad");
      await harness.attempt(suspicious);
      expect((await harness.attempt(suspicious)).action).toBe("check");
      expect((await harness.stands())[0]).toBe("due waiting_auth");
      expect(await harness.ledger.targetStatus()).toMatchObject([{ blocked: { state: "unauthorized" } }]);
    });

    test("an incident that was refused after it was perhaps delivered is still resolved, also if it ended meanwhile", async () => {
      await using harness = await LedgerHarness.open(subject, {
        settings: { retry: { ...quickSettings.retry, initial: 0, max: 0 } },
      });
      await harness.fires("a");
      await harness.attempt(timedOut);
      const again = await harness.claimOne();
      await harness.ends("a");
      await harness.settle(again, refused);
      expect(await harness.tell()).toEqual(["resolve a"]);
    });
  });

  if (subject.virtualTime) givingUp(subject);
}

function givingUp(subject: LedgerSubject): void {
  describe("giving up", () => {
    test("comes 24 hours after the source's last confirmation, and a repeat starts again", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      const tookMs = await exhaust(harness, 30 * hour);
      expect(tookMs).toBeGreaterThan(23 * hour);
      expect(tookMs).toBeLessThan(27 * hour);
      expect(await harness.stands()).toEqual(["dead dead_expired"]);
      await harness.fires("a");
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("never comes while the source confirms", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      for (let at = 0; at < 4; at++) {
        await exhaust(harness, 12 * hour);
        await harness.fires("a");
      }
      expect((await harness.newest()).state).toBe("due");
    });

    test("still sends the resolve of a dead incident that was perhaps delivered", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(timedOut);
      await exhaust(harness, 30 * hour);
      expect((await harness.newest()).state).toBe("dead");
      await harness.ends("a");
      expect(await harness.tell()).toEqual(["resolve a"]);
    });

    test("a refused incident is tried again only with new content", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { summary: "same" });
      await harness.attempt(refused);
      await harness.fires("a", { summary: "same" });
      expect(await harness.tell()).toEqual([]);
      await harness.fires("a", { summary: "other" });
      expect(await harness.tell()).toEqual(["trigger a"]);
    });
  });
}
