import { describe, expect, it } from "vitest";
import { targetTerms } from "../../target-terms.ts";
import { alertIn } from "../../claims.ts";
import { accepted, hour, type LedgerSubject, minute, second, serverError, Stage } from "./stage.ts";

/** What is told, and told again while it fires. */
export function tellingAgain(subject: LedgerSubject): void {
  describe("reminders", () => {
    const settings = { remind: 4 * hour };

    it("what still fires and nobody acknowledged is triggered again every 4 hours, last in urgency", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a");
      await stage.tell();
      expect(await stage.after(4 * hour - 1)).toEqual([]);
      await stage.fires("b", { severity: "info" });
      expect(await stage.after(1)).toEqual(["trigger b", "trigger a"]);
      expect(await stage.after(4 * hour - 1)).toEqual([]);
      expect((await stage.after(1)).toSorted()).toEqual(["trigger a", "trigger b"]);
    });

    it("of a shadow target says nothing either, every 4 hours", async () => {
      await using stage = await Stage.open(subject, {
        settings,
        targets: [targetTerms("pagerduty", { shadow: true })],
      });
      await stage.fires("a");
      await stage.tell();
      for (let round = 0; round < 3; round++) {
        await stage.clock.advance(4 * hour);
        expect(await stage.attempt()).toMatchObject({ action: "trigger", shadow: true, first: false });
        expect(await stage.claim()).toEqual([]);
      }
      expect(await stage.stands()).toEqual(["not_told shadow"]);
    });

    it("goes to no target that is disabled or gone; its end does, and where it comes back so does the reminder", async () => {
      await using stage = await Stage.open(subject, { settings });
      for (const targets of [[targetTerms("pagerduty", { enabled: false })], []]) {
        const name = `a${targets.length}`;
        await stage.fires(name);
        await stage.tell();
        await stage.ledger.useTargets(targets);
        expect(await stage.after(5 * hour)).toEqual([]);
        await stage.ledger.useTargets([targetTerms("pagerduty")]);
        await stage.fires(name);
        expect(await stage.tell()).toEqual([`trigger ${name}`]);
        await stage.ledger.useTargets(targets);
        await stage.ends(name);
        expect(await stage.tell()).toEqual([`resolve ${name}`]);
        await stage.ledger.useTargets([targetTerms("pagerduty")]);
      }
    });

    it("a receiver that forgets is told again in half its time, also of what a person acknowledged", async () => {
      const traits = { dropsUnknownResolves: true, acknowledges: false, forgetsAfterMs: 2 * hour };
      await using stage = await Stage.open(subject, {
        targets: [targetTerms("pagerduty", { traits })],
        settings: { remind: 0, staleAfter: 30 * hour },
      });
      await stage.fires("a");
      await stage.tell();
      const { id } = await stage.newest();
      await stage.ledger.acknowledge(id, "a person");
      expect(await stage.after(hour - 1)).toEqual([]);
      expect(await stage.after(1)).toEqual(["trigger a"]);
      expect(await stage.after(hour)).toEqual(["trigger a"]);
      await stage.ends("a");
      expect(await stage.tell()).toEqual(["resolve a"]);
      expect(await stage.after(9 * hour)).toEqual([]);
    });

    it("one that fails waits out its backoff", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a");
      await stage.tell();
      await stage.clock.advance(4 * hour);
      await stage.attempt(serverError);
      expect(await stage.claim()).toEqual([]);
      await stage.clock.advance(second);
      await stage.attempt(accepted);
      expect(await stage.claim()).toEqual([]);
    });
  });
  describe("words that change while an alert fires", () => {
    const settings = { retrigger: "content", remind: 4 * hour } as const;

    it("are kept, and told to nobody who did not ask for them", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { summary: "91 %" });
      await stage.tell();
      await stage.fires("a", { summary: "92 %" });
      expect(await stage.after(hour)).toEqual([]);
      expect((await stage.newest()).wanted.summary).toBe("92 %");
    });

    it("are told where asked for, once in 5 minutes at most, behind all other work", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a", { annotations: { value: "0" } });
      await stage.tell();
      for (let said = 1; said < 20; said++) {
        await stage.clock.advance(15 * second - 1);
        await stage.fires("a", { annotations: { value: String(said) } });
        expect(await stage.after(1)).toEqual([]);
      }
      await stage.clock.advance(15 * second);
      await stage.fires("b", { severity: "info" });
      const [b, a] = await stage.claim();
      expect([b, a]).toMatchObject([
        { action: "trigger", dedupKey: "b" },
        { action: "trigger", dedupKey: "a", first: false },
      ]);
      expect(alertIn(a!).annotations).toMatchObject({ value: "19" });
      for (const lease of [a, b]) if (lease) await stage.settle(lease);
      await stage.fires("a", { annotations: { value: "19" } });
      expect(await stage.after(hour)).toEqual([]);
    });

    it("also where only the summary changed", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a", { summary: "91 %" });
      await stage.tell();
      await stage.fires("a", { summary: "92 %" });
      await stage.clock.advance(5 * minute);
      expect((await stage.attempt()).summary).toBe("92 %");
    });

    it("that are back to what was told are not told", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a", { summary: "91 %" });
      await stage.tell();
      await stage.fires("a", { summary: "92 %" });
      await stage.fires("a", { summary: "91 %" });
      expect(await stage.after(hour)).toEqual([]);
    });

    it("are not told once a person acknowledged", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a", { summary: "91 %" });
      await stage.tell();
      await stage.ledger.acknowledge((await stage.newest()).id, "somebody");
      expect(await stage.tell()).toEqual(["acknowledge a"]);
      await stage.fires("a", { summary: "92 %" });
      expect(await stage.after(hour)).toEqual([]);
    });

    it("wait out the backoff of an attempt that failed, and of a severity that rises nobody waits", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a", { summary: "91 %" });
      await stage.tell();
      await stage.fires("a", { summary: "92 %" });
      await stage.clock.advance(5 * minute);
      await stage.attempt(serverError);
      await stage.fires("a", { summary: "93 %" });
      expect(await stage.claim()).toEqual([]);
      await stage.fires("a", { summary: "93 %", severity: "critical" });
      expect((await stage.attempt()).summary).toBe("93 %");
      expect(await stage.after(hour)).toEqual([]);
    });
  });
}
