import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDefinition } from "../../resolve-targets.ts";
import { targetOfSecret } from "./target-secret.ts";

const key = "R0UT1NGKEY0123456789abcdefABCDEF";
const text = JSON.stringify({
  name: "pager",
  type: "pagerduty",
  url: "https://events.pagerduty.com",
  headers: { routing_key: key },
  filters: { severity: ["critical"], matchers: ['team=~"a|b"'], alert_name_pattern: "^Kube" },
  metadata: { note: "x" },
});

/** Bytes inserted, removed or replaced, as editors, merges and encodings do to a text. */
const slip = fc.record({
  at: fc.nat(text.length),
  cut: fc.constantFrom(0, 0, 1, 2, 40),
  put: fc.oneof(
    fc.constantFrom(
      "",
      ",",
      '"',
      "{",
      "}",
      "[",
      "\\",
      "\0",
      "\n",
      "__proto__",
      key,
      '"enabled":false,',
      "\uFEFF",
      "\ud800",
    ),
    fc.string({ maxLength: 6 }),
  ),
});
const entry = fc.constantFrom(
  "target.json",
  "target.json",
  "config",
  "config.json",
  "type",
  "routing_key",
  "__proto__",
  "",
);

test("thousands of mangled texts are accepted or refused with a reason; none throws, pollutes prototypes or reveals the key", () => {
  fc.assert(
    fc.property(entry, fc.array(slip, { minLength: 1, maxLength: 3 }), fc.boolean(), (name, slips, beside) => {
      const mangled = slips.reduce((was, { at, cut, put }) => was.slice(0, at) + put + was.slice(at + cut), text);
      const data = Object.fromEntries([
        [name, Buffer.from(mangled).toString("base64")],
        ...(beside ? [["routing_key", Buffer.from(`${key}\n`).toString("base64")]] : []),
      ]) as Record<string, string>;
      const written = targetOfSecret({ metadata: { name: "s", namespace: "n" }, data });
      const parsed = parseDefinition(written, () => "");
      const said = JSON.stringify("issues" in parsed ? parsed.issues : [parsed.warnings, written.warnings]);
      expect(said).not.toContain(key);
      expect("target" in parsed || parsed.issues.length > 0).toBe(true);
      expect(Object.keys(Object.prototype)).toEqual([]);
    }),
    // A thousand during development, all of them in CI.
    { numRuns: process.env["CI"] ? 10_000 : 1_000 },
  );
});
