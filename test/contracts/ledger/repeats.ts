import { describe, expect, test } from "vitest";
import { alertIn } from "../../kit/claims.ts";
import { hour, type LedgerSubject, minute, second, serverError, LedgerHarness } from "./ledger-harness.ts";

/** Words of a firing alert that change. */
export function repeats(subject: LedgerSubject): void {
  describe("texts that change while an alert fires", () => {
    const settings = { retrigger: "content", remind: 4 * hour } as const;

    test("are recorded, and not sent to targets that did not ask for them", async () => {
      await using harness = await LedgerHarness.open(subject);
      await harness.fires("a", { summary: "91 %" });
      await harness.tell();
      await harness.fires("a", { summary: "92 %" });
      expect(await harness.after(hour)).toEqual([]);
      expect((await harness.newest()).wanted.summary).toBe("92 %");
    });

    test("are sent to targets that asked for them, at most once in 5 minutes, after all other work", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a", { annotations: { value: "0" } });
      await harness.tell();
      for (let said = 1; said < 20; said++) {
        await harness.clock.advance(15 * second - 1);
        await harness.fires("a", { annotations: { value: String(said) } });
        expect(await harness.after(1)).toEqual([]);
      }
      await harness.clock.advance(15 * second);
      await harness.fires("b", { severity: "info" });
      const [b, a] = await harness.claim();
      expect([b, a]).toMatchObject([
        { action: "trigger", dedupKey: "b" },
        { action: "trigger", dedupKey: "a", first: false },
      ]);
      expect(alertIn(a!).annotations).toMatchObject({ value: "19" });
      for (const lease of [a, b]) if (lease) await harness.settle(lease);
      await harness.fires("a", { annotations: { value: "19" } });
      expect(await harness.after(hour)).toEqual([]);
    });

    test("are sent also if only the summary changed", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a", { summary: "91 %" });
      await harness.tell();
      await harness.fires("a", { summary: "92 %" });
      await harness.clock.advance(5 * minute);
      expect((await harness.attempt()).summary).toBe("92 %");
    });

    test("are not sent if they are back to the delivered text", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a", { summary: "91 %" });
      await harness.tell();
      await harness.fires("a", { summary: "92 %" });
      await harness.fires("a", { summary: "91 %" });
      expect(await harness.after(hour)).toEqual([]);
    });

    test("are not sent after an acknowledgement", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a", { summary: "91 %" });
      await harness.tell();
      await harness.ledger.acknowledge((await harness.newest()).id, "somebody");
      expect(await harness.tell()).toEqual(["acknowledge a"]);
      await harness.fires("a", { summary: "92 %" });
      expect(await harness.after(hour)).toEqual([]);
    });

    test("wait for the backoff of a failed attempt, while a rising severity does not", async () => {
      await using harness = await LedgerHarness.open(subject, { settings });
      await harness.fires("a", { summary: "91 %" });
      await harness.tell();
      await harness.fires("a", { summary: "92 %" });
      await harness.clock.advance(5 * minute);
      await harness.attempt(serverError);
      await harness.fires("a", { summary: "93 %" });
      expect(await harness.claim()).toEqual([]);
      await harness.fires("a", { summary: "93 %", severity: "critical" });
      expect((await harness.attempt()).summary).toBe("93 %");
      expect(await harness.after(hour)).toEqual([]);
    });
  });
}
