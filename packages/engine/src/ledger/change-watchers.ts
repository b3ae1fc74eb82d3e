import type { ChangedIncidents, StateChange } from "@tocsin/core/decisions";

/** Takes what a commit changed, once it is committed. */
export type ReportChanges = (changes: readonly StateChange[]) => void;

type Changed = (incidents: ChangedIncidents) => void;

/** Where changes come from. */
export interface Changes {
  /** Says `unknown` once it hears: asked by each who begins to watch. */
  readonly begin: () => void;
  /** Nobody watches any more. */
  readonly end: () => void;
}

/** Who watches a ledger in this process (`Ledger.watch`). */
export class Watchers {
  readonly #watchers = new Set<{ readonly changed: Changed; hears: boolean }>();
  readonly #changes: Changes;

  constructor(changes: Changes) {
    this.#changes = changes;
  }

  get any(): boolean {
    return this.#watchers.size > 0;
  }

  readonly watch = (changed: Changed): (() => void) => {
    const watcher = { changed, hears: false };
    this.#watchers.add(watcher);
    this.#changes.begin();
    return () => {
      if (this.#watchers.delete(watcher) && !this.any) this.#changes.end();
    };
  };

  readonly say = (incidents: ChangedIncidents): void => {
    for (const watcher of this.#watchers) {
      watcher.hears ||= incidents === "unknown";
      if (watcher.hears) watcher.changed(incidents);
    }
  };
}

/**
 * For a ledger that only this process commits to: tells watchers which incidents a commit changed, and reports its changes of
 * state, once it is committed.
 */
export class OwnCommits {
  readonly watchers = new Watchers({
    begin: () => queueMicrotask(() => this.watchers.say("unknown")),
    end: () => this.#stored.clear(),
  });
  readonly #stored = new Set<number>();
  readonly #report: ReportChanges;
  #changes: StateChange[] = [];

  constructor(report: ReportChanges = () => {}) {
    this.#report = report;
  }

  readonly reported = (change: StateChange): void => void this.#changes.push(change);

  readonly stored = (incident: number): void => {
    if (this.watchers.any) this.#stored.add(incident);
  };

  committed(): void {
    if (this.#changes.length > 0) this.#report(this.#changes.splice(0));
    if (this.#stored.size === 0) return;
    const incidents = [...this.#stored];
    this.#stored.clear();
    this.watchers.say(incidents);
  }

  undone(): void {
    this.#changes = [];
    this.#stored.clear();
  }
}
