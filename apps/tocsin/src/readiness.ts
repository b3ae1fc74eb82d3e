import type { Clock, Ledger } from "@tocsin/core";

/** While the ledger does not commit, it is asked this often whether it does again: a load balancer sends nothing then. */
const probeEveryMs = 1_000;

/** Whether senders should come here: the ledger commits, and the first load of targets has ended. */
export class Readiness {
  readonly #ledger: Pick<Ledger, "probe">;
  readonly #clock: Clock;
  readonly #turned: (failure: string | undefined) => void;
  #loaded = false;
  #stopping = false;
  #failed: string | undefined;

  /** `turned` is called when the ledger does not commit any more, and with undefined when it commits again. */
  constructor(ledger: Pick<Ledger, "probe">, clock: Clock, turned: (failure: string | undefined) => void = () => {}) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#turned = turned;
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  loaded(): void {
    this.#loaded = true;
  }

  stop(): void {
    this.#stopping = true;
  }

  committed(): void {
    if (this.#failed === undefined) return;
    this.#failed = undefined;
    this.#turned(undefined);
  }

  commitFailed(why: string): void {
    const turned = this.#failed === undefined;
    this.#failed = why;
    if (!turned) return;
    this.#probeLater();
    this.#turned(why);
  }

  #probeLater(): void {
    this.#clock.after(probeEveryMs, () => void this.#probe());
  }

  async #probe(): Promise<void> {
    if (this.#failed === undefined || this.#stopping) return;
    try {
      await this.#ledger.probe();
      this.committed();
    } catch {
      this.#probeLater();
    }
  }

  /** Empty: ready. */
  reasons(): string[] {
    return [
      ...(this.#stopping ? ["the service is stopping"] : []),
      ...(this.#loaded ? [] : ["targets are not loaded yet"]),
      ...(this.#failed === undefined ? [] : [`the ledger does not commit: ${this.#failed}`]),
    ];
  }
}
