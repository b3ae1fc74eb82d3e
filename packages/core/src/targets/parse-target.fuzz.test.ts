import { anyCharacter } from "@tocsin/test/any-character";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseTarget } from "./parse-target.ts";
import type { TargetType } from "./target-type.ts";

const key = "0123456789abcdef0123456789ABCDEF";

const bell: TargetType = {
  type: "bell",
  description: "A bell.",
  notes: "",
  fields: {},
  rateLimit: { limit: 60, perMs: 1_000 },
  adoptsUnknownResolves: false,
  changes: "never",
  locate: ({ headers }) => ({
    url: "https://bell",
    credential: null,
    degraded: false,
    headers,
    issues: [],
    warnings: [],
  }),
};

const example = {
  name: "a",
  type: "bell",
  url: "https://bell.example.com",
  format: "bell",
  enabled: true,
  mode: "live",
  headers: { routing_key: key, Authorization: `Bearer ${key}` },
  filters: {
    severity: ["critical"],
    min_severity: "warning",
    namespace: ["production"],
    labels: { team: "platform" },
    matchers: ['service=~"api|web"'],
    exclude_noise: true,
    min_confidence: 0,
    alert_name_pattern: "^Kube",
    when: "labels.tier != 'dev'",
  },
  metadata: { environment: "production", severity_threshold: "warning" },
  rate_limit: { limit: 120, per: "60s", algorithm: "sliding_window", reserve: 0.2 },
  template: { summary: "{{ labels.a }}", custom_details: { a: "{{ labels.b }}" } },
  group_by: ["alertname"],
  default_severity: "error",
  timeout: "10s",
  fallback: "b",
  fallback_after: "2m",
  page_resolved: "never",
};

type Place = readonly [object: Record<string, unknown>, key: string];

/** Every place in the example whose value can be changed. */
function placesOf(value: unknown): Place[] {
  if (typeof value !== "object" || value === null) return [];
  const object = value as Record<string, unknown>;
  return Object.keys(object).flatMap((name) => [[object, name] as const, ...placesOf(object[name])]);
}

const hostile = fc.oneof(
  fc.json({ maxDepth: 3 }).map((text) => JSON.parse(text) as unknown),
  fc.constantFrom<unknown>(
    key,
    null,
    "",
    -1,
    Infinity,
    [],
    {},
    [[[]]],
    "\ud800",
    "\0",
    "(a+)+$",
    "{{",
    "{% for",
    "__proto__",
  ),
  fc.string({ unit: anyCharacter, maxLength: 40 }),
);

const mutation = fc.record({
  at: fc.nat(),
  how: fc.constantFrom("value", "rename", "remove"),
  value: hostile,
  name: fc.oneof(fc.constantFrom("__proto__", "constructor", key, "filter_config", "namespaces", ""), fc.string()),
});

test("thousands of mutated targets are accepted, or refused with a path; none throws, pollutes or shows the key", () => {
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
      const input = structuredClone(example) as Record<string, unknown>;
      for (const { at, how, value, name } of mutations) {
        const places = placesOf(input);
        const place = places[at % Math.max(1, places.length)];
        if (!place) break;
        const [object, old] = place;
        // No JSON sets the length of a list.
        if (Array.isArray(object) && how === "rename" && name === "length") continue;
        const kept = object[old];
        if (how !== "value") delete object[old];
        // Sets the key as a JSON parser would, also for __proto__.
        if (how !== "remove") {
          Object.defineProperty(object, how === "rename" ? name : old, {
            // A copy, because a later mutation may change the inserted value, and it must not contain itself.
            value: how === "rename" ? kept : structuredClone(value),
            enumerable: true,
            configurable: true,
            writable: true,
          });
        }
      }
      const result = parseTarget(input, { types: [bell], readSecret: () => key });
      const said = JSON.stringify("issues" in result ? result.issues : result.warnings);
      expect(said).not.toContain(key);
      expect("target" in result || result.issues.length > 0).toBe(true);
      expect(Object.keys(Object.prototype)).toEqual([]);
    }),
    // 1,000 during development, 10,000 in CI.
    { numRuns: process.env["CI"] ? 10_000 : 1_000 },
  );
});
