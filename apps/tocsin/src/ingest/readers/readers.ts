import { isDeepStrictEqual } from "node:util";
import type { CredentialVault } from "../../ledger/credential-vault.ts";
import { AlertmanagerReader, type ReaderOptions } from "./alertmanager-reader.ts";
import { identifying, type ReaderSettings, revealed } from "./reader-settings.ts";

export interface ReadersOptions extends ReaderOptions {
  readonly vault: Pick<CredentialVault, "identity">;
}

/** The readers of all sources in the current configuration. */
export class Readers {
  readonly #o: ReadersOptions;
  #running: readonly { readonly key: unknown; readonly reader: AlertmanagerReader }[] = [];
  #started = false;
  #stopping: Promise<unknown> = Promise.resolve();

  constructor(options: ReadersOptions) {
    this.#o = options;
  }

  /** Keeps readers whose settings are unchanged; the counts of changed readers start over. */
  use(settings: readonly ReaderSettings[]): void {
    const next = settings.map((one) => {
      const key = keyOf(one);
      const known = this.#running.find((running) => isDeepStrictEqual(running.key, key));
      if (known) return known;
      const api = this.#o.vault.identity("reader", identifying(one));
      return { key, reader: new AlertmanagerReader(one, api, this.#o) };
    });
    const gone = this.#running.filter((one) => !next.includes(one));
    const fresh = next.filter((one) => !this.#running.includes(one));
    this.#running = next;
    if (this.#started) for (const { reader } of fresh) reader.start();
    this.#stopping = Promise.all([this.#stopping, ...gone.map(({ reader }) => reader.stop())]);
  }

  start(): void {
    this.#started = true;
    for (const { reader } of this.#running) reader.start();
  }

  async stop(): Promise<void> {
    this.use([]);
    await this.#stopping;
  }
}

/** Returns the settings with their secrets as a text, only for comparison; it is never shown. */
const keyOf = (settings: ReaderSettings): unknown => [
  settings.source,
  settings.everyMs,
  identifying(settings),
  revealed(settings.tls),
];
