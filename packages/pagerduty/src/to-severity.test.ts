import { expect, test } from "vitest";
import { toSeverity } from "./to-severity.ts";

const table = {
  critical: ["critical", "page", "p1", "fatal", "emergency", "disaster", "blocker", "sev-1", "sev1"],
  error: ["error", "high", "major", "p2", "sev-2", "sev2"],
  warning: ["warning", "warn", "medium", "minor", "p3", "sev-3", "sev3"],
  info: ["info", "low", "none", "notice", "debug", "p4", "p5", "sev-4", "sev-5", "sev4", "sev5"],
};

test.each(Object.entries(table).flatMap(([severity, words]) => words.map((word) => [word, severity])))(
  "%s is %s, in any case and with blanks around",
  (word, severity) => {
    expect([word, word.toUpperCase(), ` ${word}\n`].map((text) => toSeverity(text))).toEqual([
      severity,
      severity,
      severity,
    ]);
  },
);

test.each(["", "criticality", "p0", "p6", "sev-0", "sev-6", "sev--1", "ok", "constructor", "__proto__"])(
  "%j is nobody's word",
  (word) => {
    expect(toSeverity(word)).toBeUndefined();
  },
);
