import { expect, test } from "vitest";
import { nearest } from "./nearest.ts";

const keys = ["routing_key", "rate_limit", "timeout", "enabled", "url", "name"];

test.each([
  ["routing_key", "routing_key"],
  ["routingKey", "routing_key"],
  ["ROUTING-KEY", "routing_key"],
  ["routng_key", "routing_key"],
  ["tiemout", "timeout"],
  ["enable", "enabled"],
  ["ulr", "url"],
  ["rul", "url"],
  ["mane", undefined],
  ["frobnicate", undefined],
  ["", undefined],
  ["x".repeat(100_000), undefined],
])("%.20s most likely stands for %s", (word, candidate) => {
  expect(nearest(word, keys)).toBe(candidate);
});

test("returns the nearest of several candidates, and the first of equally near ones", () => {
  expect(nearest("timeot", ["timer", "timeout"])).toBe("timeout");
  expect(nearest("ab", ["ac", "ad"])).toBe("ac");
  expect(nearest("anything", [])).toBeUndefined();
});
