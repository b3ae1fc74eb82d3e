import type { ChangedIncidents, Ledger } from "@tocsin/core";

/** What a ledger says to who watches it, one after another. */
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

  /** What was said by now and not taken. */
  get left(): readonly ChangedIncidents[] {
    return this.#said;
  }

  [Symbol.dispose](): void {
    this.#end();
  }
}
