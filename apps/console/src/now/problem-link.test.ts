import { expect, test } from "vitest";
import { problemLink } from "./problem-link.ts";

test.each([
  ["critical_dead", "a/b", "deadletters?target=a%2Fb"],
  ["dead_letter", "hook", "deadletters?target=hook"],
  ["critical_undelivered", "hook", "incidents?target=hook&state=due"],
  ["target_invalid", "a/b", "targets/a/b"],
  ["source_silent", "am", undefined],
])("%s of %s leads to %s", (condition, object, path) => {
  expect(problemLink(condition, object)?.path).toBe(path);
});
