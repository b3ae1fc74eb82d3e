import { describe, expect, test } from "vitest";
import { readVerdict } from "./read-verdict.ts";

const from = { provider: "openai", model: "m" } as const;
const answer = {
  severity: "error",
  confidence: 0.7,
  reasoning: "The disk is full.",
  recommendations: ["Free space."],
  category: "capacity",
};
const read = (change: object) => readVerdict(JSON.stringify({ ...answer, ...change }), from);

describe("an answer", () => {
  test("is read, with our own names of provider and model", () => {
    expect(read({ model: "other", provider: "other" })).toEqual({ ...answer, ...from });
  });

  test("needs no texts", () => {
    const { severity, confidence } = answer;
    expect(readVerdict(JSON.stringify({ severity, confidence }), from)).toEqual({
      severity,
      confidence,
      reasoning: "",
      recommendations: [],
      category: "",
      ...from,
    });
  });

  test("with long texts is cut by code point, not rejected", () => {
    const verdict = read({
      reasoning: "🔥".repeat(600),
      recommendations: Array.from({ length: 9 }, () => "ä".repeat(300)),
      category: "c".repeat(100),
    });
    expect(Array.from(verdict!.reasoning)).toHaveLength(500);
    expect(verdict!.reasoning.isWellFormed()).toBe(true);
    expect(verdict!.recommendations.map((one) => Array.from(one).length)).toEqual([200, 200, 200, 200, 200]);
    expect(verdict!.category).toHaveLength(40);
  });

  test.each([
    ["https://evil.example/a?b=c now", "[link removed] now"],
    ["see HTTP://evil.example", "see [link removed]"],
    ["www.evil.example/x", "[link removed]"],
    ["evil.example/login", "[link removed]"],
    ["javascript:alert(1)", "[link removed]"],
    ["mailto:a@evil.example", "[link removed]"],
    ["ht\u200Btps://evil.example/x", "[link removed]"],
    ["a\u202Eb\u0000c\nd", "abc d"],
    ["pod checkout-7d9f8b6c5d-x2x9k of node.js 1.2.3", "pod checkout-7d9f8b6c5d-x2x9k of node.js 1.2.3"],
  ])("with the text %j is shown as %j", (reasoning, shown) => {
    expect(read({ reasoning, recommendations: [reasoning] })).toMatchObject({
      reasoning: shown,
      recommendations: [shown],
    });
  });

  test.each<[string, object]>([
    ["an unknown severity", { severity: "urgent" }],
    ["no confidence", { confidence: undefined }],
    ["too much confidence", { confidence: 1.1 }],
    ["a confidence in words", { confidence: "high" }],
    ["a list as reasoning", { reasoning: ["x"] }],
  ])("with %s is no verdict", (_, change) => {
    expect(read(change)).toBeUndefined();
  });

  test.each(["", "null", "[]", "prose", `{"severity":"error"`, "```json\n{}\n```", "{".repeat(100_000)])(
    "that is %j is no verdict",
    (text) => {
      expect(readVerdict(text, from)).toBeUndefined();
    },
  );
});
