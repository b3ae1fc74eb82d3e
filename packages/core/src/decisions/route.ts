import { tooCostly } from "../filters/budget.ts";
import type { Filter } from "../filters/compile-filters.ts";
import { Subject } from "../filters/subject.ts";
import { type Alert, isChangeEvent } from "../alerts/alert.ts";
import type { Change } from "../changes/change.ts";
import { type EpisodeVerdict, type VerdictSeverity, verdictSeverities } from "../alerts/verdict.ts";
import type { Reason } from "../incidents/incident.ts";
import { parseSeverity, type Severity } from "../alerts/severity.ts";
import type { Route } from "../alerts/route.ts";
import { StepPool } from "../targets/stepped-liquid.ts";
import type { Target } from "../targets/target.ts";
import { TemplateContext, type TemplateFieldName } from "../targets/template.ts";
import { fitDedupKey, groupKey, ownKey } from "./dedup-key.ts";
import { type VerdictTerms, type WeighedVerdict, weighVerdict } from "./weigh-verdict.ts";
import { cutCodePoints, maxSummaryCodePoints, summaryOf } from "./summary.ts";

/** How the classification of an alert takes part in routing. */
export interface ClassificationTerms extends VerdictTerms {
  /** The verdict of the alert's episode. Undefined: it has none. */
  readonly verdict: EpisodeVerdict | undefined;
  /**
   * How long a first page may wait for a verdict, ms: one whose label says critical, and any other. Undefined: none is awaited.
   */
  readonly wait?: { readonly criticalMs: number; readonly otherMs: number };
}

interface Considered {
  /** What the verdict did. Absent: there is none. */
  readonly weighed?: WeighedVerdict;
  /** A verdict is awaited that could change this decision. */
  readonly awaitsVerdict?: true;
}

/** Whether an alert is sent to a target, and if not, why. */
export type Decision = Considered &
  (
    | (Route & { readonly send: true; readonly detail?: string })
    | {
        readonly target: string;
        readonly send: false;
        readonly reason: Reason;
        readonly detail: string;
        /** The key in the definition of the target that decided: `filters.severity`. Absent: no key of it. */
        readonly rule?: string;
      }
  );

/**
 * Decides for each target independently whether it receives a firing alert: there is no "first match wins", and the order of
 * targets does not matter. Pure and total: it never throws, whatever the alert contains.
 *
 * Without a verdict, the label decides. A target in shadow mode is decided like any other: only the send is left out later, by the
 * worker.
 */
export function route(alert: Alert, targets: readonly Target[], terms?: ClassificationTerms): Decision[] {
  const subject = new Subject(alert);
  const usual = new SharedFields(alert);
  const classified = terms !== undefined && !isChangeEvent(alert) ? terms : undefined;
  const decisions = targets.map((target) => decide(target, subject, usual, classified));
  return classified?.wait === undefined || classified.verdict !== undefined || classified.apply === "shadow"
    ? decisions
    : withWaits(alert, targets, decisions, { ...classified, wait: classified.wait });
}

type AwaitedTerms = ClassificationTerms & { readonly wait: NonNullable<ClassificationTerms["wait"]> };

/** Adds how long decisions wait for a verdict, where one could change them. */
function withWaits(
  alert: Alert,
  targets: readonly Target[],
  decisions: readonly Decision[],
  terms: AwaitedTerms,
): Decision[] {
  // The trials have their own budgets: they must not use up those of the real decisions.
  const subject = new Subject(alert);
  const usual = new SharedFields(alert);
  return decisions.map((decision, index) => {
    const target = targets[index] as Target;
    if (!target.enabled) return decision;
    const label = labelAt(target, subject);
    const waits = decision.send && target.waitsForClassification;
    if (!waits && !couldChange(decision, { target, subject, usual, terms, label })) return decision;
    if (!decision.send) return { ...decision, awaitsVerdict: true };
    return { ...decision, awaitsVerdict: true, waitMs: terms.wait[label === "critical" ? "criticalMs" : "otherMs"] };
  });
}

interface Trial {
  readonly target: Target;
  readonly subject: Subject;
  readonly usual: SharedFields;
  readonly terms: AwaitedTerms;
  readonly label: Severity | undefined;
}

/** Tries every severity that a verdict may have. */
function couldChange(decision: Decision, { target, subject, usual, terms, label }: Trial): boolean {
  if (label !== undefined && terms.apply === "fill" && (!target.excludeNoise || label === "critical")) return false;
  return verdictSeverities.some((severity) => {
    const after = decide(target, subject, usual, { ...terms, verdict: surest(severity) });
    if (!after.send || !decision.send) return after.send !== decision.send;
    return after.severity !== decision.severity || after.dedupKey !== decision.dedupKey;
  });
}

const surest = (severity: VerdictSeverity): EpisodeVerdict => ({
  severity,
  confidence: 1,
  reasoning: "",
  recommendations: [],
  category: "",
  model: "",
  provider: "rules",
});

const labelAt = (target: Target, subject: Subject): Severity | undefined =>
  target.severityMap ? subject.severityBy(target.severityMap) : subject.severity;

function decide(
  target: Target,
  subject: Subject,
  usual: SharedFields,
  classified: ClassificationTerms | undefined,
): Decision {
  const { name } = target;
  if (!target.enabled)
    return { target: name, send: false, reason: "target_disabled", rule: "enabled", detail: "enabled: false" };
  const stated = labelAt(target, subject);
  subject.budget.nextTarget();
  let unjudged: string | undefined;
  const change = isChangeEvent(subject.alert);
  const weighed = classified?.verdict && weigh(target, stated, classified.verdict, classified);
  const severity = weighed?.severity ?? stated ?? (change ? "info" : target.defaultSeverity);
  const considered = weighed && { weighed };
  if (change && !target.takesChanges)
    return { target: name, send: false, reason: "no_changes", rule: "changes", detail: noChanges(target) };
  for (const filter of target.filters) {
    // A change without a severity passes: the target's default severity says nothing about it.
    if (change && stated === undefined && filter.judgesSeverity) continue;
    const verdict = judge(filter, subject, severity);
    if (verdict === "fails")
      return { target: name, send: false, reason: filter.reason, rule: filter.rule, detail: filter.why, ...considered };
    if (verdict === "too costly") unjudged ??= filter.why;
  }
  if (weighed?.effect === "suppressed")
    return {
      target: name,
      send: false,
      reason: "suppressed_noise",
      rule: "filters.exclude_noise",
      detail: "classified as noise",
      weighed,
    };
  if (subject.alert.change)
    return {
      ...sentChange(subject.alert, subject.alert.change, severity),
      target: name,
      send: true,
      ...unjudgedDetail(unjudged),
    };
  const context = new TemplateContext(subject.alert, severity, target.metadata, usual.steps);
  const templated = severityOf(target, context);
  return {
    target: name,
    send: true,
    ...(change && { kind: "change" as const }),
    dedupKey: change ? usual.changeKey : (dedupKeyOf(target, context) ?? usual.dedupKey),
    severity: templated ?? severity,
    summary: summaryOfTarget(target, context) ?? usual.summary,
    ...unjudgedDetail(unjudged),
    ...considered,
    ...(weighed && weighed.effect !== "none" && (templated ?? severity) === severity && { byVerdict: weighed.effect }),
  };
}

function weigh(
  target: Target,
  label: Severity | undefined,
  verdict: EpisodeVerdict,
  terms: VerdictTerms,
): WeighedVerdict {
  const { defaultSeverity, excludeNoise, minConfidence } = target;
  return weighVerdict(verdict, { label, defaultSeverity, excludeNoise, minConfidence }, terms);
}

/** A filter that would take too long lets the alert pass, and the decision says so: an extra page is better than a lost one. */
function judge({ passes }: Filter, subject: Subject, severity: Severity): "passes" | "fails" | "too costly" {
  try {
    return passes(subject, severity) ? "passes" : "fails";
  } catch (error) {
    if (error === tooCostly) return "too costly";
    throw error;
  }
}

const unjudgedDetail = (filter: string | undefined) =>
  filter === undefined
    ? {}
    : { detail: `sent although a filter was not applied, since it would take too long: ${filter}` };

/** A change that was reported as one has its own summary and identity. Templates and groups are for alerts. */
const sentChange = (alert: Alert, { summary }: Change, severity: Severity) => ({
  kind: "change" as const,
  dedupKey: alert.fingerprint,
  severity,
  summary: cutCodePoints(summary, maxSummaryCodePoints),
});

const noChanges = ({ whyNoChanges }: Target): string => `takes no changes: ${whyNoChanges ?? "its `changes` is false"}`;

/** Summary and dedup key that most targets share: made once per alert, and only if a target needs them. */
class SharedFields {
  /** Shared by the templates of all targets. */
  readonly steps = new StepPool();
  readonly #alert: Alert;
  #summary: string | undefined;
  #dedupKey: string | undefined;

  constructor(alert: Alert) {
    this.#alert = alert;
  }

  get summary(): string {
    return (this.#summary ??= summaryOf(this.#alert));
  }

  /**
   * The ledger sends a change event once per key and per episode, whatever start its repeats have. PagerDuty does not get this
   * key.
   */
  get changeKey(): string {
    return `${this.dedupKey}@${this.#alert.startsAtMs}`;
  }

  get dedupKey(): string {
    return (this.#dedupKey ??= ownKey(this.#alert));
  }
}

const render = (target: Target, field: TemplateFieldName, context: TemplateContext): string | undefined =>
  target.template.fields[field]?.(context);

function dedupKeyOf(target: Target, context: TemplateContext): string | undefined {
  if (target.groupBy.length > 0) return groupKey(context.alert, target.groupBy);
  const rendered = render(target, "dedup_key", context);
  return rendered && fitDedupKey(rendered);
}

function severityOf(target: Target, context: TemplateContext): Severity | undefined {
  const rendered = render(target, "severity", context);
  return rendered === undefined ? undefined : parseSeverity(rendered, target.severityMap);
}

function summaryOfTarget(target: Target, context: TemplateContext): string | undefined {
  const rendered = render(target, "summary", context);
  return rendered && cutCodePoints(rendered, maxSummaryCodePoints);
}
