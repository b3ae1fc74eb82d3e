import { describe, expect, test } from "vitest";
import { alertIn } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import {
  day,
  leaseMarginMs,
  leaseMs,
  type LedgerSubject,
  minute,
  refused,
  said,
  second,
  serverError,
  Stage,
  tooMany,
  unauthorized,
} from "./ledger-harness.ts";

/** After so long one owner takes the one attempt there is, and is never heard of again; how many then go to another? */
const afterVanishing = async (stage: Stage, downMs: number): Promise<number> => {
  await stage.clock.advance(downMs);
  if ((await stage.claim(1, "vanishing")).length !== 1) throw new Error("nothing to vanish with");
  await stage.clock.advance(leaseMs);
  return (await stage.claim(100, "other")).length;
};

/** Who may attempt what, when. */
export function leasing(subject: LedgerSubject): void {
  describe("leases", () => {
    test("at most one live lease an incident, whoever asks and whatever is said meanwhile", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const trigger = await stage.claimOne("one");
      await stage.ends("a");
      expect(await stage.claim(100, "one")).toEqual([]);
      expect(await stage.claim(100, "two")).toEqual([]);
      await stage.settle(trigger);
      expect((await stage.claimOne("two")).action).toBe("resolve");
    });

    test("carries what an attempt needs", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { severity: "critical", summary: "a burns" });
      const lease = await stage.claimOne();
      expect(lease).toMatchObject({
        target: "pagerduty",
        sealed: "sealed pagerduty",
        action: "trigger",
        dedupKey: "a",
        severity: "critical",
        summary: "a burns",
        firing: 1,
        first: true,
        shadow: false,
        timeoutMs: 10_000,
        leaseMs,
      });
      expect(alertIn(lease)).toMatchObject({ fingerprint: "a", labels: { alertname: "a" } });
    });

    test("are handed out most urgent first, over all targets", async () => {
      await using stage = await Stage.open(subject, { targets: [targetTerms("one"), targetTerms("two")] });
      await stage.fires("told", { at: ["one"], severity: "critical" });
      await stage.tell();
      await stage.fires("w", { at: ["one"], severity: "warning" });
      await stage.fires("i", { at: ["two"], severity: "info" });
      await stage.fires("e", { at: ["two"], severity: "error" });
      await stage.fires("c", { at: ["two"], severity: "critical" });
      await stage.ends("told");
      expect((await stage.claim(3)).map(said)).toEqual(["trigger c", "resolve told", "trigger e"]);
      expect((await stage.claim(3)).map(said)).toEqual(["trigger w", "trigger i"]);
    });

    test("are shared in turn among targets of one urgency", async () => {
      await using stage = await Stage.open(subject, { targets: [targetTerms("one"), targetTerms("two")] });
      for (let n = 0; n < 40; n++) await stage.fires(`a${n}`, { at: [n < 30 ? "one" : "two"] });
      const first = await stage.claim(20);
      expect(first.filter(({ target }) => target === "two")).toHaveLength(10);
    });

    test("of one target leave room for others: ten whose attempts hang do not stall an eleventh", async () => {
      const names = Array.from({ length: 11 }, (_, n) => `t${n}`);
      await using stage = await Stage.open(subject, { targets: names.map((name) => targetTerms(name)) });
      for (const name of names.slice(0, 10))
        for (let n = 0; n < 50; n++) await stage.fires(`${name}-${n}`, { at: [name] });
      await stage.claim(200);
      await stage.claim(200);
      await stage.fires("last", { at: ["t10"] });
      expect((await stage.claim(200)).map(({ target }) => target)).toContain("t10");
    });

    test("that are released are due again at once, as perhaps told", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.claimOne("one");
      await stage.ledger.release("two");
      expect(await stage.claim()).toEqual([]);
      await stage.ledger.release("one");
      expect((await stage.newest()).told).toMatchObject({ certain: false });
      expect((await stage.claimOne("two")).action).toBe("trigger");
    });

    test("settling twice changes nothing", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const trigger = await stage.claimOne();
      expect(await stage.settle(trigger)).toBe(true);
      expect(await stage.settle(trigger, refused)).toBe(false);
      expect(await stage.stands()).toEqual(["told delivered"]);
    });
  });

  describe("a report whose answer got lost", () => {
    test("changes nothing when it comes again, whatever was told since", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const trigger = await stage.attempt();
      expect(await stage.settle(trigger)).toBe(false);
      expect(await stage.tell()).toEqual([]);
      await stage.ends("a");
      const resolve = await stage.attempt();
      await stage.fires("a", { startsAtMs: stage.clock.now() });
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect(await stage.settle(resolve)).toBe(false);
      expect(await stage.tell()).toEqual([]);
    });

    test("nor where other attempts of its incident were settled before it came again", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const trigger = await stage.attempt();
      await stage.ends("a");
      await stage.attempt();
      expect(await stage.settle(trigger)).toBe(false);
      expect(await stage.tell()).toEqual([]);
    });
  });

  if (subject.virtualTime) owningInTime(subject);
}

function owningInTime(subject: LedgerSubject): void {
  describe("an owner that vanished", () => {
    test("with the probe of a pause does not keep it paused", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(tooMany);
      expect(await afterVanishing(stage, 30 * second)).toBe(1);
    });

    test("with the probe of a refused key does not keep it refused", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(unauthorized);
      expect(await afterVanishing(stage, minute)).toBe(1);
    });

    test("with the probe of a breaker does not keep it open", async () => {
      await using stage = await Stage.open(subject);
      for (const name of ["a", "b", "c", "d", "e"]) await stage.fires(name);
      for (const lease of await stage.claim()) await stage.settle(lease, serverError);
      expect(await afterVanishing(stage, 10 * second)).toBe(1);
    });

    test("with all its places gets them back", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const request = { owner: "one", max: 1, concurrency: 1, leaseMarginMs, ahead: { targets: [], factor: 1 } };
      expect((await stage.ledger.leaseDue(request)).leases).toHaveLength(1);
      await stage.clock.advance(leaseMs);
      expect((await stage.ledger.leaseDue(request)).leases).toHaveLength(1);
    });
  });

  describe("the ledger's time", () => {
    test("never runs backwards, and does not stand still after the wall clock jumped back", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(serverError);
      const nowMs = (await stage.ledger.stats()).nowMs;
      stage.clock.jump(-day);
      expect((await stage.ledger.stats()).nowMs).toBeGreaterThanOrEqual(nowMs);
      expect(await stage.after(second)).toEqual(["trigger a"]);
      expect((await stage.ledger.stats()).nowMs).toBeGreaterThanOrEqual(nowMs + second);
    });
  });
}
