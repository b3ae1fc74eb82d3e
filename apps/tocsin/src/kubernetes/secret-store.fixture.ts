import { randomUUID } from "node:crypto";
import { parseSelector } from "./label-selector.fixture.ts";

export interface SecretObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly creationTimestamp: string;
    readonly annotations: Readonly<Record<string, string>>;
    readonly managedFields: readonly object[];
  };
  readonly type: string;
  /** Absent when the Secret is empty. */
  readonly data?: Readonly<Record<string, string>>;
}

export interface Change {
  readonly version: number;
  readonly before: SecretObject | undefined;
  readonly after: SecretObject | undefined;
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: SecretObject;
}

/** A state that can be restored, as from a backup of etcd. */
export interface Backup {
  readonly version: number;
  readonly secrets: ReadonlyMap<string, SecretObject>;
}

/** Stores Secrets and their history as etcd does: one version counter for all, and a history that can be cut. */
export class SecretStore {
  version = 1_000;
  /** Changes up to this version are deleted. */
  compactedTo = 1_000;
  #secrets = new Map<string, SecretObject>();
  #history: Change[] = [];
  /** States from which unfinished lists are read. */
  #snapshots = new Map<number, ReadonlyMap<string, SecretObject>>();
  readonly #historyLength: number;

  constructor(historyLength = 1_000) {
    this.#historyLength = historyLength;
  }

  /** `values` are in clear text. */
  put(
    namespace: string,
    name: string,
    values: Readonly<Record<string, string>>,
    labels: Readonly<Record<string, string>>,
  ): Change {
    const key = `${namespace}/${name}`;
    const before = this.#secrets.get(key);
    const data = Object.fromEntries(
      Object.entries(values).map(([entry, value]) => [entry, Buffer.from(value).toString("base64")]),
    );
    const version = ++this.version;
    const after: SecretObject = {
      metadata: {
        name,
        namespace,
        uid: before?.metadata.uid ?? randomUUID(),
        resourceVersion: String(version),
        labels,
        creationTimestamp: before?.metadata.creationTimestamp ?? "2026-11-23T10:00:00Z",
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({ data }) },
        managedFields: [{ manager: "kubectl", operation: "Update", apiVersion: "v1" }],
      },
      type: "Opaque",
      ...(Object.keys(data).length > 0 && { data }),
    };
    this.#secrets.set(key, after);
    return this.#record({ version, before, after });
  }

  delete(namespace: string, name: string): Change | undefined {
    const key = `${namespace}/${name}`;
    const before = this.#secrets.get(key);
    if (before === undefined) return undefined;
    this.#secrets.delete(key);
    return this.#record({ version: ++this.version, before, after: undefined });
  }

  /** Returns one page of a list; all pages come from one state. Undefined: that state was deleted. */
  list(o: { namespace: string; selector: string; limit: number; from?: { version: number; after: string } }) {
    const version = o.from?.version ?? this.version;
    const state = o.from === undefined ? this.#secrets : this.#snapshots.get(version);
    if (state === undefined) return undefined;
    const matches = parseSelector(o.selector);
    const found = [...state.entries()]
      .filter(([key, { metadata }]) => metadata.namespace === o.namespace && key > (o.from?.after ?? ""))
      .filter(([, { metadata }]) => matches(metadata.labels))
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    const page = o.limit > 0 ? found.slice(0, o.limit) : found;
    const last = page.at(-1);
    const more = found.length > page.length && last !== undefined;
    if (more && o.from === undefined) this.#snapshots.set(version, new Map(state));
    return { version, items: page.map(([, secret]) => secret), ...(more && { next: { version, after: last[0] } }) };
  }

  /** Returns the changes after a version. Undefined: they were deleted. Empty for a version of the future. */
  since(version: number): readonly Change[] | undefined {
    return version < this.compactedTo ? undefined : this.#history.filter((change) => change.version > version);
  }

  /** Deletes all history, and the states that unfinished lists are read from. */
  compact(): void {
    this.compactedTo = this.version;
    this.#history = [];
    this.#snapshots.clear();
  }

  backup(): Backup {
    return { version: this.version, secrets: new Map(this.#secrets) };
  }

  /** The version counter is restored too: numbers that were used already are used again, for other changes. */
  restore({ version, secrets }: Backup): void {
    this.version = version;
    this.#secrets = new Map(secrets);
    this.compact();
  }

  #record(change: Change): Change {
    this.#history.push(change);
    while (this.#history.length > this.#historyLength) this.compactedTo = this.#history.shift()?.version ?? 0;
    return change;
  }
}

/**
 * Returns a change as a watch with a selector sees it: a Secret that loses the label is deleted, one that gains it is added.
 */
export function eventOf({ version, before, after }: Change, seen: (secret: SecretObject) => boolean) {
  const was = before !== undefined && seen(before);
  if (after !== undefined && seen(after)) return { type: was ? "MODIFIED" : "ADDED", object: after } as WatchEvent;
  if (!was) return undefined;
  const metadata = { ...before.metadata, resourceVersion: String(version) };
  return { type: "DELETED", object: { ...before, metadata } } as WatchEvent;
}
