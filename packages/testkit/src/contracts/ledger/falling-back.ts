import { describe, expect, it } from "vitest";
import { epochMs as t0 } from "../../claims.ts";
import { pagerdutyLimit, targetTerms } from "../../target-terms.ts";
import { type LedgerSubject, minute, refused, second, serverError, Stage, unauthorized } from "./stage.ts";

const fallback = { target: "fallback", afterMs: 2 * minute };
const targets = [targetTerms("pagerduty", { fallback }), targetTerms("fallback")];
const critical = { severity: "critical" } as const;

/** What the fallback was told after so long, while its target fails. */
const toldWhere = async (stage: Stage, ms: number): Promise<string[]> => {
  await stage.clock.advance(ms);
  const told: string[] = [];
  for (let leases = await stage.claim(); leases.length > 0; leases = await stage.claim())
    for (const lease of leases) {
      if (lease.target === "fallback") told.push(lease.action);
      await stage.settle(lease, lease.target === "fallback" ? { kind: "accepted", receipt: "" } : serverError);
    }
  return told;
};

/** A critical that a target does not take in time is told elsewhere too. */
export function fallingBack(subject: LedgerSubject): void {
  if (!subject.virtualTime) return;
  describe("a fallback", () => {
    it("is told of a critical that stays untold for two minutes, once, and of its end", async () => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", critical);
      expect(await toldWhere(stage, 2 * minute - 1)).toEqual([]);
      expect(await toldWhere(stage, 1)).toEqual(["trigger"]);
      await stage.fires("a", critical);
      expect(await toldWhere(stage, 10 * minute)).toEqual([]);
      await stage.ends("a");
      expect(await toldWhere(stage, second)).toEqual(["resolve"]);
    });

    it.each([
      ["dead", refused],
      ["unauthorized", unauthorized],
    ])("for whatever reason: %s", async (_why, outcome) => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", critical);
      await stage.attempt(outcome);
      expect(await toldWhere(stage, 2 * minute)).toEqual(["trigger"]);
    });

    it("is told of nothing that was told in time, that ended, or that is no critical", async () => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("told", critical);
      await stage.tell();
      await stage.fires("ended", critical);
      await stage.attempt(serverError);
      await stage.ends("ended");
      await stage.fires("error", { severity: "error" });
      expect(await toldWhere(stage, 10 * minute)).toEqual([]);
    });

    it("is told of nothing that its target wants no more", async () => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", critical);
      await stage.attempt(serverError);
      await stage.ledger.reroute([{ fingerprint: "a", routes: [] }]);
      await stage.fires("b", critical);
      await stage.ledger.useTargets([targetTerms("fallback")]);
      expect(await toldWhere(stage, 10 * minute)).toEqual([]);
    });

    it("is told of the end also where its target was told meanwhile", async () => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", critical);
      expect(await toldWhere(stage, 2 * minute)).toEqual(["trigger"]);
      await stage.after(10 * minute);
      await stage.ends("a");
      expect((await stage.tell()).toSorted()).toEqual(["resolve a", "resolve a"]);
      expect((await stage.views()).map(({ state }) => state)).toEqual(["closed", "closed"]);
    });

    it("is told of the next episode only where that stays untold too", async () => {
      await using stage = await Stage.open(subject, { targets });
      await stage.fires("a", critical);
      expect(await toldWhere(stage, 2 * minute)).toEqual(["trigger"]);
      await stage.after(10 * minute);
      await stage.ends("a");
      const under = await stage.claim();
      expect(under).toHaveLength(2);
      await stage.fires("a", { ...critical, startsAtMs: stage.clock.now() });
      for (const lease of under) await stage.settle(lease);
      expect((await stage.claim()).map(({ target }) => target)).toEqual(["pagerduty"]);
    });

    it("that is missing or disabled costs nothing", async () => {
      for (const others of [[], [targetTerms("fallback", { enabled: false })]]) {
        await using stage = await Stage.open(subject, { targets: [targetTerms("pagerduty", { fallback }), ...others] });
        await stage.fires("a", critical);
        expect(await toldWhere(stage, 10 * minute)).toEqual([]);
        expect((await stage.newest()).target).toBe("pagerduty");
      }
    });
  });

  describe("an attempt that no incident makes", () => {
    const limited = { ...pagerdutyLimit, limit: 2, perMs: minute, reserve: 0 };

    it("is charged to its target's credential, and counts for the others", async () => {
      await using stage = await Stage.open(subject, { targets: [targetTerms("pagerduty", { rateLimit: limited })] });
      expect(await stage.ledger.charge("pagerduty")).toBe(true);
      expect(await stage.ledger.charge("pagerduty")).toBe(true);
      expect(await stage.ledger.charge("pagerduty")).toBe(false);
      expect(await stage.ledger.charge("nobody")).toBe(false);
      await stage.fires("a");
      expect(await stage.claim()).toEqual([]);
      expect(await stage.after(2 * minute)).toEqual(["trigger a"]);
      expect(stage.clock.now()).toBe(t0 + 2 * minute);
    });
  });
}
