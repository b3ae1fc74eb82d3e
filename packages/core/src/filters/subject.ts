import { type Alert, alertName } from "../alerts/alert.ts";
import { labelSeverity, type Severity, type SeverityMap } from "../alerts/severity.ts";
import { FilterBudget } from "./budget.ts";
import type { WhenContext } from "./when.ts";

/**
 * An alert as filters see it. It is made once per alert and used by every target, so some parts are computed only when needed.
 */
export class Subject {
  readonly alert: Alert;
  readonly name: string;
  /** Undefined: no label states a known one. */
  readonly severity: Severity | undefined;
  readonly budget = new FilterBudget();
  #whenContext: WhenContext | undefined;

  constructor(alert: Alert) {
    this.alert = alert;
    this.name = alertName(alert);
    this.severity = this.severityBy(undefined);
  }

  /** The severity that a label states, with the words of a target's `severity_map`. */
  severityBy(map: SeverityMap | undefined): Severity | undefined {
    return labelSeverity((name) => this.label(name), map);
  }

  /**
   * A label's value; an empty text if it is missing. Properties that every object inherits are not texts, so they do not count.
   */
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
