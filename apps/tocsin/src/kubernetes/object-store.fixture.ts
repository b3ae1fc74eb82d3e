import { randomUUID } from "node:crypto";
import { parseSelector } from "./label-selector.fixture.ts";

/** An object as the server keeps it, without `kind` and `apiVersion`, which it adds to each answer. */
export interface StoredObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly [more: string]: unknown;
  };
  readonly [more: string]: unknown;
}

/** An object to store; the store gives it its version. */
export interface NewObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly [more: string]: unknown;
  };
  readonly [more: string]: unknown;
}

export interface Change {
  readonly version: number;
  /** Such as `secrets`. */
  readonly resource: string;
  readonly before: StoredObject | undefined;
  readonly after: StoredObject | undefined;
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: StoredObject;
}

/** A state that can be restored, as from a backup of etcd. */
export interface Backup {
  readonly version: number;
  readonly objects: ReadonlyMap<string, StoredObject>;
}

/** Stores objects and their history as etcd does: one version counter for all, and a history that can be cut. */
export class ObjectStore {
  version = 1_000;
  /** Changes up to this version are deleted. */
  compactedTo = 1_000;
  #objects = new Map<string, StoredObject>();
  #history: Change[] = [];
  /** States from which unfinished lists are read. */
  #snapshots = new Map<number, ReadonlyMap<string, StoredObject>>();
  readonly #historyLength: number;

  constructor(historyLength = 1_000) {
    this.#historyLength = historyLength;
  }

  /** Stores a Secret. `values` are in clear text. */
  put(
    namespace: string,
    name: string,
    values: Readonly<Record<string, string>>,
    labels: Readonly<Record<string, string>>,
  ): Change {
    const before = this.#objects.get(keyOf("secrets", namespace, name));
    const data = Object.fromEntries(
      Object.entries(values).map(([entry, value]) => [entry, Buffer.from(value).toString("base64")]),
    );
    return this.putObject("secrets", {
      metadata: {
        name,
        namespace,
        uid: before?.metadata.uid ?? randomUUID(),
        labels,
        creationTimestamp: before?.metadata["creationTimestamp"] ?? "2026-11-23T10:00:00Z",
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify({ data }) },
        managedFields: [{ manager: "kubectl", operation: "Update", apiVersion: "v1" }],
      },
      type: "Opaque",
      ...(Object.keys(data).length > 0 && { data }),
    });
  }

  /** Stores an object of any resource. */
  putObject(resource: string, object: NewObject): Change {
    const key = keyOf(resource, object.metadata.namespace, object.metadata.name);
    const before = this.#objects.get(key);
    const version = ++this.version;
    const after: StoredObject = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    this.#objects.set(key, after);
    return this.#record({ version, resource, before, after });
  }

  delete(namespace: string, name: string, resource = "secrets"): Change | undefined {
    const key = keyOf(resource, namespace, name);
    const before = this.#objects.get(key);
    if (before === undefined) return undefined;
    this.#objects.delete(key);
    return this.#record({ version: ++this.version, resource, before, after: undefined });
  }

  /** Returns one page of a list; all pages come from one snapshot. Undefined: that snapshot was deleted. */
  list(o: {
    resource: string;
    namespace: string;
    selector: string;
    limit: number;
    from?: { version: number; after: string };
  }) {
    const version = o.from?.version ?? this.version;
    const state = o.from === undefined ? this.#objects : this.#snapshots.get(version);
    if (state === undefined) return undefined;
    const matches = parseSelector(o.selector);
    const prefix = keyOf(o.resource, o.namespace, "");
    const found = [...state.entries()]
      .filter(
        ([key, { metadata }]) => key.startsWith(prefix) && key > (o.from?.after ?? "") && matches(metadata.labels),
      )
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    const page = o.limit > 0 ? found.slice(0, o.limit) : found;
    const last = page.at(-1);
    const more = found.length > page.length && last !== undefined;
    if (more && o.from === undefined) this.#snapshots.set(version, new Map(state));
    return { version, items: page.map(([, object]) => object), ...(more && { next: { version, after: last[0] } }) };
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
    return { version: this.version, objects: new Map(this.#objects) };
  }

  /** The version counter is restored too: numbers that were used already are used again, for other changes. */
  restore({ version, objects }: Backup): void {
    this.version = version;
    this.#objects = new Map(objects);
    this.compact();
  }

  #record(change: Change): Change {
    this.#history.push(change);
    while (this.#history.length > this.#historyLength) this.compactedTo = this.#history.shift()?.version ?? 0;
    return change;
  }
}

const keyOf = (resource: string, namespace: string, name: string): string => `${resource}/${namespace}/${name}`;

/**
 * Returns a change as a watch with a selector sees it: an object that loses the label is deleted, one that gains it is added.
 */
export function eventOf({ version, before, after }: Change, seen: (object: StoredObject) => boolean) {
  const was = before !== undefined && seen(before);
  if (after !== undefined && seen(after)) return { type: was ? "MODIFIED" : "ADDED", object: after } as WatchEvent;
  if (!was) return undefined;
  const metadata = { ...before.metadata, resourceVersion: String(version) };
  return { type: "DELETED", object: { ...before, metadata } } as WatchEvent;
}
