import type { Severity } from "./severity.ts";

/** A classifier's result for one alert. */
export interface Classification {
  readonly severity: Severity | "noise";
  /** 0 to 1. */
  readonly confidence: number;
  /** True: it takes precedence over the alert's severity label. False: it counts only if no label states a severity. */
  readonly overrides: boolean;
}
