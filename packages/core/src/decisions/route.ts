import { tooCostly } from "../filters/budget.ts";
import type { Filter } from "../filters/compile-filters.ts";
import { Subject } from "../filters/subject.ts";
import { type Alert, isChangeEvent } from "../alerts/alert.ts";
import type { Change } from "../changes/change.ts";
import type { Classification } from "../alerts/classification.ts";
import type { Reason } from "../incidents/incident.ts";
import { parseSeverity, type Severity } from "../alerts/severity.ts";
import type { Route } from "../alerts/route.ts";
import { StepPool } from "../targets/stepped-liquid.ts";
import type { Target } from "../targets/target.ts";
import { TemplateContext, type TemplateFieldName } from "../targets/template.ts";
import { fitDedupKey, groupKey, ownKey } from "./dedup-key.ts";
import { cutCodePoints, maxSummaryCodePoints, summaryOf } from "./summary.ts";

/** Whether an alert is sent to a target, and if not, why. */
export type Decision =
  | (Route & { readonly send: true; readonly detail?: string })
  | {
      readonly target: string;
      readonly send: false;
      readonly reason: Reason;
      readonly detail: string;
      /** The key in the definition of the target that decided: `filters.severity`. Absent: no key of it. */
      readonly rule?: string;
    };

/**
 * Decides for each target independently whether it receives a firing alert: there is no "first match wins", and the order of
 * targets does not matter. Pure and total: it never throws, whatever the alert contains.
 *
 * Without a classification, filters that need one let the alert pass. A target in shadow mode is decided like any other: only the
 * send is left out later, by the worker.
 */
export function route(alert: Alert, targets: readonly Target[], classification?: Classification): Decision[] {
  const subject = new Subject(alert, classification);
  const usual = new SharedFields(alert);
  return targets.map((target) => decide(target, subject, usual));
}

function decide(target: Target, subject: Subject, usual: SharedFields): Decision {
  const { name } = target;
  if (!target.enabled)
    return { target: name, send: false, reason: "target_disabled", rule: "enabled", detail: "enabled: false" };
  const stated = target.severityMap ? subject.severityBy(target.severityMap) : subject.severity;
  subject.budget.nextTarget();
  let unjudged: string | undefined;
  const change = isChangeEvent(subject.alert);
  const severity = stated ?? (change ? "info" : target.defaultSeverity);
  if (change && !target.takesChanges)
    return { target: name, send: false, reason: "no_changes", rule: "changes", detail: noChanges(target) };
  for (const filter of target.filters) {
    // A change without a severity passes: the target's default severity says nothing about it.
    if (change && stated === undefined && filter.judgesSeverity) continue;
    const verdict = judge(filter, subject, severity);
    if (verdict === "fails")
      return { target: name, send: false, reason: filter.reason, rule: filter.rule, detail: filter.why };
    if (verdict === "too costly") unjudged ??= filter.why;
  }
  if (subject.alert.change)
    return {
      ...sentChange(subject.alert, subject.alert.change, severity),
      target: name,
      send: true,
      ...unjudgedDetail(unjudged),
    };
  const context = new TemplateContext(subject.alert, severity, target.metadata, usual.steps);
  return {
    target: name,
    send: true,
    ...(change && { kind: "change" as const }),
    dedupKey: change ? usual.changeKey : (dedupKeyOf(target, context) ?? usual.dedupKey),
    severity: severityOf(target, context) ?? severity,
    summary: summaryOfTarget(target, context) ?? usual.summary,
    ...unjudgedDetail(unjudged),
  };
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
