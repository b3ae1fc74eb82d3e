import { expect, test } from "vitest";
import { samplePattern } from "./sample-pattern.ts";

test.each<[string, string[]]>([
  ["critical|page", ["critical", "page"]],
  ["(?i)prod", ["prod"]],
  ["db-(main|replica)-\\d+", ["db-main-7", "db-replica-7"]],
  ["a{2,}b?", ["aa", "aab"]],
  [".*", ["", "x"]],
  ["[^a-z]+\\.[[:alpha:]]", ["7.a", "-.a", "Z.a"]],
  ["^(?:x|y)$", ["x", "y"]],
  ["x{0}\\Qa\\E", []],
])("texts that match %s", (pattern, texts) => {
  expect(samplePattern(pattern)).toEqual(texts);
});
