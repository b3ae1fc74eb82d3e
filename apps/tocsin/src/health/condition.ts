import type { Severity } from "@tocsin/core";
import type { HealthViews } from "./health-views.ts";

/** One object that a condition applies to. */
export interface Finding {
  /** The name of a target, source, place, file or setting; no secret. */
  readonly object: string;
  /** How the self-alert names the object, with more than its name. The same in all replicas. @default `object` */
  readonly named?: string;
  /** The problem as a sentence without its full stop. */
  readonly summary: string;
  /** Ms since epoch. Absent: unknown, so the time at which this process first found it counts. */
  readonly sinceMs?: number;
}

/** How `selfAlerts` reports a condition. */
export interface SelfAlertText {
  /** `fleet`: it is read from the ledger, so all replicas find the same. `process`: each replica speaks for itself. */
  readonly scope: "fleet" | "process";
  /** The summary of the alert, without the objects. */
  readonly title: string;
}

/** A kind of problem: how to find it, and the advice for an operator. */
export interface Condition {
  readonly severity: Severity;
  /** Advice for an operator. */
  readonly fix: string;
  /** `selfAlerts` reports it. Absent: only `doctor` does. */
  readonly selfAlert?: SelfAlertText;
  /** The objects are names of targets, which therefore do not receive the self-alert. */
  readonly isAboutTargets?: true;
  readonly find: (views: HealthViews) => readonly Finding[];
}
