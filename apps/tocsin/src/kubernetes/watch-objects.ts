import type { IncomingMessage } from "node:http";
import { setImmediate as breath } from "node:timers/promises";
import { ApiFailure, failureOfStatus, messageOf } from "./api-failure.ts";
import { failureOf, type KubernetesApi, resourceOf } from "./api.ts";

/**
 * A larger event is refused. Secrets are the largest: one has at most 1 MiB, base64 adds a third, and `kubectl apply` repeats the
 * content in an annotation.
 */
const largestLine = 4 << 20;

/** The part of every object that the watch itself reads. */
export interface ApiObject {
  readonly metadata?: { readonly resourceVersion?: string };
}

/** The objects of one kind in one namespace. */
export interface Collection {
  /** Such as `/api/v1/namespaces/shop/secrets`. */
  readonly path: string;
  /** Empty: all objects. */
  readonly labelSelector: string;
  /** Number of objects per list request: a whole page is in memory at once. */
  readonly pageSize: number;
}

/**
 * Lists the objects page by page, all pages from one state, and keeps none of them. Returns the version from which a watch
 * continues. The version is opaque and only sent back to the server.
 *
 * @throws ApiFailure; the pages that came before are then invalid
 */
export async function listObjects(
  api: KubernetesApi,
  collection: Collection,
  o: { readonly each: (object: ApiObject) => void; readonly signal: AbortSignal },
): Promise<string> {
  let next = "";
  for (;;) {
    const page = await listPage(api, collection, { limit: collection.pageSize, next, signal: o.signal });
    for (const object of page.items) {
      o.each(object);
      // Reading one Secret may take 50 ms.
      await breath();
    }
    next = page.next;
    if (next === "") return page.version;
  }
}

/** Returns the current version of the server. @throws ApiFailure */
export async function currentVersion(api: KubernetesApi, collection: Collection, signal: AbortSignal): Promise<string> {
  return (await listPage(api, collection, { limit: 1, next: "", signal })).version;
}

async function listPage(
  api: KubernetesApi,
  { path, labelSelector }: Collection,
  { limit, next, signal }: { readonly limit: number; readonly next: string; readonly signal: AbortSignal },
) {
  const query = { ...selected(labelSelector), limit: String(limit), ...(next !== "" && { continue: next }) };
  const { items, metadata = {} } = (await api.json(path, query, signal)) as {
    readonly items?: readonly ApiObject[] | null;
    readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  };
  const { resourceVersion: version, continue: more = "" } = metadata;
  if (version === undefined) throw new ApiFailure("protocol", `the response is not a list of ${resourceOf(path)}`);
  return { items: items ?? [], version, next: more };
}

export interface Watcher<T> {
  /** The server has accepted the watch: from here on changes are seen. */
  established(): void;
  event(type: "ADDED" | "MODIFIED" | "DELETED", object: T): void;
  /** All changes up to this version are known. */
  reached(version: string): void;
}

/**
 * Watches the objects from a version on, for at most the given time. Resolves when the server ended the watch, which it does
 * regularly: the next watch continues from the version that was reached.
 *
 * @throws ApiFailure `expired` when that version is too old; otherwise when the connection broke or the server failed
 */
export async function watchObjects<T extends ApiObject>(
  api: KubernetesApi,
  { path, labelSelector }: Collection,
  o: { readonly version: string; readonly seconds: number; readonly watcher: Watcher<T>; readonly signal: AbortSignal },
): Promise<void> {
  const query = {
    ...selected(labelSelector),
    watch: "true",
    // Without bookmarks a quiet watch would keep its version until that version is too old.
    allowWatchBookmarks: "true",
    resourceVersion: o.version,
    timeoutSeconds: String(o.seconds),
  };
  const answer = await api.open(path, query, o.signal);
  o.watcher.established();
  // The server may forget to end the watch, or may be gone without closing the connection: the next request shows it.
  let over = false;
  const guard = setTimeout(
    () => {
      over = true;
      answer.destroy();
    },
    (o.seconds + 5) * 1_000,
  );
  try {
    for await (const line of linesOf(answer)) take(line, resourceOf(path), o.watcher);
  } catch (error) {
    if (!over) throw failureOf(o.signal.aborted ? o.signal.reason : error);
  } finally {
    clearTimeout(guard);
    answer.destroy();
  }
}

const selected = (labelSelector: string) => (labelSelector === "" ? {} : { labelSelector });

async function* linesOf(answer: IncomingMessage): AsyncGenerator<string> {
  answer.setEncoding("utf8");
  let rest = "";
  for await (const chunk of answer as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > largestLine) throw new ApiFailure("protocol", "an event is too large");
    for (const line of lines) if (line.trim() !== "") yield line;
  }
  if (rest.trim() !== "") throw new ApiFailure("network", "the connection ended in the middle of an event");
}

function take<T extends ApiObject>(line: string, resource: string, watcher: Watcher<T>): void {
  let said: { readonly type?: unknown; readonly object?: T & { readonly code?: unknown } };
  try {
    said = JSON.parse(line) as typeof said;
  } catch {
    throw new ApiFailure("protocol", "an event is not JSON");
  }
  const { type, object } = said;
  if (type === "ERROR") throw failureOfStatus(Number(object?.code ?? 500), resource, messageOf(object));
  if (type === "ADDED" || type === "MODIFIED" || type === "DELETED") watcher.event(type, object ?? ({} as T));
  const version = object?.metadata?.resourceVersion;
  if (version !== undefined) watcher.reached(version);
}
