import { expect, test } from "vitest";
import { visibleText } from "./visible-text.ts";

/** Codes in brackets. */
const shown = (text: string): string =>
  visibleText(text)
    .map(({ kind, text: part }) => (kind === "code" ? `[${part}]` : part))
    .join("");

test.each([
  ["plain", "disk of db-1 is full", "disk of db-1 is full"],
  ["tabs and line feeds", "a\tb\nc", "a\tb\nc"],
  ["other scripts", "قرص ممتلئ 磁盘已满 é", "قرص ممتلئ 磁盘已满 é"],
  ["zero width", "pay\u200Bments\uFEFF", "pay[U+200B]ments[U+FEFF]"],
  ["right-to-left override", "\u202Egnp.exe", "[U+202E]gnp.exe"],
  ["isolates", "\u2066a\u2069", "[U+2066]a[U+2069]"],
  ["controls", "a\u0000b\u001B[31m\u007F", "a[U+0000]b[U+001B][31m[U+007F]"],
  ["carriage return", "a\rb", "a[U+000D]b"],
  ["tags beyond the basic plane", "a\u{E0041}", "a[U+E0041]"],
  ["blank letters", "\u3164\u115F", "[U+3164][U+115F]"],
  ["line separators", "a\u2028b", "a[U+2028]b"],
  ["lone surrogates", "a\uD800b", "a[U+D800]b"],
  ["a joiner between letters", "a\u200Db", "a[U+200D]b"],
  ["a joiner in a picture", "👩\u200D🚒", "👩\u200D🚒"],
  ["four marks on a letter", "a\u0301\u0302\u0303\u0304b", "a\u0301\u0302\u0303\u0304b"],
  ["a pile of marks", `a${"\u0301".repeat(200)}b`, "a\u0301\u0301\u0301\u0301[196 marks]b"],
  ["soft hyphen", "a\u00ADb", "a[U+00AD]b"],
])("%s", (_, text, expected) => {
  expect(shown(text)).toBe(expected);
});

test("loses no character of a text that is only visible", () => {
  expect(visibleText("x".repeat(100_000))).toEqual([{ kind: "text", text: "x".repeat(100_000) }]);
  expect(visibleText("")).toEqual([]);
});
