import { randomBytes } from "node:crypto";
import { rmSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Change, type Clock, systemClock } from "@tocsin/core";
import { ApiServer } from "../../kubernetes/api-server.fixture.ts";
import { KubernetesApi } from "../../kubernetes/api.ts";
import { type Played, PlayedWorkload } from "../../kubernetes/played-workload.fixture.ts";
import { CredentialVault } from "../../ledger/credential-vault.ts";
import { createLogger } from "../../telemetry/logger.ts";
import { Scrubber } from "../../telemetry/scrubber.ts";
import { KnownWorkloads } from "./known-workloads.ts";
import { TestLedger } from "./test-ledger.fixture.ts";
import { RolloutWatcher, type RolloutWatcherOptions } from "./rollout-watcher.ts";

export const image = "registry.example.com/shop/web:1.2";

/** A cluster, a ledger, and any number of watchers, which are replicas or the same replica after a restart. */
export class RolloutCluster implements AsyncDisposable {
  readonly server: ApiServer;
  readonly ledger = new TestLedger();
  readonly logs: string[] = [];
  /** `shop/Deployment` → whether rollouts may go unseen. */
  readonly stale = new Map<string, boolean>();
  readonly #dir = mkdtempSync(join(tmpdir(), "tocsin-rollouts-"));
  readonly #vault = new CredentialVault([randomBytes(32)]);
  readonly #watchers = new Set<RolloutWatcher>();

  private constructor(server: ApiServer) {
    this.server = server;
  }

  static async start(): Promise<RolloutCluster> {
    return new RolloutCluster(await ApiServer.start());
  }

  workload(played: Partial<Omit<Played, "show">> = {}): PlayedWorkload {
    const { kind = "Deployment", namespace = "shop", name = "api" } = played;
    const resource = `${kind.toLowerCase()}s` as "deployments" | "statefulsets" | "daemonsets";
    return new PlayedWorkload({
      image,
      ...played,
      kind,
      namespace,
      name,
      show: (object) =>
        object === undefined
          ? this.server.delete(namespace, name, resource)
          : this.server.putObject(resource, object as never),
    });
  }

  /** Starts a watcher and waits until it follows everything. */
  async watch(
    settings: Partial<RolloutWatcherOptions["settings"]> = {},
    { clock = systemClock }: { readonly clock?: Clock } = {},
  ): Promise<RolloutWatcher> {
    const watcher = new RolloutWatcher({
      settings: {
        namespaces: ["shop"],
        kinds: ["Deployment", "StatefulSet", "DaemonSet"],
        labelSelector: "",
        progressDeadline: 600_000,
        ...settings,
      },
      api: new KubernetesApi({ kubeconfig: this.server.kubeconfig(this.#dir), env: {} }),
      known: new KnownWorkloads(this.ledger, this.#vault),
      acceptChanges: this.ledger.acceptChanges,
      clock,
      log: createLogger({ level: "debug", format: "json" }, new Scrubber(), (line) => this.logs.push(line)),
      metrics: {
        rolloutsStale: (namespace, kind, isStale) => void this.stale.set(`${namespace}/${kind}`, isStale),
        rolloutsEnded: (namespace, kind) => void this.stale.delete(`${namespace}/${kind}`),
      },
    });
    this.#watchers.add(watcher);
    watcher.start();
    return watcher;
  }

  async stop(watcher: RolloutWatcher): Promise<void> {
    this.#watchers.delete(watcher);
    await watcher.stop();
  }

  /** Waits until every collection was listed and is followed. */
  async followed(): Promise<void> {
    await this.until("everything is followed", () => this.stale.size > 0 && ![...this.stale.values()].includes(true));
  }

  /** Waits until all of these watchers know the present specification of a workload. */
  async known({ uid, object }: PlayedWorkload, watchers: readonly RolloutWatcher[]): Promise<void> {
    const { generation } = object.metadata;
    await this.until(`generation ${generation} is known`, () =>
      watchers.every((watcher) => watcher.known(uid)?.generation === generation),
    );
  }

  /** Waits until these, and no other changes, are recorded in this order, and returns them. */
  async says(summaries: readonly string[]): Promise<readonly Change[]> {
    await this.until(
      () => `${JSON.stringify(summaries, null, 1)} instead of ${JSON.stringify(this.ledger.summaries, null, 1)}`,
      () => JSON.stringify(this.ledger.summaries) === JSON.stringify(summaries),
    );
    return [...this.ledger.changes.values()];
  }

  async until(what: string | (() => string), isSo: () => boolean): Promise<void> {
    for (const sinceMs = Date.now(); !isSo();) {
      if (Date.now() - sinceMs > 5_000) throw new Error(`not within 5 s: ${typeof what === "string" ? what : what()}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watcher of this.#watchers) await watcher.stop();
    await this.server[Symbol.asyncDispose]();
    rmSync(this.#dir, { recursive: true });
  }
}
