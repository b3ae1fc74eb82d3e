import type { StateChange } from "@tocsin/core/decisions";
import { ChangeWatchers } from "./change-watchers.ts";

/** Takes the state changes of a commit, after the commit. */
export type ReportChanges = (changes: readonly StateChange[]) => void;

/**
 * For a ledger that only this process commits to. Collects the changes of an operation. After the commit, it sends the changed
 * incidents to the watchers and reports the state changes. After a rollback it drops both.
 */
export class CommitNotifier {
  readonly watchers = new ChangeWatchers({
    begin: () => queueMicrotask(() => this.watchers.notify("unknown")),
    end: () => this.#incidents.clear(),
  });
  /** Numbers of the incidents that the operation stored. */
  readonly #incidents = new Set<number>();
  readonly #report: ReportChanges;
  #stateChanges: StateChange[] = [];

  constructor(report: ReportChanges = () => {}) {
    this.#report = report;
  }

  readonly addStateChange = (change: StateChange): void => void this.#stateChanges.push(change);

  readonly addIncident = (incident: number): void => {
    if (this.watchers.any) this.#incidents.add(incident);
  };

  commit(): void {
    if (this.#stateChanges.length > 0) this.#report(this.#stateChanges.splice(0));
    if (this.#incidents.size === 0) return;
    const incidents = [...this.#incidents];
    this.#incidents.clear();
    this.watchers.notify(incidents);
  }

  rollback(): void {
    this.#stateChanges = [];
    this.#incidents.clear();
  }
}
