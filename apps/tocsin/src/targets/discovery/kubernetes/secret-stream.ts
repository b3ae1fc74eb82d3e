import type { IncomingMessage } from "node:http";
import { setImmediate as breath } from "node:timers/promises";
import { ApiFailure, failureOfStatus, messageOf } from "./api-failure.ts";
import { failureOf, type KubernetesApi } from "./api.ts";
import type { SecretObject } from "./target-secret.ts";

/** Number of Secrets per list request: a whole page is in memory at once, and each Secret may have 1 MiB. */
const pageSize = 10;

/**
 * A larger event is refused: a Secret has at most 1 MiB, base64 adds a third, and `kubectl apply` repeats the content in an
 * annotation.
 */
const largestLine = 4 << 20;

/** Selects the Secrets. */
export interface Selection {
  readonly namespace: string;
  readonly labelSelector: string;
}

/**
 * Lists the Secrets page by page, all pages from one state, and keeps none of them. Returns the version from which a watch
 * continues. The version is opaque and only sent back to the server.
 *
 * @throws ApiFailure; the pages that came before are then invalid
 */
export async function listSecrets(
  api: KubernetesApi,
  selection: Selection,
  o: { readonly each: (secret: SecretObject) => void; readonly signal: AbortSignal },
): Promise<string> {
  let next = "";
  for (;;) {
    const page = await listPage(api, selection, { limit: pageSize, next, signal: o.signal });
    for (const secret of page.secrets) {
      o.each(secret);
      // Reading one Secret may take 50 ms.
      await breath();
    }
    next = page.next;
    if (next === "") return page.version;
  }
}

/** Returns the current version of the server. @throws ApiFailure */
export async function currentVersion(api: KubernetesApi, selection: Selection, signal: AbortSignal): Promise<string> {
  return (await listPage(api, selection, { limit: 1, next: "", signal })).version;
}

async function listPage(
  api: KubernetesApi,
  { namespace, labelSelector }: Selection,
  { limit, next, signal }: { readonly limit: number; readonly next: string; readonly signal: AbortSignal },
) {
  const query = { labelSelector, limit: String(limit), ...(next !== "" && { continue: next }) };
  const { items, metadata = {} } = (await api.json(pathOf(namespace), query, signal)) as {
    readonly items?: readonly SecretObject[] | null;
    readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  };
  const { resourceVersion: version, continue: more = "" } = metadata;
  if (version === undefined) throw new ApiFailure("protocol", "the response is not a list of Secrets");
  return { secrets: items ?? [], version, next: more };
}

export interface Watcher {
  /** The server has accepted the watch: from here on changes are seen. */
  established(): void;
  event(type: "ADDED" | "MODIFIED" | "DELETED", secret: SecretObject): void;
  /** All changes up to this version are known. */
  reached(version: string): void;
}

/**
 * Watches the Secrets from a version on, for at most the given time. Resolves when the server ended the watch, which it does
 * regularly: the next watch continues from the version that was reached.
 *
 * @throws ApiFailure `expired` when that version is too old; otherwise when the connection broke or the server failed
 */
export async function watchSecrets(
  api: KubernetesApi,
  { namespace, labelSelector }: Selection,
  o: { readonly version: string; readonly seconds: number; readonly watcher: Watcher; readonly signal: AbortSignal },
): Promise<void> {
  const query = {
    labelSelector,
    watch: "true",
    // Without bookmarks a quiet watch would keep its version until that version is too old.
    allowWatchBookmarks: "true",
    resourceVersion: o.version,
    timeoutSeconds: String(o.seconds),
  };
  const answer = await api.open(pathOf(namespace), query, o.signal);
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
    for await (const line of linesOf(answer)) take(line, o.watcher);
  } catch (error) {
    if (!over) throw failureOf(o.signal.aborted ? o.signal.reason : error);
  } finally {
    clearTimeout(guard);
    answer.destroy();
  }
}

const pathOf = (namespace: string): string => `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;

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

function take(line: string, watcher: Watcher): void {
  let said: { readonly type?: unknown; readonly object?: SecretObject & { readonly code?: unknown } };
  try {
    said = JSON.parse(line) as typeof said;
  } catch {
    throw new ApiFailure("protocol", "an event is not JSON");
  }
  const { type, object } = said;
  if (type === "ERROR") throw failureOfStatus(Number(object?.code ?? 500), messageOf(object));
  if (type === "ADDED" || type === "MODIFIED" || type === "DELETED") watcher.event(type, object ?? {});
  const version = object?.metadata?.resourceVersion;
  if (version !== undefined) watcher.reached(version);
}
