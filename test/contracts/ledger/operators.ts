import { describe, expect, test } from "vitest";
import { epochMs as t0 } from "../../kit/claims.ts";
import { targetTerms } from "../../kit/target-terms.ts";
import { hour, type LedgerSubject, minute, LedgerHarness } from "./ledger-harness.ts";

/** Operators' actions on an incident. */
export function operators(subject: LedgerSubject): void {
  describe("a person", () => {
    test("acknowledges: one event is sent to the target, and repeats do not clear it", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      const { id } = await harness.newest();
      expect(await harness.ledger.acknowledge(id, "ann")).toBe(true);
      expect(await harness.tell()).toEqual(["acknowledge a"]);
      await harness.fires("a");
      expect(await harness.tell()).toEqual([]);
      expect((await harness.newest()).wanted.acknowledged).toBe(true);
    });

    test("acknowledges before the first event: the acknowledgement is sent after the trigger", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.ledger.acknowledge((await harness.newest()).id, "ann");
      expect(await harness.tell()).toEqual(["trigger a", "acknowledge a"]);
    });

    test("a higher severity clears the acknowledgement, and so does a new episode", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { severity: "warning" });
      await harness.tell();
      await harness.ledger.acknowledge((await harness.newest()).id, "ann");
      await harness.tell();
      await harness.fires("a", { severity: "critical" });
      expect(await harness.tell()).toEqual(["trigger a"]);
      await harness.ledger.acknowledge((await harness.newest()).id, "ann");
      await harness.ends("a");
      expect(await harness.tell()).toEqual(["resolve a"]);
      await harness.fires("a", { severity: "critical", startsAtMs: t0 + 1 });
      expect(await harness.tell()).toEqual(["trigger a"]);
      expect((await harness.newest()).wanted.acknowledged).toBe(false);
    });

    test("acknowledges: nothing is sent to a target that takes no acknowledgements", async () => {
      const traits = { dropsUnknownResolves: true, acknowledges: false };
      await using harness = await LedgerHarness.open(subject, { targets: [targetTerms("pagerduty", { traits })] });
      await harness.fires("a");
      await harness.tell();
      await harness.ledger.acknowledge((await harness.newest()).id, "ann");
      expect(await harness.tell()).toEqual([]);
    });

    test("cannot change an incident that is over or never existed", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.ends("a");
      const { id } = await harness.newest();
      expect(await harness.ledger.acknowledge(id, "ann")).toBe(false);
      expect(await harness.ledger.resolve(id, "ann")).toBe(false);
      expect(await harness.ledger.acknowledge(id + 1_000, "ann")).toBe(false);
      expect(await harness.ledger.resolve(id + 1_000, "ann")).toBe(false);
    });

    test("is named in the history", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      const { id } = await harness.newest();
      await harness.ledger.acknowledge(id, "ann");
      await harness.ledger.resolve(id, "bob");
      const history = (await harness.ledger.incident(id))?.history.map(({ what }) => what).join(", ");
      expect(history).toContain("acknowledged by ann");
      expect(history).toContain("resolved by bob");
    });

    test("resolves: the resolve is sent, and repeats change nothing", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      expect(await harness.ledger.resolve((await harness.newest()).id, "ann")).toBe(true);
      expect(await harness.tell()).toEqual(["resolve a"]);
      await harness.fires("a");
      expect(await harness.tell()).toEqual([]);
    });

    test("resolves before the first event: nothing is sent", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.ledger.resolve((await harness.newest()).id, "ann");
      await harness.fires("a");
      expect(await harness.tell()).toEqual([]);
    });
  });

  if (subject.virtualTime) manualResolve(subject);
}

function manualResolve(subject: LedgerSubject): void {
  describe("a person's resolve", () => {
    test("holds for an hour against repeats; the next one opens the incident again", async () => {
      await using harness = await LedgerHarness.open(subject, { settings: { manualResolveFor: hour } });
      await harness.fires("a");
      await harness.tell();
      await harness.ledger.resolve((await harness.newest()).id, "ann");
      await harness.tell();
      for (let at = 0; at < 59; at++) {
        await harness.clock.advance(minute);
        await harness.fires("a");
        expect(await harness.tell()).toEqual([]);
      }
      await harness.clock.advance(minute);
      expect(await harness.tell()).toEqual([]);
      await harness.fires("a");
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("does not hold back a new episode: it is sent at once", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.ledger.resolve((await harness.newest()).id, "ann");
      await harness.tell();
      await harness.ends("a");
      await harness.clock.advance(minute);
      await harness.fires("a", { startsAtMs: harness.clock.now() });
      expect(await harness.tell()).toEqual(["trigger a"]);
    });

    test("remains when the alert ends", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a");
      await harness.tell();
      await harness.ledger.resolve((await harness.newest()).id, "ann");
      await harness.tell();
      await harness.ends("a");
      expect(await harness.after(2 * hour)).toEqual([]);
    });
  });
}
