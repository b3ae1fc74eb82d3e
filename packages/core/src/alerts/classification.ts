import type { Severity } from "./severity.ts";

/** What a classifier thinks of an alert. */
export interface Classification {
  readonly severity: Severity | "noise";
  /** 0 to 1. */
  readonly confidence: number;
  /** True: it stands above the alert's own severity label. False: it only fills in where no label says one. */
  readonly overrides: boolean;
}
