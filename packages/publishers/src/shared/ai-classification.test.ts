import fc from "fast-check";
import { expect, test } from "vitest";
import { classified, hostileClassifications } from "../../test/classifications.ts";
import { aiClassificationOf } from "./ai-classification.ts";

const given = classified["classified-applied"]!.classification!;

test("has the six documented keys", () => {
  const keys = ["severity", "confidence", "reasoning", "recommendations", "model", "fallback"];
  expect(Object.keys(aiClassificationOf(given))).toEqual(keys);
  expect(aiClassificationOf(given)).toMatchObject({ severity: "error", confidence: 0.87, fallback: false });
});

test("marks a verdict of the rules, and a fallback to them", () => {
  const shown = aiClassificationOf({ ...given, provider: "rules", model: "disk-full", fallback: true });
  expect(shown).toMatchObject({ model: "rules/disk-full", fallback: true });
});

test("has bounded texts without control characters and lone surrogates, for any classification", () => {
  fc.assert(
    fc.property(hostileClassifications, (classification) => {
      const { reasoning, recommendations, model } = aiClassificationOf(classification ?? given);
      expect(recommendations.length).toBeLessThanOrEqual(10);
      for (const text of [reasoning, model, ...recommendations]) {
        expect(text.isWellFormed()).toBe(true);
        expect(text).not.toMatch(/[^\P{Cc}\n\t]/u);
        expect(Array.from(text).length).toBeLessThanOrEqual(2_000);
      }
    }),
  );
});
