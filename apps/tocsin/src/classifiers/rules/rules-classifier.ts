import { createHash } from "node:crypto";
import {
  type Alert,
  alertName,
  type Classifier,
  type ClassifierResult,
  compileWhen,
  FilterBudget,
  labelSeverity,
  type Matcher,
  parseMatchers,
  tooCostly,
  type Verdict,
  type WhenContext,
} from "@tocsin/core";
import type { RuleSettings } from "../../classification/classification-settings.ts";
import { builtInRules } from "./built-in-rules.ts";

/** One alert, while the rules are tried. */
interface Subject {
  readonly context: WhenContext;
  /** All rules together may take this much work for one alert. */
  readonly budget: FilterBudget;
}

interface CompiledRule {
  readonly matches: (subject: Subject) => boolean;
  readonly verdict: Verdict;
}

/** Gives verdicts by rules: the first that matches wins, those of the configuration before the built-in ones. */
export class RulesClassifier implements Classifier {
  readonly provider = "rules";
  readonly model = "rules";
  readonly #rules: readonly CompiledRule[];
  readonly #hash: string;

  constructor(settings: readonly RuleSettings[] = []) {
    const all = [...settings, ...builtInRules];
    this.#rules = all.map(compileRule);
    this.#hash = createHash("sha256").update(JSON.stringify(all)).digest("hex");
  }

  /** Equal for all alerts with equal labels and annotations. */
  promptHash({ labels, annotations }: Alert): string {
    return createHash("sha256")
      .update(JSON.stringify([this.#hash, labels, annotations]))
      .digest("hex");
  }

  readonly verdictNow = (alert: Alert): Verdict | undefined => {
    const subject = { context: contextOf(alert), budget: new FilterBudget() };
    return this.#rules.find(({ matches }) => matches(subject))?.verdict;
  };

  async classify(alert: Alert): Promise<ClassifierResult> {
    const verdict = this.verdictNow(alert);
    return verdict ? { kind: "verdict", verdict } : { kind: "failed", reason: "refused", detail: "no rule matches" };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function compileRule(rule: RuleSettings): CompiledRule {
  const { name, when, matchers = [], severity, confidence, reasoning, recommendations = [], category = "" } = rule;
  const tests = matchers.flatMap((text) => parseMatchers(text));
  const condition = when === undefined ? undefined : compileCondition(when);
  const because = reasoning === undefined ? "" : `: ${reasoning}`;
  return {
    matches: (subject) => {
      try {
        return tests.every((test) => matchesLabel(test, subject)) && (condition?.(subject) ?? true);
      } catch (error) {
        // A rule must not match because it is too costly: it could suppress.
        if (error === tooCostly) return false;
        throw error;
      }
    },
    verdict: {
      severity,
      confidence,
      reasoning: `Rule "${name}"${because}`,
      recommendations,
      category,
      model: name,
      provider: "rules",
    },
  };
}

/**
 * A condition that fails for an alert, such as `int(labels.x)` for a word, lets a filter's alert pass. A rule must not match then, so
 * its opposite is tested too: it is also true only if both fail.
 */
function compileCondition(when: string): (subject: Subject) => boolean {
  const [holds, opposite] = [compileWhen(when), compileWhen(`!(${when})`)];
  return ({ context, budget }) => holds(context, budget) && !opposite(context, budget);
}

function contextOf(alert: Alert): WhenContext {
  const { labels, annotations } = alert;
  const severity = labelSeverity((name) => textOf(labels[name])) ?? "";
  return { labels, annotations, alert_name: alertName(alert), severity };
}

const matchesLabel = ({ label, matches }: Matcher, { context, budget }: Subject): boolean =>
  matches(textOf(context.labels[label]), budget);

/** Properties that every object inherits are not texts, so they do not count. */
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
