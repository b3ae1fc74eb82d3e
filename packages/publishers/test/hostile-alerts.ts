import type { Alert } from "@tocsin/core";
import { anyCharacter } from "@tocsin/test/any-character";
import fc from "fast-check";

/** Texts that no alert should have, but some have. */
export const hostileText = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: anyCharacter, maxLength: 30 }) },
  { weight: 2, arbitrary: fc.string({ unit: "grapheme", maxLength: 30 }) },
  fc.constantFrom("", " ", "\u0000", "\ud800", "😀".repeat(3_000), "x".repeat(10_000), "null", "__proto__"),
  fc.constantFrom("<!channel>", "<@U012AB3CD> &lt;!here&gt;", "<https://example.com|Runbook>", "&&&"),
  fc.constantFrom(
    "http://a/b.png",
    'https://a b/ü?q="',
    "javascript:alert(1)",
    "//a",
    "https://",
    "HTTPS://EXAMPLE.COM/%zz",
  ),
);
const name = fc.oneof(
  fc.constantFrom(
    "alertname",
    "instance",
    "severity",
    "service",
    "namespace",
    "summary",
    "description",
    "grafana_url",
    "panelURL",
    "dashboard_url",
    "runbook_url",
    "generatorURL",
    "grafana_snapshot",
    "imageURL",
    "__proto__",
    "constructor",
    "toJSON",
  ),
  hostileText,
);
const many = Array.from({ length: 1_000 }, (_, i) => [`label_${i}`, "é".repeat(i % 300)] as const);
const labels = fc
  .tuple(fc.array(fc.tuple(name, hostileText), { maxLength: 12 }), fc.integer({ min: 0, max: 30 }))
  // Sometimes a thousand of them: over half a megabyte with the rest.
  .map(([entries, dice]) => Object.fromEntries(dice === 0 ? [...many, ...entries] : entries));

export const hostileAlerts: fc.Arbitrary<Alert> = fc.record(
  {
    fingerprint: hostileText,
    labels,
    annotations: labels,
    startsAtMs: fc.oneof(fc.double(), fc.integer(), fc.constant(Number.NaN)),
    generatorURL: hostileText,
    dashboardURL: hostileText,
    panelURL: hostileText,
    imageURL: hostileText,
  },
  { requiredKeys: ["fingerprint", "labels", "annotations", "startsAtMs"] },
);
