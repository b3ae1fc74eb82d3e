import { memberOf } from "@tocsin/test";
import { describe, expect, test } from "vitest";
import { contentHash, incidentContentHash, memberHashIn, textHashIn } from "./content-hash.ts";

const words = contentHash("disk full", { value: "91 %", runbook_url: "https://runbooks.example.com" });

test("equal texts have equal hashes, in any order of annotations", () => {
  expect(words).toMatch(/^[0-9a-f]{16}$/);
  expect(contentHash("disk full", { runbook_url: "https://runbooks.example.com", value: "91 %" })).toBe(words);
});

test.each([
  ["summary", contentHash("disk fuller", { value: "91 %", runbook_url: "https://runbooks.example.com" })],
  ["reading", contentHash("disk full", { value: "92 %", runbook_url: "https://runbooks.example.com" })],
  ["set of annotations", contentHash("disk full", { value: "91 %" })],
])("another %s gives another hash", (_what, other) => {
  expect(other).not.toBe(words);
});

describe("the content hash of an incident", () => {
  const [a, b] = [memberOf("a"), memberOf("b")];
  const tracked = { ...a, content: words };
  const over = { ...b, status: "resolved" as const };

  test("with one member is the hash of its text, if changed text is tracked", () => {
    expect(incidentContentHash(a, [a])).toBeUndefined();
    expect(incidentContentHash(tracked, [tracked])).toBe(words);
    expect([textHashIn(words), memberHashIn(words)]).toEqual([words, undefined]);
    expect([textHashIn(undefined), memberHashIn(undefined)]).toEqual([undefined, undefined]);
  });

  test("with several members depends on which of them fire", () => {
    expect(incidentContentHash(a, [a, over])).toBeUndefined();
    const contents = [
      [a, b],
      [{ ...a, status: "resolved" as const }, b],
      [a, b, memberOf("c")],
      [memberOf("b"), memberOf("c")],
    ].map((members) => incidentContentHash(a, members));
    expect(new Set(contents).size).toBe(4);
    expect(textHashIn(contents[0])).toBeUndefined();
    expect(memberHashIn(contents[0])).toMatch(/^[0-9a-f]{16}$/);
    expect(incidentContentHash(a, [a, { ...b, summary: "other", severity: "info" }])).toBe(contents[0]);
  });

  test("with several members contains the text of the leading one", () => {
    const both = incidentContentHash(tracked, [tracked, b]);
    expect(textHashIn(both)).toBe(words);
    expect(memberHashIn(both)).toBe(memberHashIn(incidentContentHash(a, [a, b])));
  });
});
