import { maxSummaryCodePoints } from "@tocsin/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { classified } from "../../test/classifications.ts";
import { hostileText } from "../../test/hostile-alerts.ts";
import { markSummary } from "./mark-summary.ts";

const given = classified["classified-applied"]!.classification!;
const trigger = { action: "trigger", classification: given } as const;

test("says at the end of the summary that the severity comes from a model or from rules, and how sure it is", () => {
  expect(markSummary("Disk full", trigger)).toBe("Disk full · AI: error (87 %)");
  const rules = { ...given, provider: "rules", severity: "noise", confidence: 1 } as const;
  expect(markSummary("Disk full", { ...trigger, classification: rules })).toBe("Disk full · Rules: noise (100 %)");
});

test("leaves the summary unchanged without a classification, if it was not applied, and in a resolve", () => {
  expect(markSummary("Disk full", { action: "trigger" })).toBe("Disk full");
  expect(markSummary("Disk full", { ...trigger, classification: { ...given, applied: false } })).toBe("Disk full");
  expect(markSummary("Disk full", { ...trigger, action: "resolve" })).toBe("Disk full");
});

test("cuts the summary, never the mark, to 1,024 code points", () => {
  const mark = " · AI: error (87 %)";
  const room = maxSummaryCodePoints - mark.length;
  expect(markSummary("💥".repeat(room), trigger)).toBe("💥".repeat(room) + mark);
  expect(markSummary("💥".repeat(room + 1), trigger)).toBe(`${"💥".repeat(room - 1)}…${mark}`);
  fc.assert(
    fc.property(hostileText, (summary) => {
      const marked = markSummary(summary, trigger);
      expect(marked.endsWith(mark)).toBe(true);
      expect(Array.from(marked).length).toBeLessThanOrEqual(maxSummaryCodePoints);
    }),
  );
});
