import { type Alert, alertName } from "../alerts/alert.ts";
import type { Classification } from "../alerts/classification.ts";
import { labelSeverity, type Severity, type SeverityMap } from "../alerts/severity.ts";
import { FilterBudget } from "./budget.ts";
import type { WhenContext } from "./when.ts";

/** An alert as filters look at it. Made once per alert and asked by every target, hence the lazy parts. */
export class Subject {
  readonly alert: Alert;
  readonly classification: Classification | undefined;
  readonly name: string;
  /** Undefined: neither the label nor a classification says one, so each target's default decides. */
  readonly severity: Severity | undefined;
  readonly budget = new FilterBudget();
  #whenContext: WhenContext | undefined;

  constructor(alert: Alert, classification?: Classification) {
    this.alert = alert;
    this.classification = classification;
    this.name = alertName(alert);
    this.severity = this.severityBy(undefined);
  }

  /** With the words of a target's `severity_map`. */
  severityBy(map: SeverityMap | undefined): Severity | undefined {
    const { classification } = this;
    const stated = labelSeverity((name) => this.label(name), map);
    if (!classification || (stated && !classification.overrides)) return stated;
    return classification.severity === "noise" ? "info" : classification.severity;
  }

  /** A missing label is an empty text. What every object inherits is no text, so it is no label. */
  label(name: string): string {
    const value: unknown = this.alert.labels[name];
    return typeof value === "string" ? value : "";
  }

  whenContext(severity: Severity): WhenContext {
    if (this.#whenContext?.severity !== severity) {
      const { labels, annotations } = this.alert;
      this.#whenContext = { labels, annotations, alert_name: this.name, severity };
    }
    return this.#whenContext;
  }
}
