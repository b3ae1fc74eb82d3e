import type { IncomingMessage } from "node:http";
import { setImmediate as breath } from "node:timers/promises";
import { ApiFailure, failureOfStatus, messageOf } from "./api-failure.ts";
import { failureOf, type KubernetesApi } from "./api.ts";
import type { SecretObject } from "./target-secret.ts";

/** Secrets of one list request: a page is in memory as a whole, and each may have 1 MiB. */
const pageSize = 10;

/** A larger event is none: a Secret has 1 MiB at most, in base64, and `kubectl apply` repeats it. */
const largestLine = 4 << 20;

/** Which Secrets. */
export interface Selection {
  readonly namespace: string;
  readonly labelSelector: string;
}

/**
 * Lists them page by page, all from one state, and keeps none. Returns the version from which a watch goes on; it is opaque,
 * and only handed back.
 *
 * @throws ApiFailure; nothing of what came before counts then
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
      // One may take 50 ms to read.
      await breath();
    }
    next = page.next;
    if (next === "") return page.version;
  }
}

/** Asks for the version at which the server is now. @throws ApiFailure */
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
  if (version === undefined) throw new ApiFailure("protocol", "the answer is no list of Secrets");
  return { secrets: items ?? [], version, next: more };
}

export interface Watcher {
  /** The server has accepted: from here on changes are seen. */
  established(): void;
  event(type: "ADDED" | "MODIFIED" | "DELETED", secret: SecretObject): void;
  /** It is known until here. */
  reached(version: string): void;
}

/**
 * Watches them from a version on, for so long. Resolves when the server ended it, as it does now and then: another watch
 * goes on from the version that was reached.
 *
 * @throws ApiFailure `expired` when that version is too old; else when the connection broke or the server failed
 */
export async function watchSecrets(
  api: KubernetesApi,
  { namespace, labelSelector }: Selection,
  o: { readonly version: string; readonly seconds: number; readonly watcher: Watcher; readonly signal: AbortSignal },
): Promise<void> {
  const query = {
    labelSelector,
    watch: "true",
    // Without them a quiet watch would hold on to a version until that is too old.
    allowWatchBookmarks: "true",
    resourceVersion: o.version,
    timeoutSeconds: String(o.seconds),
  };
  const answer = await api.open(pathOf(namespace), query, o.signal);
  o.watcher.established();
  // A server that forgets to end it, or is gone without a word: another request tells.
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
    if (rest.length > largestLine) throw new ApiFailure("protocol", "an event that is too large");
    for (const line of lines) if (line.trim() !== "") yield line;
  }
  if (rest.trim() !== "") throw new ApiFailure("network", "the connection ended in the middle of an event");
}

function take(line: string, watcher: Watcher): void {
  let said: { readonly type?: unknown; readonly object?: SecretObject & { readonly code?: unknown } };
  try {
    said = JSON.parse(line) as typeof said;
  } catch {
    throw new ApiFailure("protocol", "an event that is no JSON");
  }
  const { type, object } = said;
  if (type === "ERROR") throw failureOfStatus(Number(object?.code ?? 500), messageOf(object));
  if (type === "ADDED" || type === "MODIFIED" || type === "DELETED") watcher.event(type, object ?? {});
  const version = object?.metadata?.resourceVersion;
  if (version !== undefined) watcher.reached(version);
}
