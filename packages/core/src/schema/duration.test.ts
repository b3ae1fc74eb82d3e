import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { duration, formatDuration } from "./duration.ts";

describe("a duration", () => {
  test.each([
    ["30s", 30_000],
    ["500ms", 500],
    ["5m", 300_000],
    ["24h", 86_400_000],
    ["30d", 2_592_000_000],
    ["1w", 604_800_000],
    ["1h30m", 5_400_000],
    ["0s", 0],
    ["0", 0],
    [0, 0],
  ])("%j is %i ms", (text, ms) => {
    expect(duration().parse(text)).toBe(ms);
  });

  test.each(["", "s", "30", 30, "1.5h", "-5s", "5 s", " 5s", "30m1h", "1e3s", "10S", null, {}, "99999999999s"])(
    "%j is refused with an example of a valid duration",
    (text) => {
      const { error } = z.object({ timeout: duration() }).safeParse({ timeout: text });
      expect(error!.issues).toMatchObject([{ path: ["timeout"], message: expect.stringContaining('"30s"') }]);
    },
  );

  test("longer than ten years is refused", () => {
    expect(duration().safeParse("3650d").success).toBe(true);
    expect(duration().safeParse("3651d").error!.issues[0]!.message).toBe("must not be longer than 3650d");
  });

  test("is unchanged after formatting and parsing", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 315_360_000_000 }), (ms) => {
        expect(duration().parse(formatDuration(ms))).toBe(ms);
      }),
    );
  });

  test("has a JSON Schema of the input, not of the parsed value", () => {
    const schema = JSON.stringify(z.toJSONSchema(duration(), { io: "input" }));
    expect(schema).toContain('"string"');
  });
});
