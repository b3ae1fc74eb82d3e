import { compileWhen, duration, type Issue, parseMatchers, Secret, secretInput, type SecretInput } from "@tocsin/core";
import { verdictSeverities } from "@tocsin/core/decisions";
import { isLoopback } from "@tocsin/http";
import { z } from "zod";

/** Checks a text when the configuration is read. The classifier compiles it again, so that settings stay plain data. */
const compiled = (compile: (text: string) => unknown) =>
  z.string().superRefine((text, context) => {
    try {
      compile(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
    }
  });

const text = (max: number) => z.string().min(1).max(max);

const unique = (texts: readonly string[]): boolean => new Set(texts).size === texts.length;

const labelNames = (max: number) =>
  z.array(text(200)).max(max).refine(unique, { error: "must not name a label twice" });

const share = () => z.number().min(0).max(1);

const rule = z.strictObject({
  name: text(100).describe("Name of the rule; pages and `explain` show it. Unique."),
  when: compiled(compileWhen)
    .optional()
    .describe(
      "CEL condition over `labels`, `annotations`, `alert_name` and `severity`, as in the filters of targets. Default: every alert.",
    ),
  matchers: z
    .array(compiled(parseMatchers))
    .min(1, "expected at least one matcher")
    .optional()
    .describe("Matchers that must all match, such as `['alertname=~\"Disk.*\"']`. Default: every alert."),
  severity: z.enum(verdictSeverities).describe("Severity of the verdict. `noise`: nobody has to act."),
  confidence: share().default(0.9).describe("Confidence of the verdict, 0 to 1."),
  reasoning: text(1_000).optional().describe("Why, for people. Default: the name of the rule."),
  recommendations: z.array(text(500)).max(5).optional().describe("What to do, for people; at most five."),
  category: text(50).optional().describe("One or two words, such as `capacity`."),
});

const rules = z
  .array(rule)
  .max(500)
  .refine((all) => unique(all.map(({ name }) => name)), { error: "must not have two rules of one name" });

const limitPerHour = (max: number) => z.int().min(0).max(max);

const llm = z.strictObject({
  api: z
    .enum(["openai", "anthropic"])
    .describe("API of the server. `openai` is also that of vLLM, Ollama and llama.cpp (chat completions)."),
  baseUrl: z
    .string()
    .describe(
      "Base URL of the API, such as `http://localhost:11434/v1` or `https://api.anthropic.com/v1`. Without a user, password, query or fragment.",
    ),
  model: text(200).describe("Name of the model, as the server knows it."),
  apiKey: secretInput.optional().describe("Key of the API. `anthropic` needs one; a local server usually needs none."),
  allowInsecure: z
    .boolean()
    .default(false)
    .describe("Allows plain http to other machines: alerts and the key are sent unencrypted."),
  maxCallsPerHour: limitPerHour(1_000_000)
    .default(600)
    .describe("Most calls per hour, over all replicas. Afterwards no verdict is awaited. `0`: no limit."),
  maxTokensPerHour: limitPerHour(10_000_000_000)
    .default(2_000_000)
    .describe(
      "Most tokens per hour, over all replicas, as the provider counts them. Calls that run already may exceed it. `0`: no limit.",
    ),
});

const maxBudgetMs = 10_000;

/** The block `classification` of `tocsin.yaml`. */
export const classificationSettings = z
  .strictObject({
    provider: z
      .enum(["none", "rules", "llm"])
      .default("none")
      .describe("What classifies alerts: nothing, rules without a model, or a language model."),
    apply: z
      .enum(["fill", "override", "shadow"])
      .default("fill")
      .describe(
        "What a verdict may change. `fill`: only the severity of alerts whose labels state none. `override`: it may also raise or lower a stated one. `shadow`: nothing; verdicts are only counted.",
      ),
    budget: duration()
      .prefault("2s")
      .refine((ms) => ms >= 100 && ms <= maxBudgetMs, { error: "must be between 100ms and 10s" })
      .describe(
        "Longest time that a first page waits for its verdict, where one could change it. Shorter than the `fallback_after` of targets.",
      ),
    criticalBudget: duration()
      .prefault("500ms")
      .refine((ms) => ms <= maxBudgetMs, { error: "must be at most 10s" })
      .describe("The same for a page whose label says critical. `0`: it never waits."),
    floor: z
      .enum(["critical", "error"])
      .default("critical")
      .describe("An alert whose label says critical is never lowered below this severity."),
    threshold: share()
      .default(0.8)
      .describe("Lowest confidence of a verdict that lowers or suppresses a page, 0 to 1."),
    cacheFor: duration()
      .prefault("1h")
      .refine((ms) => ms <= 30 * 86_400_000, { error: "must be at most 30d" })
      .describe("How long a model's verdict is used for other alerts of the same shape. `0`: not at all."),
    shapeLabels: labelNames(20)
      .default(["namespace", "service"])
      .describe("Labels that make up the shape of an alert, besides its name: alerts of one shape share a verdict."),
    redact: z
      .strictObject({
        denyLabels: labelNames(200)
          .default([])
          .describe("Labels and annotations that no model sees, besides those that are always redacted."),
        keep: z
          .array(z.enum(["ip"]))
          .refine(unique, { error: "must not repeat a word" })
          .default([])
          .describe("What is not redacted: `ip` keeps IP addresses."),
      })
      .prefault({}),
    rules: rules
      .optional()
      .describe(
        "Rules of `provider: rules`; the first that matches wins, then those of the built-in table. With `provider: llm` they decide when the model does not answer in time.",
      ),
    llm: llm.optional(),
  })
  .prefault({})
  .superRefine(({ provider, budget, criticalBudget, llm: model }, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (criticalBudget > budget) refuse("criticalBudget", "must not be longer than `budget`");
    if (provider === "llm" && model === undefined) refuse("llm", "is needed with `provider: llm`");
  });

type Written = z.output<typeof classificationSettings>;

/** One rule as written: its condition and matchers are valid. */
export type RuleSettings = z.output<typeof rule>;

/** A server with a language model. */
export interface LlmSettings extends Pick<
  z.output<typeof llm>,
  "api" | "model" | "allowInsecure" | "maxCallsPerHour" | "maxTokensPerHour"
> {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly apiKey: Secret | undefined;
}

/** The settings of a classification that is on. */
export interface ClassificationSettings extends Pick<
  Written,
  "apply" | "floor" | "threshold" | "shapeLabels" | "redact"
> {
  readonly provider: "rules" | "llm";
  readonly budgetMs: number;
  readonly criticalBudgetMs: number;
  readonly cacheForMs: number;
  /** Undefined: none are configured, so with `llm` no rule stands in for the model. */
  readonly rules: readonly RuleSettings[] | undefined;
  /** Set if the provider is `llm`. */
  readonly llm: LlmSettings | undefined;
}

interface Secrets {
  readonly issues: Issue[];
  value(input: SecretInput, path: string): string;
}

/** Returns the settings with their secret. Undefined: alerts are not classified. */
export function classificationIn(written: Written, secrets: Secrets): ClassificationSettings | undefined {
  const { provider, budget, criticalBudget, cacheFor, apply, floor, threshold, shapeLabels, redact } = written;
  if (provider === "none") return undefined;
  return {
    provider,
    budgetMs: budget,
    criticalBudgetMs: criticalBudget,
    cacheForMs: cacheFor,
    rules: written.rules,
    llm: provider === "llm" && written.llm ? llmIn(written.llm, secrets) : undefined,
    apply,
    floor,
    threshold,
    shapeLabels,
    redact,
  };
}

function llmIn({ baseUrl, apiKey, ...settings }: NonNullable<Written["llm"]>, secrets: Secrets): LlmSettings {
  const refuse = (key: string, message: string) => secrets.issues.push({ path: `classification.llm.${key}`, message });
  const problem = baseUrlProblem(baseUrl, settings.allowInsecure);
  if (problem !== undefined) refuse("baseUrl", problem);
  const key = apiKey === undefined ? undefined : secrets.value(apiKey, "classification.llm.apiKey");
  if (key === undefined && settings.api === "anthropic") refuse("apiKey", 'is needed with `api: "anthropic"`');
  if (key !== undefined && !/^[\x21-\x7E]*$/.test(key))
    refuse("apiKey", "holds characters that a header must not have");
  const href = URL.parse(baseUrl)?.href ?? baseUrl;
  return { ...settings, baseUrl: href.replace(/\/+$/, ""), apiKey: key === undefined ? undefined : new Secret(key) };
}

/** Describes a wrong base URL in words that quote nothing of it. */
function baseUrlProblem(written: string, allowInsecure: boolean): string | undefined {
  const url = URL.parse(written);
  if (!url || !/^https?:$/.test(url.protocol)) return 'expected a URL such as "http://localhost:11434/v1"';
  if (url.username || url.password) return "must not hold a user or password; use `apiKey`";
  if (url.search || url.hash) return "must not have a query or a fragment";
  if (url.protocol === "http:" && !isLoopback(url.hostname) && !allowInsecure)
    return "plain http is only allowed to this machine; use https, or set `allowInsecure: true`";
  return undefined;
}

/** Returns whether two settings are equal, also in the key. */
export const sameClassification = (
  one: ClassificationSettings | undefined,
  other: ClassificationSettings | undefined,
): boolean => comparable(one) === comparable(other);

const comparable = (settings: ClassificationSettings | undefined): string | undefined =>
  settings && JSON.stringify([settings, settings.llm?.apiKey?.reveal()]);
