import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { Secret } from "./secret.ts";

const value = "0123456789abcdef0123456789ABCDEF";
const secret = new Secret(value);

describe("a secret", () => {
  test("returns its value from reveal", () => {
    expect(secret.reveal()).toBe(value);
  });

  test.each([
    ["a text", String(secret)],
    ["JSON", JSON.stringify({ deep: [secret] })],
    ["inspect", inspect({ deep: [secret] }, { depth: null, showHidden: true })],
    ["a copy", inspect(structuredClone({ deep: secret }))],
  ])("does not appear in %s", (_, printed) => {
    expect(printed).not.toContain(value);
  });
});
