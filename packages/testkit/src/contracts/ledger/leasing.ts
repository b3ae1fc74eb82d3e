import type { Lease } from "@tocsin/core";
import { describe, expect, it } from "vitest";
import { epochMs as t0 } from "../../claims.ts";
import { pagerdutyLimit, targetTerms } from "../../target-terms.ts";
import {
  accepted,
  day,
  hour,
  leaseMarginMs,
  leaseMs,
  type LedgerSubject,
  minute,
  quickSettings,
  refused,
  second,
  serverError,
  Stage,
  suspicious,
  timedOut,
  tooMany,
  unauthorized,
} from "./stage.ts";

const said = ({ action, dedupKey }: Lease): string => `${action} ${dedupKey}`;

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

const limited = (limit: number) =>
  targetTerms("pagerduty", { rateLimit: { ...pagerdutyLimit, limit, perMs: minute, reserve: 0 } });

const lateTrigger = async (stage: Stage): Promise<Lease> => {
  await stage.fires("a");
  const lost = await stage.claimOne("one");
  await stage.ends("a");
  await stage.clock.advance(leaseMs);
  await stage.attempt(accepted);
  expect(await stage.stands()).toEqual(["closed delivered"]);
  return lost;
};

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
    it("at most one live lease an incident, whoever asks and whatever is said meanwhile", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const trigger = await stage.claimOne("one");
      await stage.ends("a");
      expect(await stage.claim(100, "one")).toEqual([]);
      expect(await stage.claim(100, "two")).toEqual([]);
      await stage.settle(trigger);
      expect((await stage.claimOne("two")).action).toBe("resolve");
    });

    it("carries what an attempt needs", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { severity: "critical", summary: "a burns" });
      expect(await stage.claimOne()).toMatchObject({
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
        alert: { fingerprint: "a", labels: { alertname: "a" } },
      });
    });

    it("are handed out most urgent first, over all targets", async () => {
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

    it("are shared in turn among targets of one urgency", async () => {
      await using stage = await Stage.open(subject, { targets: [targetTerms("one"), targetTerms("two")] });
      for (let n = 0; n < 40; n++) await stage.fires(`a${n}`, { at: [n < 30 ? "one" : "two"] });
      const first = await stage.claim(20);
      expect(first.filter(({ target }) => target === "two")).toHaveLength(10);
    });

    it("of one target leave room for others: ten whose attempts hang do not stall an eleventh", async () => {
      const names = Array.from({ length: 11 }, (_, n) => `t${n}`);
      await using stage = await Stage.open(subject, { targets: names.map((name) => targetTerms(name)) });
      for (const name of names.slice(0, 10))
        for (let n = 0; n < 50; n++) await stage.fires(`${name}-${n}`, { at: [name] });
      await stage.claim(200);
      await stage.claim(200);
      await stage.fires("last", { at: ["t10"] });
      expect((await stage.claim(200)).map(({ target }) => target)).toContain("t10");
    });

    it("that are released are due again at once, as perhaps told", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.claimOne("one");
      await stage.ledger.release("two");
      expect(await stage.claim()).toEqual([]);
      await stage.ledger.release("one");
      expect((await stage.newest()).told).toMatchObject({ certain: false });
      expect((await stage.claimOne("two")).action).toBe("trigger");
    });

    it("settling twice changes nothing", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const trigger = await stage.claimOne();
      expect(await stage.settle(trigger)).toBe(true);
      expect(await stage.settle(trigger, refused)).toBe(false);
      expect(await stage.stands()).toEqual(["told delivered"]);
    });
  });

  describe("outcomes", () => {
    it("an attempt of unknown fate is repeated while it fires", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(timedOut);
      expect(await stage.newest()).toMatchObject({ state: "due", told: { event: "trigger", certain: false } });
    });

    it("after an attempt of unknown fate its end alone is told where unknown resolves are dropped", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(timedOut);
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
    });

    it("elsewhere the trigger is repeated first", async () => {
      const traits = { dropsUnknownResolves: false, acknowledges: false };
      await using stage = await Stage.open(subject, { targets: [targetTerms("pagerduty", { traits })] });
      await stage.fires("a");
      const trigger = await stage.claimOne();
      await stage.ends("a");
      await stage.settle(trigger, { kind: "interrupted", left: true, detail: "stopped" });
      expect(await stage.tell()).toEqual(["trigger a", "resolve a"]);
    });

    it("an interrupted attempt that never left is due at once and counts for nothing", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt({ kind: "interrupted", left: false, detail: "stopped" });
      expect(await stage.newest()).toMatchObject({ told: null, attempts: 0, failures: 0 });
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    it("what the receiver refuses is dead; it names the answer", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(refused);
      expect(await stage.stands()).toEqual(["dead dead_invalid"]);
      expect(await stage.tell()).toEqual([]);
    });

    it("what is refused after it ended, and nothing can undo, stays dead", async () => {
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

    it("a refusal that may be the key's fault is followed by one question for the key", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("good");
      await stage.attempt(suspicious);
      expect((await stage.attempt(accepted)).action).toBe("check");
      expect(await stage.stands()).toEqual(["dead dead_invalid"]);
      await stage.fires("bad");
      await stage.attempt(suspicious);
      expect((await stage.attempt(suspicious)).action).toBe("check");
      expect((await stage.stands())[0]).toBe("due waiting_auth");
      expect(await stage.ledger.standing()).toMatchObject([{ blocked: { state: "unauthorized" } }]);
    });

    it("what was refused after it may have been told is still resolved, also when it ended meanwhile", async () => {
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

  describe("a report whose answer got lost", () => {
    it("changes nothing when it comes again, whatever was told since", async () => {
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

    it("nor where other attempts of its incident were settled before it came again", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const trigger = await stage.attempt();
      await stage.ends("a");
      await stage.attempt();
      expect(await stage.settle(trigger)).toBe(false);
      expect(await stage.tell()).toEqual([]);
    });
  });

  if (subject.virtualTime) leaseTime(subject);
  if (subject.virtualTime) waiting(subject);
}

function leaseTime(subject: LedgerSubject): void {
  describe("a lease that ran out", () => {
    it("is taken over, and its owner's report comes too late", async () => {
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

    it("counts as perhaps told", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.claimOne("one");
      await stage.ends("a");
      await stage.clock.advance(leaseMs);
      expect((await stage.claimOne("two")).action).toBe("resolve");
    });

    it("and whose owner reports late makes the last event be said again", async () => {
      await using stage = await Stage.open(subject);
      const lost = await lateTrigger(stage);
      expect(await stage.settle(lost, accepted)).toBe(false);
      expect(await stage.tell()).toEqual(["resolve a"]);
      expect(await stage.after(hour)).toEqual([]);
    });

    it("and whose owner reports that nobody answered makes it be said again when it can no longer arrive", async () => {
      await using stage = await Stage.open(subject);
      const lost = await lateTrigger(stage);
      await stage.settle(lost, timedOut);
      expect(await stage.after(10 * second - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["resolve a"]);
    });

    it("and whose owner never reports makes it be said again once its request can no longer arrive", async () => {
      await using stage = await Stage.open(subject);
      await lateTrigger(stage);
      expect(await stage.after(10 * second - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["resolve a"]);
      expect(await stage.after(hour)).toEqual([]);
    });

    it("is repaired after the attempt that is under way when its owner reports", async () => {
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

    it("and whose owner was away for longer than anybody reckoned with is repaired when it reports", async () => {
      await using stage = await Stage.open(subject);
      const lost = await lateTrigger(stage);
      expect(await stage.after(hour)).toEqual(["resolve a"]);
      expect(await stage.settle(lost, accepted)).toBe(false);
      expect(await stage.tell()).toEqual(["resolve a"]);
      expect(await stage.after(hour)).toEqual([]);
    });

    it("and may have ended a later episode makes that be said again", async () => {
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

    it("and whose question for the key comes too late says nothing of its event", async () => {
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

    it("and may have opened what a later episode never told is ended, also where its target was switched off meanwhile", async () => {
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

    it("and whose owner never sent anything needs no repair", async () => {
      await using stage = await Stage.open(subject);
      const lost = await lateTrigger(stage);
      await stage.after(hour);
      await stage.settle(lost, { kind: "interrupted", left: false, detail: "the lease ran out" });
      expect(await stage.tell()).toEqual([]);
    });

    it("is repaired although its alert fires again: both are told, in order", async () => {
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

    it("is the next episode's to repair, where that has begun", async () => {
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

    it("and needs no repair after all keeps nothing else waiting", async () => {
      await using stage = await Stage.open(subject, { settings: { remind: 4 * hour } });
      await stage.fires("reminded");
      await stage.tell();
      await stage.clock.advance(4 * hour - leaseMs - 11 * second);
      await stage.fires("a");
      await stage.claimOne("one");
      await stage.clock.advance(leaseMs);
      expect(await stage.tell()).toEqual(["trigger a"]);
      await stage.clock.advance(11 * second);
      expect((await stage.claim(1)).map(({ dedupKey }) => dedupKey)).toEqual(["reminded"]);
    });

    it("that said what was told anyway needs no repair", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.claimOne("one");
      await stage.clock.advance(leaseMs);
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect(await stage.after(hour)).toEqual([]);
    });
  });

  describe("an attempt that nobody answered", () => {
    it("may still arrive: if something else was told since, that is told again", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(timedOut);
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
      expect(await stage.after(10 * second - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["resolve a"]);
      expect(await stage.after(hour)).toEqual([]);
    });

    it("needs no more than its own repetition where nothing else was told", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(timedOut);
      expect(await stage.after(second)).toEqual(["trigger a"]);
      expect(await stage.after(hour)).toEqual([]);
    });

    it("keeps its slot for as long as it may still arrive", async () => {
      await using stage = await Stage.open(subject, { targets: [limited(1)] });
      await stage.fires("a");
      await stage.attempt(timedOut);
      expect(await stage.after(minute)).toEqual([]);
      expect(await stage.after(10 * second)).toEqual(["trigger a"]);
    });
  });

  describe("an owner that vanished", () => {
    it("with the probe of a pause does not keep it paused", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(tooMany);
      expect(await afterVanishing(stage, 30 * second)).toBe(1);
    });

    it("with the probe of a refused key does not keep it refused", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(unauthorized);
      expect(await afterVanishing(stage, minute)).toBe(1);
    });

    it("with the probe of a breaker does not keep it open", async () => {
      await using stage = await Stage.open(subject);
      for (const name of ["a", "b", "c", "d", "e"]) await stage.fires(name);
      for (const lease of await stage.claim()) await stage.settle(lease, serverError);
      expect(await afterVanishing(stage, 10 * second)).toBe(1);
    });

    it("with all its places gets them back", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const request = { owner: "one", most: 1, concurrency: 1, leaseMarginMs, ahead: { targets: [], factor: 1 } };
      expect((await stage.ledger.claimDue(request)).leases).toHaveLength(1);
      await stage.clock.advance(leaseMs);
      expect((await stage.ledger.claimDue(request)).leases).toHaveLength(1);
    });
  });

  describe("the ledger's time", () => {
    it("never runs backwards, and does not stand still after the wall clock jumped back", async () => {
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

function waiting(subject: LedgerSubject): void {
  describe("the limiter", () => {
    it("is charged before the lease is handed out, and freed one window after the attempt ended", async () => {
      await using stage = await Stage.open(subject, { targets: [limited(2)] });
      for (const name of ["a", "b", "c"]) await stage.fires(name);
      const leases = await stage.claim();
      expect(leases).toHaveLength(2);
      expect(await stage.ledger.standing()).toMatchObject([{ limiter: { limit: 2, used: 2 } }]);
      await stage.clock.advance(5 * second);
      for (const lease of leases) await stage.settle(lease, accepted);
      expect(await stage.after(minute - 1)).toEqual([]);
      expect((await stage.stands())[0]).toBe("due waiting_limit");
      expect(await stage.after(1)).toEqual(["trigger c"]);
    });

    it("counts retries", async () => {
      await using stage = await Stage.open(subject, { targets: [limited(2)] });
      await stage.fires("a");
      await stage.attempt(serverError);
      await stage.clock.advance(second);
      await stage.attempt(serverError);
      expect(await stage.after(10 * second)).toEqual([]);
      expect(await stage.after(minute)).toEqual(["trigger a"]);
    });

    it("is one for all targets that share a credential", async () => {
      const shared = { credential: "shared", rateLimit: { ...pagerdutyLimit, limit: 3, reserve: 0 } };
      const targets = [targetTerms("one", shared), targetTerms("two", shared), targetTerms("other")];
      await using stage = await Stage.open(subject, { targets });
      for (const name of ["a", "b", "c"]) await stage.fires(name, { at: ["one", "two", "other"] });
      const leases = await stage.claim();
      expect(leases.filter(({ target }) => target !== "other")).toHaveLength(3);
      expect(leases.filter(({ target }) => target === "other")).toHaveLength(3);
    });

    it("keeps its reserve for criticals", async () => {
      const rateLimit = { ...pagerdutyLimit, limit: 10 };
      await using stage = await Stage.open(subject, { targets: [targetTerms("pagerduty", { rateLimit })] });
      for (let n = 0; n < 20; n++) await stage.fires(`w${n}`, { severity: "warning" });
      expect(await stage.claim()).toHaveLength(8);
      await stage.fires("c", { severity: "critical" });
      expect((await stage.claimOne()).dedupKey).toBe("c");
    });

    it("says when to ask again", async () => {
      await using stage = await Stage.open(subject, { targets: [limited(1)] });
      await stage.fires("a");
      await stage.fires("b");
      await stage.attempt(accepted);
      const ahead = { targets: [], factor: 1 };
      const claimed = await stage.ledger.claimDue({ owner: "w", most: 9, concurrency: 9, leaseMarginMs: 1, ahead });
      expect(claimed).toMatchObject({ leases: [], limited: ["pagerduty"], nextAtMs: t0 + minute });
    });
  });

  describe("an attempt that no incident makes", () => {
    it("is charged like any other, and not made where there is no room, no target, or a pause", async () => {
      await using stage = await Stage.open(subject, { targets: [limited(2)] });
      await stage.fires("a");
      await stage.attempt();
      expect([await stage.ledger.charge("pagerduty"), await stage.ledger.charge("pagerduty")]).toEqual([true, false]);
      expect(await stage.ledger.charge("nobody")).toBe(false);
      await stage.fires("b");
      expect(await stage.claim()).toEqual([]);
      if (!subject.virtualTime) return;
      await stage.clock.advance(2 * minute);
      await stage.attempt(tooMany);
      expect(await stage.ledger.charge("pagerduty")).toBe(false);
    });
  });

  describe("a 429", () => {
    it("pauses the credential for everybody who uses it, then lets one ask", async () => {
      const shared = { credential: "shared" };
      const targets = [targetTerms("one", shared), targetTerms("two", shared)];
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", { at: ["one"] });
      await stage.attempt(tooMany);
      for (let n = 0; n < 5; n++) await stage.fires(`b${n}`, { at: ["two"] });
      expect(await stage.claim()).toEqual([]);
      expect((await stage.stands())[0]).toBe("due waiting_pause");
      await stage.clock.advance(30 * second);
      const probe = await stage.claim();
      expect(probe).toHaveLength(1);
      await stage.settle(probe[0] as Lease);
      expect(await stage.tell()).toHaveLength(5);
    });

    it("is asked about again by another attempt where the one that asked met a failure", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(tooMany);
      await stage.clock.advance(30 * second);
      await stage.attempt(serverError);
      await stage.fires("b");
      expect((await stage.claim()).map(said)).toEqual(["trigger b"]);
    });

    it("waits as long as it says", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt({ ...tooMany, retryAfterMs: 5 * minute });
      expect(await stage.after(5 * minute - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["trigger a"]);
    });

    it("halves the limit, which comes back by a tenth with each quiet minute", async () => {
      await using stage = await Stage.open(subject, { targets: [limited(100)] });
      await stage.fires("a");
      await stage.attempt(tooMany);
      const limit = async () => (await stage.ledger.standing())[0]?.limiter.limit;
      expect(await limit()).toBe(50);
      await stage.after(2 * minute);
      expect(await limit()).toBe(70);
    });
  });

  describe("a target that fails", () => {
    it("is left alone after five failures of two incidents, then probed by one", async () => {
      await using stage = await Stage.open(subject);
      for (const name of ["a", "b", "c", "d", "e"]) await stage.fires(name);
      for (const lease of await stage.claim()) await stage.settle(lease, serverError);
      await stage.fires("f", { severity: "critical" });
      expect(await stage.claim()).toEqual([]);
      expect(await stage.ledger.standing()).toMatchObject([{ breaker: { state: "open", untilMs: t0 + 10 * second } }]);
      expect((await stage.stands())[0]).toBe("due waiting_breaker");
      await stage.clock.advance(10 * second);
      const probe = await stage.claimOne();
      expect(probe.dedupKey).toBe("f");
      await stage.settle(probe);
      expect(await stage.tell()).toHaveLength(5);
    });

    it("is not probed twice in a row by the same incident", async () => {
      await using stage = await Stage.open(subject);
      for (const name of ["a", "b", "c", "d", "e"]) await stage.fires(name);
      for (const lease of await stage.claim()) await stage.settle(lease, serverError);
      await stage.clock.advance(10 * second);
      const first = await stage.attempt(serverError);
      await stage.clock.advance(20 * second);
      expect((await stage.claimOne()).dedupKey).not.toBe(first.dedupKey);
    });

    it("loses nothing: what waits for it stays due", async () => {
      await using stage = await Stage.open(subject);
      for (let n = 0; n < 20; n++) await stage.fires(`a${n}`);
      for (const lease of await stage.claim()) await stage.settle(lease, serverError);
      const told: string[] = [];
      for (let at = 0; at < 20; at++) told.push(...(await stage.after(minute)));
      expect(new Set(told).size).toBe(20);
    });
  });

  describe("a target that takes nothing", () => {
    it("is asked again every minute by one attempt, and all of it waits", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.fires("b");
      const [first, second_] = await stage.claim();
      await stage.settle(first as Lease, unauthorized);
      await stage.settle(second_ as Lease, unauthorized);
      expect(await stage.claim()).toEqual([]);
      expect(await stage.stands()).toEqual(["due waiting_auth", "due waiting_auth"]);
      await stage.clock.advance(minute);
      await stage.attempt(unauthorized);
      await stage.clock.advance(minute);
      await stage.attempt(accepted);
      expect(await stage.tell()).toHaveLength(1);
      expect(await stage.ledger.standing()).toMatchObject([{ blocked: null }]);
    });

    it("once its key is repaired, all that it had refused is told: the event was not to blame", async () => {
      await using stage = await Stage.open(subject);
      for (const name of ["a", "b", "c"]) await stage.fires(name);
      for (const lease of await stage.claim()) await stage.settle(lease, suspicious);
      const checks = await stage.claim();
      expect(checks.map(({ action }) => action)).toEqual(["check", "check", "check"]);
      await stage.settle(checks[0] as Lease, suspicious);
      for (const lease of checks.slice(1)) await stage.settle(lease, { kind: "interrupted", left: false, detail: "" });
      const told: string[] = [];
      for (let at = 0; at < 3; at++) told.push(...(await stage.after(minute)));
      expect(told.filter((line) => line.startsWith("trigger")).toSorted()).toEqual([
        "trigger a",
        "trigger b",
        "trigger c",
      ]);
      expect(new Set(await stage.stands())).toEqual(new Set(["told delivered"]));
    });

    it("and a key that is asked about only much later says nothing of what was refused before", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(suspicious);
      await stage.clock.advance(11 * second);
      expect((await stage.attempt(accepted)).action).toBe("check");
      expect(await stage.after(second)).toEqual(["trigger a"]);
    });

    it("is not given up on, however long it takes", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      for (let at = 0; at < 50; at++) {
        await stage.attempt(unauthorized);
        await stage.clock.advance(hour);
      }
      expect(await stage.tell()).toEqual(["trigger a"]);
    });
  });

  describe("giving up", () => {
    it("comes 24 hours after the source's last word, and a repeat re-arms", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const tookMs = await exhaust(stage, 30 * hour);
      expect(tookMs).toBeGreaterThan(23 * hour);
      expect(tookMs).toBeLessThan(27 * hour);
      expect(await stage.stands()).toEqual(["dead dead_expired"]);
      await stage.fires("a");
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    it("never comes while the source confirms", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      for (let at = 0; at < 4; at++) {
        await exhaust(stage, 12 * hour);
        await stage.fires("a");
      }
      expect((await stage.newest()).state).toBe("due");
    });

    it("of a dead incident that may have been told, the end is told", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.attempt(timedOut);
      await exhaust(stage, 30 * hour);
      expect((await stage.newest()).state).toBe("dead");
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
    });

    it("a refused incident is re-armed by new content only", async () => {
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
