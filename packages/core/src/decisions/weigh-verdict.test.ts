import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { severities, severityRank } from "../alerts/severity.ts";
import { type EpisodeVerdict, severityOfVerdict, verdictSeverities } from "../alerts/verdict.ts";
import { type VerdictSubject, type VerdictTerms, weighVerdict } from "./weigh-verdict.ts";

const verdict: EpisodeVerdict = {
  severity: "warning",
  confidence: 0.9,
  reasoning: "r",
  recommendations: [],
  category: "c",
  model: "m",
  provider: "openai",
};
const subject: VerdictSubject = {
  label: "error",
  defaultSeverity: "error",
  excludeNoise: false,
  minConfidence: undefined,
};
const terms: VerdictTerms = { apply: "override", floor: "critical", threshold: 0.8 };

describe("a verdict", () => {
  test.each<[string, object, object, object, object]>([
    ["fills in a missing severity", {}, { label: undefined }, {}, { severity: "warning", effect: "filled" }],
    [
      "fills in, although fill only",
      {},
      { label: undefined },
      { apply: "fill" },
      { severity: "warning", effect: "filled" },
    ],
    [
      "leaves a stated severity with fill",
      {},
      {},
      { apply: "fill" },
      { severity: "error", effect: "none", limitedBy: "apply_fill" },
    ],
    ["agrees with fill", { severity: "error" }, {}, { apply: "fill" }, { severity: "error", effect: "none" }],
    ["agrees", { severity: "error" }, {}, {}, { severity: "error", effect: "none" }],
    ["lowers", {}, {}, {}, { severity: "warning", effect: "lowered" }],
    ["lowers at the threshold", { confidence: 0.8 }, {}, {}, { severity: "warning", effect: "lowered" }],
    [
      "does not lower below the threshold",
      { confidence: 0.79 },
      {},
      {},
      { severity: "error", effect: "none", limitedBy: "threshold" },
    ],
    [
      "does not lower the default below the threshold",
      { confidence: 0.79 },
      { label: undefined },
      {},
      { severity: "error", effect: "none", limitedBy: "threshold" },
    ],
    [
      "raises, however unsure",
      { severity: "critical", confidence: 0.1 },
      {},
      {},
      { severity: "critical", effect: "raised" },
    ],
    [
      "does not lower with another prompt",
      { ofShape: true },
      {},
      {},
      { severity: "error", effect: "none", limitedBy: "other_prompt" },
    ],
    [
      "raises with another prompt",
      { severity: "critical", ofShape: true },
      {},
      {},
      { severity: "critical", effect: "raised" },
    ],
    [
      "does not lower a critical",
      {},
      { label: "critical" },
      {},
      { severity: "critical", effect: "none", limitedBy: "floor" },
    ],
    [
      "lowers a critical to the floor",
      {},
      { label: "critical" },
      { floor: "error" },
      { severity: "error", effect: "lowered", limitedBy: "floor" },
    ],
    ["counts noise as info", { severity: "noise" }, {}, {}, { severity: "info", effect: "lowered" }],
    [
      "suppresses noise",
      { severity: "noise" },
      { excludeNoise: true },
      {},
      { severity: "error", effect: "suppressed" },
    ],
    [
      "suppresses noise with fill too",
      { severity: "noise" },
      { excludeNoise: true },
      { apply: "fill" },
      { severity: "error", effect: "suppressed" },
    ],
    [
      "does not suppress below the threshold",
      { severity: "noise", confidence: 0.5 },
      { excludeNoise: true },
      {},
      { severity: "error", effect: "none", limitedBy: "threshold" },
    ],
    [
      "does not suppress with another prompt",
      { severity: "noise", ofShape: true },
      { excludeNoise: true },
      {},
      { severity: "error", effect: "none", limitedBy: "other_prompt" },
    ],
    [
      "does not suppress a critical",
      { severity: "noise" },
      { excludeNoise: true, label: "critical" },
      {},
      { severity: "critical", effect: "none", limitedBy: "label_critical" },
    ],
    [
      "lowers a critical that is noise to the floor",
      { severity: "noise" },
      { excludeNoise: true, label: "critical" },
      { floor: "error" },
      { severity: "error", effect: "lowered", limitedBy: "label_critical" },
    ],
    [
      "counts as none if it is unsure",
      { severity: "critical", confidence: 0.4 },
      { minConfidence: 0.5 },
      {},
      { severity: "error", effect: "none", limitedBy: "min_confidence" },
    ],
    [
      "changes nothing in shadow mode",
      { severity: "critical" },
      {},
      { apply: "shadow" },
      { severity: "error", effect: "none", limitedBy: "apply_shadow" },
    ],
  ])("%s", (_, given, at, rules, weighed) => {
    expect(weighVerdict({ ...verdict, ...given }, { ...subject, ...at }, { ...terms, ...rules })).toEqual(weighed);
  });

  const anything = fc.record({
    verdict: fc.record({
      severity: fc.constantFrom(...verdictSeverities),
      confidence: fc.constantFrom(0, 0.5, 0.79, 0.8, 0.99, 1),
      ofShape: fc.constantFrom(true, undefined),
    }),
    subject: fc.record({
      label: fc.constantFrom(...severities, undefined),
      defaultSeverity: fc.constantFrom(...severities),
      excludeNoise: fc.boolean(),
      minConfidence: fc.constantFrom(undefined, 0, 0.5, 1),
    }),
    terms: fc.record({
      apply: fc.constantFrom("fill", "override", "shadow"),
      floor: fc.constantFrom("critical", "error"),
      threshold: fc.constantFrom(0.5, 0.8, 1),
    }),
  });

  test("breaks no hard rule, whatever it says", () => {
    fc.assert(
      fc.property(anything, (one) => {
        const { ofShape, ...words } = one.verdict;
        const given: EpisodeVerdict = { ...verdict, ...words, ...(ofShape && { ofShape }) };
        const at = one.subject as VerdictSubject;
        const rules = one.terms as VerdictTerms;
        const { severity, effect } = weighVerdict(given, at, rules);
        const before = at.label ?? at.defaultSeverity;
        const lowered = severityRank(severity) > severityRank(before);
        const suppressed = effect === "suppressed";
        const unsure = at.minConfidence !== undefined && given.confidence < at.minConfidence;
        const broken = {
          criticalSuppressed: suppressed && at.label === "critical",
          belowFloor: at.label === "critical" && severityRank(severity) > severityRank(rules.floor),
          loweredByUnsure: (lowered || suppressed) && given.confidence < rules.threshold,
          loweredByOtherPrompt: (lowered || suppressed) && ofShape === true,
          suppressedUnasked: suppressed && !(at.excludeNoise && given.severity === "noise"),
          statedChanged: rules.apply === "fill" && at.label !== undefined && severity !== at.label,
          usedUnsure: unsure && effect !== "none",
          usedInShadow: rules.apply === "shadow" && effect !== "none",
          changedUnnamed: severity !== before && effect === "none",
          ofNobody: ![before, severityOfVerdict(given), rules.floor].includes(severity),
        };
        expect(Object.entries(broken).filter(([, is]) => is)).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });
});
