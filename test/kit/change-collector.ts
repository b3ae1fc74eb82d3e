import type { ChangedIncidents, Ledger } from "@tocsin/core";

/** Collects the changes of which a ledger notifies a watcher, in order. */
export class ChangeCollector implements Disposable {
  readonly #said: ChangedIncidents[] = [];
  readonly #end: () => void;
  #wake = (): void => {};

  constructor(ledger: Pick<Ledger, "watch">) {
    this.#end = ledger.watch((incidents) => {
      this.#said.push(incidents);
      this.#wake();
    });
  }

  /** Begun, and all that is said from now on is a change. */
  static async begin(ledger: Pick<Ledger, "watch">): Promise<ChangeCollector> {
    const watching = new ChangeCollector(ledger);
    const first = await watching.next();
    if (first !== "unknown") throw new Error(`it begins with ${first.join()}`);
    return watching;
  }

  async next(): Promise<ChangedIncidents> {
    while (this.#said.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#said.shift() as ChangedIncidents;
  }

  /** The changes until now that were not taken yet. */
  get left(): readonly ChangedIncidents[] {
    return this.#said;
  }

  [Symbol.dispose](): void {
    this.#end();
  }
}
