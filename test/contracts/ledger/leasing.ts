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
  LedgerHarness,
  tooMany,
  unauthorized,
} from "./ledger-harness.ts";

/** After this time one owner leases the only possible attempt and vanishes; returns how many leases another owner gets then. */
const afterVanishing = async (harness: LedgerHarness, downMs: number): Promise<number> => {
  await harness.clock.advance(downMs);
  if ((await harness.claim(1, "vanishing")).length !== 1) throw new Error("nothing to vanish with");
  await harness.clock.advance(leaseMs);
  return (await harness.claim(100, "other")).length;
};

/** Which owner may attempt which incident, and when. */
export function leasing(subject: LedgerSubject): void {
  describe("leases", () => {
    test("an incident has at most one live lease, whatever is recorded meanwhile", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      const trigger = await harness.claimOne("one");
      await harness.ends("a");
      expect(await harness.claim(100, "one")).toEqual([]);
      expect(await harness.claim(100, "two")).toEqual([]);
      await harness.settle(trigger);
      expect((await harness.claimOne("two")).action).toBe("resolve");
    });

    test("a lease carries everything that an attempt needs", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { severity: "critical", summary: "a burns" });
      const lease = await harness.claimOne();
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
      await using harness = await LedgerHarness.open(subject, { targets: [targetTerms("one"), targetTerms("two")] });
      await harness.fires("told", { at: ["one"], severity: "critical" });
      await harness.tell();
      await harness.fires("w", { at: ["one"], severity: "warning" });
      await harness.fires("i", { at: ["two"], severity: "info" });
      await harness.fires("e", { at: ["two"], severity: "error" });
      await harness.fires("c", { at: ["two"], severity: "critical" });
      await harness.ends("told");
      expect((await harness.claim(3)).map(said)).toEqual(["trigger c", "resolve told", "trigger e"]);
      expect((await harness.claim(3)).map(said)).toEqual(["trigger w", "trigger i"]);
    });

    test("are given in turn to targets of one urgency", async () => {
      await using harness = await LedgerHarness.open(subject, { targets: [targetTerms("one"), targetTerms("two")] });
      for (let n = 0; n < 40; n++) await harness.fires(`a${n}`, { at: [n < 30 ? "one" : "two"] });
      const first = await harness.claim(20);
      expect(first.filter(({ target }) => target === "two")).toHaveLength(10);
    });

    test("leave room for other targets: ten targets whose attempts hang do not stall an eleventh", async () => {
      const names = Array.from({ length: 11 }, (_, n) => `t${n}`);
      await using harness = await LedgerHarness.open(subject, { targets: names.map((name) => targetTerms(name)) });
      for (const name of names.slice(0, 10))
        for (let n = 0; n < 50; n++) await harness.fires(`${name}-${n}`, { at: [name] });
      await harness.claim(200);
      await harness.claim(200);
      await harness.fires("last", { at: ["t10"] });
      expect((await harness.claim(200)).map(({ target }) => target)).toContain("t10");
    });

    test("that are released are due again at once, as perhaps delivered", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.claimOne("one");
      await harness.ledger.release("two");
      expect(await harness.claim()).toEqual([]);
      await harness.ledger.release("one");
      expect((await harness.newest()).told).toMatchObject({ certain: false });
      expect((await harness.claimOne("two")).action).toBe("trigger");
    });

    test("settling twice changes nothing", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      const trigger = await harness.claimOne();
      expect(await harness.settle(trigger)).toBe(true);
      expect(await harness.settle(trigger, refused)).toBe(false);
      expect(await harness.stands()).toEqual(["told delivered"]);
    });
  });

  describe("a report whose answer was lost", () => {
    test("changes nothing when it is repeated, whatever was delivered since", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      const trigger = await harness.attempt();
      expect(await harness.settle(trigger)).toBe(false);
      expect(await harness.tell()).toEqual([]);
      await harness.ends("a");
      const resolve = await harness.attempt();
      await harness.fires("a", { startsAtMs: harness.clock.now() });
      expect(await harness.tell()).toEqual(["trigger a"]);
      expect(await harness.settle(resolve)).toBe(false);
      expect(await harness.tell()).toEqual([]);
    });

    test("changes nothing when it is repeated after other attempts of its incident were settled", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      const trigger = await harness.attempt();
      await harness.ends("a");
      await harness.attempt();
      expect(await harness.settle(trigger)).toBe(false);
      expect(await harness.tell()).toEqual([]);
    });
  });

  if (subject.virtualTime) owningInTime(subject);
}

function owningInTime(subject: LedgerSubject): void {
  describe("an owner that vanished with leases", () => {
    test("does not keep a credential paused although it had the probe", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(tooMany);
      expect(await afterVanishing(harness, 30 * second)).toBe(1);
    });

    test("does not keep a key blocked although it had the probe", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(unauthorized);
      expect(await afterVanishing(harness, minute)).toBe(1);
    });

    test("does not keep a breaker open although it had the probe", async () => {
      await using harness = await LedgerHarness.open(subject);
      for (const name of ["a", "b", "c", "d", "e"]) await harness.fires(name);
      for (const lease of await harness.claim()) await harness.settle(lease, serverError);
      expect(await afterVanishing(harness, 10 * second)).toBe(1);
    });

    test("frees all its places of concurrency", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      const request = { owner: "one", max: 1, concurrency: 1, leaseMarginMs, ahead: { targets: [], factor: 1 } };
      expect((await harness.ledger.leaseDue(request)).leases).toHaveLength(1);
      await harness.clock.advance(leaseMs);
      expect((await harness.ledger.leaseDue(request)).leases).toHaveLength(1);
    });
  });

  describe("the ledger's time", () => {
    test("never runs backwards, and does not stop after the wall clock jumped back", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.attempt(serverError);
      const nowMs = (await harness.ledger.stats()).nowMs;
      harness.clock.jump(-day);
      expect((await harness.ledger.stats()).nowMs).toBeGreaterThanOrEqual(nowMs);
      expect(await harness.after(second)).toEqual(["trigger a"]);
      expect((await harness.ledger.stats()).nowMs).toBeGreaterThanOrEqual(nowMs + second);
    });
  });
}
