import { isDeepStrictEqual } from "node:util";
import type { Clock, Ledger } from "@tocsin/core";
import type { Config } from "../../config/config.ts";
import { markOfSync } from "../../config/file-marks.ts";
import type { CredentialVault } from "../../ledger/credential-vault.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { AcceptChanges } from "../accept-changes.ts";
import type { RolloutWatcher } from "./rollout-watcher.ts";
import type { FailingPlace, RolloutMetrics } from "./scope-status.ts";

export interface RolloutsOptions {
  readonly ledger: Pick<Ledger, "putValue" | "getValue">;
  readonly vault: CredentialVault;
  readonly acceptChanges: AcceptChanges;
  /** Environment variables, which may name the kubeconfig. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: RolloutMetrics;
}

/** The watch of rollouts, as the current configuration wants it. Nothing of it is loaded while it is disabled. */
export class Rollouts {
  readonly #o: RolloutsOptions;
  #watcher: RolloutWatcher | undefined;
  /** The settings of the watcher; compared to detect a change. */
  #key: unknown;
  #wanted: Config["changes"]["kubernetes"];
  #started = false;
  /** Replacements run one after the other. */
  #last: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: RolloutsOptions) {
    this.#o = options;
  }

  /** Watches what a configuration names, soon. Keeps a watch whose settings are unchanged. */
  use(settings: Config["changes"]["kubernetes"]): void {
    this.#wanted = settings;
    if (!this.#started || (settings === undefined && this.#key === undefined)) return;
    const { log } = this.#o;
    this.#last = this.#last
      .then(() => this.#replace(settings))
      .catch((error: unknown) =>
        log.error(
          { event: "rollout_bug", err: error, reason: "bug" },
          "Rollouts are not watched because of a bug, until the settings change or the service starts again",
        ),
      );
  }

  /** Begins to watch. The targets are known now, so each change finds those that receive it. */
  start(): void {
    this.#started = true;
    this.use(this.#wanted);
  }

  /** Warnings for `/readyz`; they hold counts only, because probes need no token. */
  warnings(): string[] {
    const count = this.failing.length;
    if (count === 0) return [];
    return [`${count} of ${this.#watcher?.count} watches of workloads fail: rollouts there are not seen`];
  }

  /** The watches that fail now. */
  get failing(): readonly FailingPlace[] {
    return this.#watcher?.failing ?? [];
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#last;
    await this.#watcher?.stop();
  }

  async #replace(settings: Config["changes"]["kubernetes"]): Promise<void> {
    const kubeconfig = settings?.kubeconfig ?? null;
    // A kubeconfig with other content at the same path counts as a changed setting.
    const key = settings && [settings, kubeconfig === null ? undefined : markOfSync(kubeconfig)];
    if (this.#stopped || isDeepStrictEqual(key, this.#key)) return;
    this.#key = key;
    await this.#watcher?.stop();
    this.#watcher = undefined;
    if (settings === undefined) return;
    const [{ RolloutWatcher }, { KnownWorkloads }, { KubernetesApi }] = await Promise.all([
      import("./rollout-watcher.ts"),
      import("./known-workloads.ts"),
      import("../../kubernetes/api.ts"),
    ]);
    const { ledger, vault, env, ...shared } = this.#o;
    this.#watcher = new RolloutWatcher({
      ...shared,
      settings,
      api: new KubernetesApi({ kubeconfig, env }),
      known: new KnownWorkloads(ledger, vault),
    });
    this.#watcher.start();
  }
}
