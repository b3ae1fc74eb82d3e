import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { sha256 } from "./sha256.ts";

const expected = (text: string) => createHash("sha256").update(text).digest("hex");

test("equals the SHA-256 of node:crypto, at every length around the ends of blocks", () => {
  for (let length = 0; length < 300; length++) {
    expect(sha256("x".repeat(length))).toBe(expected("x".repeat(length)));
    const mixed = Array.from({ length }, (_, n) => String.fromCodePoint((n * 7_919) % 0x11_0000)).join("");
    expect(sha256(mixed)).toBe(expected(mixed));
  }
});

test("equals the SHA-256 of node:crypto for a megabyte", () => {
  expect(sha256("ü€😀".repeat(120_000))).toBe(expected("ü€😀".repeat(120_000)));
});
