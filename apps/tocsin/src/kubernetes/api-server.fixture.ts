import { writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { selfSigned } from "../../../../packages/http/test/self-signed.ts";
import { parseSelector } from "./label-selector.fixture.ts";
import {
  type Backup,
  type Change,
  eventOf,
  type NewObject,
  ObjectStore,
  type StoredObject,
} from "./object-store.fixture.ts";

const { cert, key } = selfSigned();

/** The collections that are served: their kinds, and where they are. */
const resources = {
  secrets: { kind: "Secret", group: "", prefix: "/api/v1" },
  deployments: { kind: "Deployment", group: "apps", prefix: "/apis/apps/v1" },
  statefulsets: { kind: "StatefulSet", group: "apps", prefix: "/apis/apps/v1" },
  daemonsets: { kind: "DaemonSet", group: "apps", prefix: "/apis/apps/v1" },
} as const;
type Resource = keyof typeof resources;

/** A part of a Role of `rbac.authorization.k8s.io/v1`. */
export interface Role {
  readonly metadata: { readonly namespace: string };
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

const torn = '{"type":"MODIFIED","object":{"kind":"Secret","metadata":{"name":"torn","resource';

export const targetLabel = { "publishing-target": "true" };

/** Faults of the server. */
export type ApiFault =
  | { readonly kind: "status"; readonly code: number; readonly headers?: Readonly<Record<string, string>> }
  /** Takes the request and never answers. */
  | { readonly kind: "hang" }
  /** Sends a few bytes at a time, with pauses. */
  | { readonly kind: "drip" }
  /** Breaks off in the middle of a body. */
  | { readonly kind: "break" }
  /** Answers with something that Kubernetes does not send. */
  | { readonly kind: "nonsense" };

export interface ApiRequest {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly token: string | undefined;
  readonly status: number;
}

interface Watching {
  readonly response: ServerResponse;
  readonly resource: Resource;
  readonly bookmarks: boolean;
  /**
   * Sends the events that match this watch. Sends nothing up to the version that the watch asked for: a version of the future
   * keeps it silent.
   */
  readonly send: (change: Change) => void;
}

/**
 * A fake kube-apiserver: it lists and watches Secrets and workloads over TLS, with the guarantees of the protocol and the freedoms that the
 * protocol leaves.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
export class ApiServer implements AsyncDisposable {
  readonly store = new ObjectStore();
  /** PEM of its certificate. */
  readonly ca = cert;
  readonly requests: ApiRequest[] = [];
  /** Bearer tokens that are accepted. */
  tokens = new Set(["token-1"]);
  /** Forbidden verbs with their namespace: `list shop`. */
  readonly denied = new Set<string>();
  /** If set, only these Roles allow anything. */
  roles: readonly Role[] | undefined;
  /** How the server reports that a version is too old: at once, or inside a watch that it has accepted. */
  goneAs: "status" | "event" = "event";
  /** Ends each watch as soon as it has accepted it. */
  hasty = false;
  /** Sends this as soon as it has accepted a watch. */
  sendErrors: number | undefined;
  /** Counts requests: lists, watches, or both. */
  readonly faults: { list?: ApiFault | undefined; watch?: ApiFault | undefined } = {};
  readonly #watches = new Set<Watching>();
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  static async start(): Promise<ApiServer> {
    const server = new ApiServer();
    await server.up();
    return server;
  }

  get url(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  get watches(): number {
    return this.#watches.size;
  }

  /** Writes a kubeconfig for this server and returns its path. */
  kubeconfig(dir: string, user: object = { token: "token-1" }): string {
    const path = join(dir, "kubeconfig.json");
    const cluster = { server: this.url, "certificate-authority-data": Buffer.from(this.ca).toString("base64") };
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "stand-in", cluster }],
      users: [{ name: "tocsin", user }],
      contexts: [{ name: "stand-in", context: { cluster: "stand-in", user: "tocsin" } }],
      "current-context": "stand-in",
    };
    writeFileSync(path, JSON.stringify(config));
    return path;
  }

  put(
    namespace: string,
    name: string,
    values: Readonly<Record<string, string>>,
    labels: Readonly<Record<string, string>> = targetLabel,
  ): void {
    this.#tell(this.store.put(namespace, name, values, labels));
  }

  putObject(resource: Resource, object: NewObject): void {
    this.#tell(this.store.putObject(resource, object));
  }

  delete(namespace: string, name: string, resource: Resource = "secrets"): void {
    const change = this.store.delete(namespace, name, resource);
    if (change) this.#tell(change);
  }

  /** Sends a bookmark with the current version to all watches. */
  bookmark(): void {
    const metadata = { resourceVersion: String(this.store.version), creationTimestamp: null };
    for (const { response, resource, bookmarks } of this.#watches)
      if (bookmarks) writeLine(response, { type: "BOOKMARK", object: { ...typeOf(resource), metadata } });
  }

  /**
   * Ends all watches, as a real server does now and then. With `midLine` it ends them within a line, which no server should do.
   */
  endWatches(midLine = false): void {
    for (const { response } of this.#watches) response.end(midLine ? torn : "");
    this.#watches.clear();
  }

  /** Breaks all connections; with `midLine` in the middle of an event. */
  cut(midLine = false): void {
    for (const { response } of this.#watches) if (midLine) response.write(torn);
    this.#watches.clear();
    // The data written before must arrive before the end.
    setImmediate(() => {
      for (const socket of this.#sockets) socket.resetAndDestroy();
    });
  }

  /** Sends an error in all watches: that they fell behind, or another one. */
  sendError(code: number, reason: string): void {
    for (const { response } of this.#watches) writeLine(response, { type: "ERROR", object: statusOf(code, reason) });
  }

  /** Restores a backup, with the restart of the server that this includes. */
  async restore(backup: Backup): Promise<void> {
    await this.down();
    this.store.restore(backup);
    await this.up();
  }

  async up(): Promise<void> {
    this.#server = createServer({ cert, key }, (request, response) => this.#answer(request, response));
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.#server?.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Refuses connections from now on. */
  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }

  #tell(change: Change): void {
    for (const { send } of this.#watches) send(change);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", this.url);
    const query = Object.fromEntries(url.searchParams);
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    const [, prefix, namespace, last] = /^(\/.+)\/namespaces\/([^/]+)\/([^/]+)$/.exec(url.pathname) ?? [];
    const resource = (Object.keys(resources) as Resource[]).find(
      (name) => name === last && resources[name].prefix === prefix,
    );
    const verb = query["watch"] === "true" ? "watch" : "list";
    const refuse = (code: number, reason: string, message = reason, headers = {}) => {
      this.requests.push({ path: url.pathname, query, token, status: code });
      response.writeHead(code, { "content-type": "application/json", ...headers });
      response.end(JSON.stringify(statusOf(code, reason, message)));
    };
    const fault = this.faults[verb];
    if (fault?.kind === "hang") return;
    if (fault?.kind === "status") return refuse(fault.code, "InternalError", "an error of the stand-in", fault.headers);
    if (fault?.kind === "nonsense") return void response.end("<html>It works!</html>");
    if (token === undefined || !this.tokens.has(token)) return refuse(401, "Unauthorized");
    if (namespace === undefined || resource === undefined)
      return refuse(404, "NotFound", "the server could not find the requested resource");
    if (this.denied.has(`${verb} ${namespace}`) || !this.#isAllowed(verb, resource, namespace)) {
      const who = "system:serviceaccount:tocsin:tocsin";
      const { group } = resources[resource];
      const what = `cannot ${verb} resource "${resource}" in API group "${group}" in the namespace "${namespace}"`;
      return refuse(403, "Forbidden", `${resource} is forbidden: User "${who}" ${what}`);
    }
    const place = { resource, namespace };
    const gone = verb === "list" ? this.#list(place, query, response) : this.#watch(place, query, response);
    if (gone) return refuse(410, "Expired", "too old resource version");
    this.requests.push({ path: url.pathname, query, token, status: 200 });
  }

  #isAllowed(verb: string, resource: Resource, namespace: string): boolean {
    return (
      this.roles === undefined ||
      this.roles.some(
        ({ metadata, rules }) =>
          metadata.namespace === namespace &&
          rules.some(
            (rule) =>
              rule.apiGroups.includes(resources[resource].group) &&
              rule.resources.includes(resource) &&
              rule.verbs.includes(verb),
          ),
      )
    );
  }

  /** True: the requested state is gone. */
  #list(place: Place, query: Readonly<Record<string, string>>, response: ServerResponse): boolean {
    const { continue: token } = query;
    const page = this.store.list({
      ...place,
      selector: query["labelSelector"] ?? "",
      limit: Number(query["limit"] ?? 0),
      ...(token && { from: JSON.parse(Buffer.from(token, "base64").toString()) as { version: number; after: string } }),
    });
    if (page === undefined) return true;
    const next = page.next && { continue: Buffer.from(JSON.stringify(page.next)).toString("base64") };
    const body = JSON.stringify({
      ...typeOf(place.resource),
      kind: `${resources[place.resource].kind}List`,
      metadata: { resourceVersion: String(page.version), ...next },
      items: page.items,
    });
    response.writeHead(200, { "content-type": "application/json" });
    const fault = this.faults.list;
    if (fault?.kind === "drip") void drip(response, body);
    else if (fault?.kind === "break") {
      response.write(body.slice(0, body.length / 2), () => response.destroy());
    } else response.end(body);
    return false;
  }

  #watch({ resource, namespace }: Place, query: Readonly<Record<string, string>>, response: ServerResponse): boolean {
    const from = query["resourceVersion"] === undefined ? this.store.version : Number(query["resourceVersion"]);
    const missed = this.store.since(from);
    if (missed === undefined && this.goneAs === "status") return true;
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (missed === undefined) {
      writeLine(response, { type: "ERROR", object: statusOf(410, "Expired", "too old resource version") });
      response.end();
      return false;
    }
    if (this.sendErrors !== undefined)
      writeLine(response, { type: "ERROR", object: statusOf(this.sendErrors, "InternalError") });
    if (this.hasty || this.sendErrors !== undefined) {
      response.end();
      return false;
    }
    const matches = parseSelector(query["labelSelector"] ?? "");
    const seen = ({ metadata }: StoredObject) => metadata.namespace === namespace && matches(metadata.labels);
    const send = (change: Change): void => {
      const event = change.version > from && change.resource === resource ? eventOf(change, seen) : undefined;
      if (event) writeLine(response, { ...event, object: { ...typeOf(resource), ...event.object } });
    };
    for (const change of missed) send(change);
    const watching = { response, resource, bookmarks: query["allowWatchBookmarks"] === "true", send };
    this.#watches.add(watching);
    const timer = setTimeout(() => response.end(), Number(query["timeoutSeconds"] ?? 1_800) * 1_000);
    response.on("close", () => {
      clearTimeout(timer);
      this.#watches.delete(watching);
    });
    return false;
  }
}

interface Place {
  readonly resource: Resource;
  readonly namespace: string;
}

const typeOf = (resource: Resource) => ({
  kind: resources[resource].kind,
  apiVersion: resources[resource].group === "" ? "v1" : `${resources[resource].group}/v1`,
});

const writeLine = (response: ServerResponse, event: object): void => {
  response.write(`${JSON.stringify(event)}\n`);
};

const statusOf = (code: number, reason: string, message = reason) => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message,
  reason,
  code,
});

async function drip(response: ServerResponse, body: string): Promise<void> {
  for (let at = 0; at < body.length; at += 400) {
    response.write(body.slice(at, at + 400));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  response.end();
}
