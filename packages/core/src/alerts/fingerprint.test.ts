import { anyCharacter } from "@tocsin/test/any-character";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { alertFingerprint } from "./fingerprint.ts";

/** The algorithm of prometheus/common in its simplest form: bytes and 64-bit integers. */
function plainFingerprint(labels: Record<string, string>): string {
  const bytes: number[] = [];
  const sorted = Object.entries(labels).toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const [name, value] of sorted) bytes.push(...Buffer.from(name), 0xff, ...Buffer.from(value), 0xff);
  const hash = bytes.reduce(
    (sum, byte) => BigInt.asUintN(64, (sum ^ BigInt(byte)) * 1099511628211n),
    14695981039346656037n,
  );
  return hash.toString(16).padStart(16, "0");
}

describe("an alert's fingerprint", () => {
  // From the tests of prometheus/common and Alertmanager. The last three are computed with the algorithm.
  test.each([
    [{}, "cbf29ce484222325"],
    [{ name: "garland, briggs", fear: "love is not enough" }, "507a62d79ee76c9a"],
    [{ severity: "warning", job: "foo" }, "9266ef3da838ad95"],
    [{ severity: "critical", job: "foo" }, "3b15fd163d36582e"],
    [{ severity: "critical", job: "bar" }, "c7e68cb08e3e67f9"],
    [{ alertname: "TestAlert", instance: "Grafana" }, "57c6d9296de2ad39"],
    [{ alertname: "Watchdog", severity: "none" }, "448881ef475b9b26"],
    [{ alertname: "HighLatency", service: "café" }, "d43e9da3f4d34433"],
  ])("for %j is %s", (labels, fingerprint) => {
    expect(alertFingerprint(labels as Record<string, string>)).toBe(fingerprint);
  });

  test("equals the simple algorithm for any labels, in any order, also with lone surrogates", () => {
    const text = fc.oneof(fc.string({ unit: anyCharacter }), fc.string({ unit: "grapheme" }), fc.constant("\ud800x"));
    fc.assert(
      fc.property(fc.dictionary(text, text, { maxKeys: 8 }), (labels) => {
        expect(alertFingerprint(labels)).toBe(plainFingerprint(labels));
      }),
      { numRuns: 150 },
    );
  });

  test("sorts names by their bytes, not by UTF-16", () => {
    // U+FF5E sorts after U+1F600 in UTF-16 and before it in UTF-8.
    expect(alertFingerprint({ "\u{1F600}": "a", "\uff5e": "b" })).toBe(
      plainFingerprint({ "\uff5e": "b", "\u{1F600}": "a" }),
    );
  });
});
