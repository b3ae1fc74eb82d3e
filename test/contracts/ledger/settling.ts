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
  Stage,
  suspicious,
  timedOut,
} from "./ledger-harness.ts";

const exhaust = async (stage: Stage, mostMs: number): Promise<number> => {
  const startedAtMs = stage.clock.now();
  while (stage.clock.now() - startedAtMs < mostMs) {
    const [lease] = await stage.claim();
    if (lease) await stage.settle(lease, serverError);
    if ((await stage.newest()).state === "dead") return stage.clock.now() - startedAtMs;
    await stage.clock.advance(minute);
  }
  return mostMs;
};

/** What an outcome makes of an incident. */
export function settling(subject: LedgerSubject): void {
  describe("outcomes", () => {
    test("an attempt of unknown fate is repeated while it fires", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(timedOut);
      expect(await stage.newest()).toMatchObject({ state: "due", told: { event: "trigger", certain: false } });
    });

    test("after an attempt of unknown fate its end alone is told where unknown resolves are dropped", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(timedOut);
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
    });

    test("elsewhere the trigger is repeated first", async () => {
      const traits = { dropsUnknownResolves: false, acknowledges: false };
      await using stage = await Stage.open(subject, { targets: [targetTerms("pagerduty", { traits })] });
      await stage.fires("a");
      const trigger = await stage.claimOne();
      await stage.ends("a");
      await stage.settle(trigger, { kind: "interrupted", left: true, detail: "stopped" });
      expect(await stage.tell()).toEqual(["trigger a", "resolve a"]);
    });

    test("an interrupted attempt that never left is due at once and counts for nothing", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt({ kind: "interrupted", left: false, detail: "stopped" });
      expect(await stage.newest()).toMatchObject({ told: null, attempts: 0, failures: 0 });
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("what the receiver refuses is dead; it names the answer", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(refused);
      expect(await stage.stands()).toEqual(["dead dead_invalid"]);
      expect(await stage.tell()).toEqual([]);
    });

    test("what is refused although the key is known is a dead letter of the event, not of the question", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(suspicious);
      const check = await stage.claimOne();
      expect(check.action).toBe("check");
      await stage.settle(check, accepted);
      const [letter] = (await stage.ledger.deadLetters({ limit: 1 })).deadLetters;
      expect(letter).toMatchObject({ action: "trigger", reason: "dead_invalid", answer: "HTTP 400" });
    });

    test("what is refused after it ended, and nothing can undo, stays dead", async () => {
      await using stage = await Stage.open(subject, {
        targets: [targetTerms("pagerduty", { pageResolved: "always" })],
      });
      await stage.fires("a");
      const trigger = await stage.claimOne();
      await stage.ends("a");
      await stage.settle(trigger, refused);
      expect(await stage.tell()).toEqual([]);
      expect(await stage.stands()).toEqual(["dead dead_invalid"]);
    });

    test("a refusal that may be the key's fault is followed by one question for the key", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("good");
      await stage.attempt(suspicious);
      expect((await stage.attempt(accepted)).action).toBe("check");
      expect(await stage.stands()).toEqual(["dead dead_invalid"]);
      await stage.fires("bad");
      await stage.attempt(suspicious);
      expect((await stage.attempt(suspicious)).action).toBe("check");
      expect((await stage.stands())[0]).toBe("due waiting_auth");
      expect(await stage.ledger.targetStatus()).toMatchObject([{ blocked: { state: "unauthorized" } }]);
    });

    test("what was refused after it may have been told is still resolved, also when it ended meanwhile", async () => {
      await using stage = await Stage.open(subject, {
        settings: { retry: { ...quickSettings.retry, initial: 0, max: 0 } },
      });
      await stage.fires("a");
      await stage.attempt(timedOut);
      const again = await stage.claimOne();
      await stage.ends("a");
      await stage.settle(again, refused);
      expect(await stage.tell()).toEqual(["resolve a"]);
    });
  });

  if (subject.virtualTime) givingUp(subject);
}

function givingUp(subject: LedgerSubject): void {
  describe("giving up", () => {
    test("comes 24 hours after the source's last word, and a repeat re-arms", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const tookMs = await exhaust(stage, 30 * hour);
      expect(tookMs).toBeGreaterThan(23 * hour);
      expect(tookMs).toBeLessThan(27 * hour);
      expect(await stage.stands()).toEqual(["dead dead_expired"]);
      await stage.fires("a");
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("never comes while the source confirms", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      for (let at = 0; at < 4; at++) {
        await exhaust(stage, 12 * hour);
        await stage.fires("a");
      }
      expect((await stage.newest()).state).toBe("due");
    });

    test("of a dead incident that may have been told, the end is told", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(timedOut);
      await exhaust(stage, 30 * hour);
      expect((await stage.newest()).state).toBe("dead");
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
    });

    test("a refused incident is re-armed by new content only", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { summary: "same" });
      await stage.attempt(refused);
      await stage.fires("a", { summary: "same" });
      expect(await stage.tell()).toEqual([]);
      await stage.fires("a", { summary: "other" });
      expect(await stage.tell()).toEqual(["trigger a"]);
    });
  });
}
