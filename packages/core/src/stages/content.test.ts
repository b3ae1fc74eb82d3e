import { expect, it } from "vitest";
import { contentOf } from "./content.ts";

const words = contentOf("disk full", { value: "91 %", runbook_url: "https://runbooks.example.com" });

it("the same words stand for the same, in whatever order annotations come", () => {
  expect(words).toMatch(/^[0-9a-f]{16}$/);
  expect(contentOf("disk full", { runbook_url: "https://runbooks.example.com", value: "91 %" })).toBe(words);
});

it.each([
  ["summary", contentOf("disk fuller", { value: "91 %", runbook_url: "https://runbooks.example.com" })],
  ["reading", contentOf("disk full", { value: "92 %", runbook_url: "https://runbooks.example.com" })],
  ["annotation less", contentOf("disk full", { value: "91 %" })],
])("another %s is something else", (_what, other) => {
  expect(other).not.toBe(words);
});
