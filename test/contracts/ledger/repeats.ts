import { describe, expect, test } from "vitest";
import { alertIn } from "../../kit/claims.ts";
import { hour, type LedgerSubject, minute, second, serverError, Stage } from "./ledger-harness.ts";

/** Words of a firing alert that change. */
export function tellingAgain(subject: LedgerSubject): void {
  describe("words that change while an alert fires", () => {
    const settings = { retrigger: "content", remind: 4 * hour } as const;

    test("are kept, and told to nobody who did not ask for them", async () => {
      await using stage = await Stage.open(subject);
      await stage.fires("a", { summary: "91 %" });
      await stage.tell();
      await stage.fires("a", { summary: "92 %" });
      expect(await stage.after(hour)).toEqual([]);
      expect((await stage.newest()).wanted.summary).toBe("92 %");
    });

    test("are told where asked for, once in 5 minutes at most, behind all other work", async () => {
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

    test("also where only the summary changed", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a", { summary: "91 %" });
      await stage.tell();
      await stage.fires("a", { summary: "92 %" });
      await stage.clock.advance(5 * minute);
      expect((await stage.attempt()).summary).toBe("92 %");
    });

    test("that are back to what was told are not told", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a", { summary: "91 %" });
      await stage.tell();
      await stage.fires("a", { summary: "92 %" });
      await stage.fires("a", { summary: "91 %" });
      expect(await stage.after(hour)).toEqual([]);
    });

    test("are not told once a person acknowledged", async () => {
      await using stage = await Stage.open(subject, { settings });
      await stage.fires("a", { summary: "91 %" });
      await stage.tell();
      await stage.ledger.acknowledge((await stage.newest()).id, "somebody");
      expect(await stage.tell()).toEqual(["acknowledge a"]);
      await stage.fires("a", { summary: "92 %" });
      expect(await stage.after(hour)).toEqual([]);
    });

    test("wait out the backoff of an attempt that failed, and of a severity that rises nobody waits", async () => {
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
