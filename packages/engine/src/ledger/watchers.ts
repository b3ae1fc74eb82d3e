import type { ChangedIncidents } from "@tocsin/core/decisions";

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

/** What is stored by who makes all commits himself, said to those who watch once it is committed. */
export class OwnCommits {
  readonly watchers = new Watchers({
    begin: () => queueMicrotask(() => this.watchers.say("unknown")),
    end: () => this.#stored.clear(),
  });
  readonly #stored = new Set<number>();

  readonly stored = (incident: number): void => {
    if (this.watchers.any) this.#stored.add(incident);
  };

  committed(): void {
    if (this.#stored.size === 0) return;
    const incidents = [...this.#stored];
    this.#stored.clear();
    this.watchers.say(incidents);
  }

  undone(): void {
    this.#stored.clear();
  }
}
