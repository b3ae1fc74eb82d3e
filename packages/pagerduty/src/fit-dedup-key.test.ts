import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { fitDedupKey } from "./fit-dedup-key.ts";

test.each([
  ["srv01/mysql", "srv01/mysql"],
  ["x".repeat(255), "x".repeat(255)],
  ["😀".repeat(255), "😀".repeat(255)],
  ["", ""],
  ["a\ud800b", "a\ufffdb"],
])("%j stays as it is", (key, fitted) => {
  expect(fitDedupKey(key)).toBe(fitted);
});

test.each(["x".repeat(256), "😀".repeat(256), "é".repeat(1_000_000)])(
  "a key of more than 255 characters becomes its SHA-256",
  (key) => {
    const hash = createHash("sha256").update(key, "utf8").digest("hex");
    expect([fitDedupKey(key), fitDedupKey(fitDedupKey(key))]).toEqual([hash, hash]);
  },
);
