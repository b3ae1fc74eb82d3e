import { Subject } from "../filter/subject.ts";
import type { Alert } from "../model/alert.ts";
import type { Classification } from "../model/classification.ts";
import type { Reason } from "../model/incident.ts";
import { parseSeverity, type Severity } from "../model/severity.ts";
import type { Route } from "../ports/ledger.ts";
import type { Target } from "../target/target.ts";
import type { TemplateContext, TemplateFieldName } from "../target/template.ts";
import { fitDedupKey, groupKey } from "./dedup-key.ts";
import { cutCodePoints, maxSummaryCodePoints, summaryOf } from "./summary.ts";

/** Whether a target is told of an alert, and why not. */
export type Decision =
  | (Route & { readonly tell: true })
  | { readonly target: string; readonly tell: false; readonly reason: Reason; readonly detail: string };

/**
 * Decides for each target by itself whether it is told of an alert that fires: there is no "first match wins", and the
 * order of targets means nothing. Pure and total: it never throws, whatever the alert holds.
 *
 * Without a classification, filters that need one let the alert pass.
 */
export function route(alert: Alert, targets: readonly Target[], classification?: Classification): Decision[] {
  const subject = new Subject(alert, classification);
  const summary = lazy(() => summaryOf(alert));
  return targets.map((target) => decide(target, subject, summary));
}

function decide(target: Target, subject: Subject, summary: () => string): Decision {
  const no = (reason: Reason, detail: string): Decision => ({ target: target.name, tell: false, reason, detail });
  if (!target.enabled) return no("target_disabled", "the target says enabled: false");
  const severity = subject.severity ?? target.defaultSeverity;
  for (const filter of target.filters) {
    if (!filter.passes(subject, severity)) return no(filter.reason, filter.why);
  }
  return { target: target.name, tell: true, ...words(target, subject.alert, severity, summary) };
}

function words(target: Target, alert: Alert, severity: Severity, summary: () => string): Omit<Route, "target"> {
  const context: TemplateContext = { alert, severity, metadata: target.metadata };
  const render = (field: TemplateFieldName) => target.template.fields[field]?.(context);
  const rendered = render("summary");
  return {
    dedupKey: dedupKeyOf(target, alert, render("dedup_key")),
    severity: parseSeverity(render("severity") ?? "") ?? severity,
    summary: rendered === undefined ? summary() : cutCodePoints(rendered, maxSummaryCodePoints),
  };
}

function dedupKeyOf(target: Target, alert: Alert, rendered: string | undefined): string {
  if (target.groupBy.length > 0) return groupKey(alert, target.groupBy);
  return fitDedupKey(rendered ?? alert.fingerprint);
}

function lazy<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
