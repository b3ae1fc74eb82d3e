import type { ChangedIncidents } from "@tocsin/core/decisions";

type Changed = (incidents: ChangedIncidents) => void;

/** The source of the changes. */
export interface ChangeSource {
  /** Called for each new watcher. Reports `unknown` once the source receives changes. */
  readonly begin: () => void;
  /** Called when the last watcher left. */
  readonly end: () => void;
}

/** The watchers of a ledger in this process (`Ledger.watch`). */
export class ChangeWatchers {
  /** `started`: the watcher has got its first `unknown`, and gets every change from there on. */
  readonly #watchers = new Set<{ readonly changed: Changed; started: boolean }>();
  readonly #source: ChangeSource;

  constructor(source: ChangeSource) {
    this.#source = source;
  }

  get any(): boolean {
    return this.#watchers.size > 0;
  }

  readonly watch = (changed: Changed): (() => void) => {
    const watcher = { changed, started: false };
    this.#watchers.add(watcher);
    this.#source.begin();
    return () => {
      if (this.#watchers.delete(watcher) && !this.any) this.#source.end();
    };
  };

  readonly notify = (incidents: ChangedIncidents): void => {
    for (const watcher of this.#watchers) {
      watcher.started ||= incidents === "unknown";
      if (watcher.started) watcher.changed(incidents);
    }
  };
}
