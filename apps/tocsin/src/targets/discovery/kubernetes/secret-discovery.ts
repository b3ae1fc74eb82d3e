import type { Clock, ReadSecret } from "@tocsin/core";
import type { KubernetesApi } from "../../../kubernetes/api.ts";
import { type ResourceObserver, ResourceWatch } from "../../../kubernetes/resource-watch.ts";
import type { TargetDefinition } from "../../target-definition.ts";
import type { Discovery, DiscoveryObserver, SyncState } from "../discovery.ts";
import { DiscoveryStatus } from "../discovery-status.ts";
import { KeptSecrets, nameOf } from "./kept-secrets.ts";
import type { SecretObject } from "./target-secret.ts";

/** Number of Secrets per list request: a whole page is in memory at once, and each Secret may have 1 MiB. */
const pageSize = 10;

export interface SecretDiscoveryOptions {
  readonly namespace: string;
  readonly labelSelector: string;
  /** All Secrets are listed again at this interval, even if the watch reports no change. */
  readonly resyncMs: number;
  readonly api: KubernetesApi;
  readonly clock: Clock;
  /** 0 to 1, for jitter. @default Math.random */
  readonly random?: () => number;
}

/** Finds targets in the Secrets of one namespace that carry the label. */
export class SecretDiscovery implements Discovery {
  readonly source = "kubernetes";
  readonly where: string;
  readonly #watch: ResourceWatch<SecretObject>;
  readonly #status: DiscoveryStatus;
  #observer: DiscoveryObserver | undefined;
  /** Undefined: never listed. */
  #secrets: KeptSecrets | undefined;

  constructor({ namespace, labelSelector, resyncMs, api, clock, random }: SecretDiscoveryOptions) {
    this.where = namespace;
    this.#status = new DiscoveryStatus(clock, () => this.#observer);
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
    const observer: ResourceObserver<SecretObject> = {
      listing: () => this.#listing(),
      event: (type, secret) => this.#event(type, secret),
      followed: () => this.#status.followed(),
      failed: (operation, reason, message) => this.#status.failed(operation, reason, message),
    };
    const collection = { path, labelSelector, pageSize };
    this.#watch = new ResourceWatch({ api, collection, resyncMs, observer, clock, random });
  }

  get targets(): readonly TargetDefinition[] | undefined {
    return this.#secrets?.targets;
  }

  get syncState(): SyncState {
    return this.#status.syncState;
  }

  /** People who may write Secrets must not be able to read our files and environment through them. */
  readonly readSecret: ReadSecret = (input) => {
    if (typeof input === "string") return input;
    throw new Error("in a Secret, a key must hold the value itself, not a file or a variable");
  };

  start(observer: DiscoveryObserver): void {
    this.#observer = observer;
    this.#watch.start();
  }

  refresh(): Promise<void> {
    return this.#watch.refresh();
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }

  #listing() {
    const before = this.#secrets;
    const after = new KeptSecrets();
    return {
      each: (secret: SecretObject) => void after.set(secret, before),
      done: () => {
        const changed = before === undefined || after.differsFrom(before);
        if (changed) this.#secrets = after;
        this.#status.synced();
        if (changed) this.#observer?.changed();
      },
    };
  }

  #event(type: string, secret: SecretObject): void {
    const secrets = this.#secrets;
    if (secrets === undefined) return;
    const changed = type === "DELETED" ? secrets.delete(nameOf(secret)) : secrets.set(secret);
    if (!changed) return;
    // There may now be room for targets that did not fit, and only a list returns their contents.
    if (secrets.crowded) this.#watch.listSoon();
    this.#observer?.changed();
  }
}
