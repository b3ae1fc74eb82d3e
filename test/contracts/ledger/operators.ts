import { describe, expect, test } from "vitest";
import { epochMs as t0 } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import { hour, type LedgerSubject, minute, Stage } from "./ledger-harness.ts";

/** What a person does to an incident. */
export function people(subject: LedgerSubject): void {
  describe("a person", () => {
    test("acknowledges: the target is told once, and repeats do not clear it", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      const { id } = await stage.newest();
      expect(await stage.ledger.acknowledge(id, "ann")).toBe(true);
      expect(await stage.tell()).toEqual(["acknowledge a"]);
      await stage.fires("a");
      expect(await stage.tell()).toEqual([]);
      expect((await stage.newest()).wanted.acknowledged).toBe(true);
    });

    test("who acknowledges before anything was told is heard after the trigger", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.ledger.acknowledge((await stage.newest()).id, "ann");
      expect(await stage.tell()).toEqual(["trigger a", "acknowledge a"]);
    });

    test("a higher severity clears the acknowledgement, and so does a new episode", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { severity: "warning" });
      await stage.tell();
      await stage.ledger.acknowledge((await stage.newest()).id, "ann");
      await stage.tell();
      await stage.fires("a", { severity: "critical" });
      expect(await stage.tell()).toEqual(["trigger a"]);
      await stage.ledger.acknowledge((await stage.newest()).id, "ann");
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
      await stage.fires("a", { severity: "critical", startsAtMs: t0 + 1 });
      expect(await stage.tell()).toEqual(["trigger a"]);
      expect((await stage.newest()).wanted.acknowledged).toBe(false);
    });

    test("is not told to a target that cannot be told so", async () => {
      const traits = { dropsUnknownResolves: true, acknowledges: false };
      await using stage = await Stage.open(subject, { targets: [targetTerms("pagerduty", { traits })] });
      await stage.fires("a");
      await stage.tell();
      await stage.ledger.acknowledge((await stage.newest()).id, "ann");
      expect(await stage.tell()).toEqual([]);
    });

    test("can do nothing to what is over or never was", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.ends("a");
      const { id } = await stage.newest();
      expect(await stage.ledger.acknowledge(id, "ann")).toBe(false);
      expect(await stage.ledger.resolve(id, "ann")).toBe(false);
      expect(await stage.ledger.acknowledge(id + 1_000, "ann")).toBe(false);
      expect(await stage.ledger.resolve(id + 1_000, "ann")).toBe(false);
    });

    test("is named in the history", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      const { id } = await stage.newest();
      await stage.ledger.acknowledge(id, "ann");
      await stage.ledger.resolve(id, "bob");
      const history = (await stage.ledger.incident(id))?.history.map(({ what }) => what).join(", ");
      expect(history).toContain("acknowledged by ann");
      expect(history).toContain("resolved by bob");
    });

    test("resolves: the end is told, and repeats change nothing", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      expect(await stage.ledger.resolve((await stage.newest()).id, "ann")).toBe(true);
      expect(await stage.tell()).toEqual(["resolve a"]);
      await stage.fires("a");
      expect(await stage.tell()).toEqual([]);
    });

    test("who resolves what was not told yet keeps it from being told", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.ledger.resolve((await stage.newest()).id, "ann");
      await stage.fires("a");
      expect(await stage.tell()).toEqual([]);
    });
  });

  if (subject.virtualTime) manualResolve(subject);
}

function manualResolve(subject: LedgerSubject): void {
  describe("a person's resolve", () => {
    test("holds for an hour against repeats; the next one re-opens", async () => {
      await using stage = await Stage.open(subject, { settings: { manualResolveFor: hour } });
      await stage.fires("a");
      await stage.tell();
      await stage.ledger.resolve((await stage.newest()).id, "ann");
      await stage.tell();
      for (let at = 0; at < 59; at++) {
        await stage.clock.advance(minute);
        await stage.fires("a");
        expect(await stage.tell()).toEqual([]);
      }
      await stage.clock.advance(minute);
      expect(await stage.tell()).toEqual([]);
      await stage.fires("a");
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("who resolves is not asked about what fires anew: that is told at once", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.ledger.resolve((await stage.newest()).id, "ann");
      await stage.tell();
      await stage.ends("a");
      await stage.clock.advance(minute);
      await stage.fires("a", { startsAtMs: stage.clock.now() });
      expect(await stage.tell()).toEqual(["trigger a"]);
    });

    test("stands when the alert really ends", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a");
      await stage.tell();
      await stage.ledger.resolve((await stage.newest()).id, "ann");
      await stage.tell();
      await stage.ends("a");
      expect(await stage.after(2 * hour)).toEqual([]);
    });
  });
}
