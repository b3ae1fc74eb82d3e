import { z } from "zod";
import type { Reason } from "../incidents/incident.ts";
import { parseSeverity, severities, type Severity, severityRank } from "../alerts/severity.ts";
import { compiledField, oneOrMany } from "../schema/field.ts";
import { formatPath } from "../schema/issue.ts";
import { type Matcher, parseMatchers } from "./matcher.ts";
import { compilePattern, type Test } from "./pattern.ts";
import type { Subject } from "./subject.ts";
import { compileWhen, type Condition } from "./when.ts";

/** One condition that an alert must meet to be sent. */
export interface Filter {
  /** Why an alert fails the filter, for people: `namespace is none of production`. */
  readonly why: string;
  readonly reason: Reason;
  /** Its place in the definition of the target: `filters.severity`. */
  readonly rule: string;
  /** The filter judges the severity, so a change without one passes it. */
  readonly judgesSeverity?: true;
  /**
   * `severity` is the alert's severity at this target: from its label, a trusted classification, or the target's default.
   *
   * @throws tooCostly if the subject's budget does not suffice
   */
  readonly passes: (subject: Subject, severity: Severity) => boolean;
}

/** The severity that a word means, such as `warn`. */
export const severityWord: z.ZodType<Severity, string> = z.string().transform((word, context) => {
  const severity = parseSeverity(word);
  if (severity) return severity;
  context.issues.push({ code: "custom", message: `expected one of ${severities.join(", ")}`, input: word });
  return z.NEVER;
});

/** The schema of `filters`. It compiles everything when the config is loaded, so a running system has no invalid filter. */
export const filterFields = z.strictObject({
  severity: oneOrMany(severityWord).optional().describe("Severities to send, such as `critical`."),
  min_severity: severityWord
    .optional()
    .describe("The lowest severity to send: `warning` sends critical, error and warning."),
  namespace: oneOrMany(z.string()).optional().describe("Values of the label `namespace` to send."),
  labels: z
    .record(z.string(), oneOrMany(z.string()))
    .optional()
    .describe(
      "Labels and the values to send. A list means any of its values. An empty text means alerts without the label.",
    ),
  matchers: oneOrMany(compiledField(parseMatchers))
    .transform((lists) => lists.flat())
    .optional()
    .describe('Prometheus matchers. All must match: `service=~"api|web"`. RE2 patterns, anchored at both ends.'),
  alert_name_pattern: compiledField((pattern) => ({ pattern, test: compilePattern(pattern, { whole: false }) }))
    .optional()
    .describe("RE2 pattern that the alert's name must contain. Not anchored."),
  exclude_noise: z
    .boolean()
    .optional()
    .describe(
      "Does not send alerts that a trusted classification calls noise, unless their label says critical. See [Classification](classification.md).",
    ),
  min_confidence: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      "Lowest confidence of a classification that counts at this target, 0 to 1. A less confident one counts as none, so it drops nothing.",
    ),
  when: compiledField((expression) => ({ expression, test: compileWhen(expression) }))
    .optional()
    .describe('CEL condition over `labels`, `annotations`, `alert_name` and `severity`; `re(text, "pattern")` is RE2.'),
});

export type FilterFields = z.output<typeof filterFields>;

/** The filters of a target, the cheapest first. An alert must pass all of them. */
export function compileFilters(fields: FilterFields, threshold?: Severity): Filter[] {
  const filters: (Filter | undefined)[] = [
    fields.severity && severityFilter(fields.severity),
    atLeast("filters.min_severity", fields.min_severity),
    atLeast("metadata.severity_threshold", threshold),
    fields.namespace && labelFilter("filters.namespace", "namespace", fields.namespace),
    ...Object.entries(fields.labels ?? {}).map(([name, values]) =>
      labelFilter(formatPath(["filters", "labels", name]), name, values),
    ),
    ...numbered(fields.matchers ?? [])
      .toSorted(regexLast)
      .map(matcherFilter),
    fields.alert_name_pattern && nameFilter(fields.alert_name_pattern),
    fields.when && whenFilter(fields.when),
  ];
  return filters.filter((filter) => filter !== undefined);
}

const filtered = (rule: string, why: string, passes: Filter["passes"]): Filter => ({
  rule,
  why,
  reason: "filtered",
  passes,
});

const judging = (filter: Filter): Filter => ({ ...filter, judgesSeverity: true });

function severityFilter(wanted: readonly Severity[]): Filter {
  return judging(
    filtered("filters.severity", `severity is none of ${wanted.join(", ")}`, (_, severity) =>
      wanted.includes(severity),
    ),
  );
}

function atLeast(key: string, least: Severity | undefined): Filter | undefined {
  if (!least) return undefined;
  const rank = severityRank(least);
  return judging(
    filtered(
      key,
      `severity is below ${least} (${key.replace("filters.", "")})`,
      (_, severity) => severityRank(severity) <= rank,
    ),
  );
}

function labelFilter(rule: string, name: string, values: readonly string[]): Filter {
  const why = `label ${name} is none of ${values.map((value) => JSON.stringify(value)).join(", ")}`;
  const [only] = values;
  return values.length === 1
    ? filtered(rule, why, (subject) => subject.label(name) === only)
    : filtered(rule, why, (subject) => values.includes(subject.label(name)));
}

interface NumberedMatcher extends Matcher {
  readonly rule: string;
}

/** Adds the place of each matcher, if there are several. */
const numbered = (matchers: readonly Matcher[]): NumberedMatcher[] =>
  matchers.map((matcher, index) => ({
    ...matcher,
    rule: matchers.length === 1 ? "filters.matchers" : `filters.matchers[${index}]`,
  }));

const regexLast = (a: Matcher, b: Matcher): number => Number(isRegex(a)) - Number(isRegex(b));
const isRegex = ({ operator }: Matcher): boolean => operator.endsWith("~");

function matcherFilter({ rule, label, operator, value, matches }: NumberedMatcher): Filter {
  const why = `does not match ${label}${operator}${JSON.stringify(value)}`;
  return filtered(rule, why, (subject) => matches(subject.label(label), subject.budget));
}

function nameFilter({ pattern, test }: { pattern: string; test: Test }): Filter {
  return filtered("filters.alert_name_pattern", `alert name does not contain ${pattern}`, (subject) =>
    test(subject.name, subject.budget),
  );
}

function whenFilter({ expression, test }: { expression: string; test: Condition }): Filter {
  const filter = filtered("filters.when", `not true: ${expression}`, (subject, severity) =>
    test(subject.whenContext(severity), subject.budget),
  );
  return test.readsSeverity ? judging(filter) : filter;
}
