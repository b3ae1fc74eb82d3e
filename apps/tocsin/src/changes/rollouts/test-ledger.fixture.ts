import { type Change, LedgerUnavailable } from "@tocsin/core";

/** The part of a ledger that the watcher uses, with the rule by which it keeps changes. */
export class TestLedger {
  readonly values = new Map<string, string>();
  /** Each change once, with its last state. */
  readonly changes = new Map<string, Change>();
  /** Calls that the ledger refuses; undefined: none. */
  failing: "values" | "changes" | undefined;
  /** Calls that it has refused. */
  refused = 0;
  writes = 0;
  /** Called before changes are recorded. */
  beforeChanges = () => {};

  getValue = async (name: string) => this.values.get(name);

  putValue = async (name: string, text: string) => {
    if (this.failing === "values") this.#refuse();
    this.writes++;
    this.values.set(name, text);
  };

  acceptChanges = async (changes: readonly Change[]) => {
    this.beforeChanges();
    if (this.failing === "changes") this.#refuse();
    return changes.map((change) => {
      const { id, origin } = change;
      const before = this.changes.get(id);
      if (before !== undefined && before.state !== "running") return { id, origin, effect: "duplicate" as const };
      this.changes.set(id, change);
      return { id, origin, effect: before === undefined ? ("accepted" as const) : ("updated" as const) };
    });
  };

  get summaries(): string[] {
    return Array.from(this.changes.values(), ({ summary }) => summary);
  }

  #refuse(): never {
    this.refused++;
    throw new LedgerUnavailable("the ledger is away");
  }
}
