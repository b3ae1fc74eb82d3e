import type { EpisodeVerdict, Notification } from "@tocsin/core";
import fc from "fast-check";
import { hostileText } from "./hostile-alerts.ts";

type Classification = EpisodeVerdict & { readonly applied: boolean };

const byModel: Classification = {
  severity: "error",
  confidence: 0.87,
  reasoning: "/var is almost full, and writes of the orders database will fail when it is.",
  recommendations: ["Delete rotated logs below /var/log.", "Extend the volume of db-1."],
  category: "capacity",
  model: "small-model-7b",
  provider: "openai",
  applied: true,
};

const byRules: Classification = {
  ...byModel,
  severity: "warning",
  confidence: 0.9,
  reasoning: "Disks fill slowly.",
  recommendations: [],
  model: "disk-full",
  provider: "rules",
};

/** Texts of a model that does everything that it should not. */
const hostile: Classification = {
  severity: "noise",
  confidence: 1,
  reasoning: `<!channel> <!here|here> <@U012AB3CD> <#C0123456789> *bold* _it_ ~no~ \`code\` :tada: @here\n> lone \udc00 \u0000\u001b[31m <https://evil.example.com|Runbook> & ${"💥".repeat(3_000)}`,
  recommendations: [
    "<!everyone>\n\n*Reboot* all",
    " \u0000 ",
    "",
    ...Array.from({ length: 50 }, (_, n) => `${n}: ${"&<>".repeat(1_000)}`),
  ],
  category: "<@U1>".repeat(200),
  model: "<!channel> *model* \ud800",
  provider: "anthropic",
  applied: true,
};

/** By name of the golden file. Every publisher shows each of them. */
export const classified: Readonly<Record<string, Partial<Notification>>> = {
  "classified-applied": { severity: "error", classification: byModel },
  "classified-not-applied": { classification: { ...byModel, applied: false } },
  "classified-by-rules": { severity: "warning", classification: byRules },
  "classified-by-fallback": { severity: "warning", classification: { ...byRules, fallback: true } },
  "classified-hostile": { severity: "info", summary: "💥".repeat(1_024), classification: hostile },
};

/** A classification with any texts, or none. */
export const hostileClassifications: fc.Arbitrary<Classification | undefined> = fc.option(
  fc.record(
    {
      severity: fc.constantFrom("critical", "error", "warning", "info", "noise"),
      confidence: fc.double({ min: 0, max: 1, noNaN: true }),
      reasoning: hostileText,
      recommendations: fc.array(hostileText, { maxLength: 20 }),
      category: hostileText,
      model: hostileText,
      provider: fc.constantFrom("rules", "openai", "anthropic"),
      applied: fc.boolean(),
      fallback: fc.constant(true as const),
    },
    {
      requiredKeys: [
        "severity",
        "confidence",
        "reasoning",
        "recommendations",
        "category",
        "model",
        "provider",
        "applied",
      ],
    },
  ),
  { nil: undefined },
);
