import { describe, expect, test } from "vitest";
import { z } from "zod";
import { formatPath, issuesOf } from "./issue.ts";

describe("an issue", () => {
  test.each([
    [["targets", 2, "timeout"], "", "targets[2].timeout"],
    [["headers", "a b"], "", 'headers["a b"]'],
    [["x-y"], "targets[0]", "targets[0].x-y"],
    [[0, "a"], "", "[0].a"],
    [[], "", ""],
  ])("at %j after %j is at %s", (keys, start, path) => {
    expect(formatPath(keys, start)).toBe(path);
  });

  test("says each unknown key, bad key and bad value where it is", () => {
    const schema = z.strictObject({
      a: z.number(),
      b: z.record(z.string().regex(/^x/, "must start with x"), z.string()),
    });
    const { error } = schema.safeParse({ a: "1", b: { y: "" }, c: 1, d: 2 });
    expect(issuesOf(error!, "f")).toEqual([
      { path: "f.a", message: expect.stringContaining("number") },
      { path: "f.b.y", message: "must start with x" },
      { path: "f.c", message: "unknown key" },
      { path: "f.d", message: "unknown key" },
    ]);
  });
});
