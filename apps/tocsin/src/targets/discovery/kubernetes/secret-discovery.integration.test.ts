import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@tocsin/core";
import { afterAll, describe, expect, test } from "vitest";
import { discoveryContract, type TestPlace } from "../discovery-contract.fixture.ts";
import { Watched } from "../watched.fixture.ts";
import { ApiServer, targetLabel } from "../../../kubernetes/api-server.fixture.ts";
import { KubernetesApi } from "../../../kubernetes/api.ts";
import { maxTargets } from "./kept-secrets.ts";
import { SecretDiscovery, type SecretDiscoveryOptions } from "./secret-discovery.ts";

const namespace = "shop";
const dir = mkdtempSync(join(tmpdir(), "tocsin-kubernetes-"));
afterAll(() => rmSync(dir, { recursive: true }));

/** Time within which changes during a fault must be known after its end. */
const convergesMs = 2_000;

class Cluster implements TestPlace {
  readonly server: ApiServer;

  private constructor(server: ApiServer) {
    this.server = server;
  }

  static async start(): Promise<Cluster> {
    return new Cluster(await ApiServer.start());
  }

  discovery(more: Partial<SecretDiscoveryOptions> = {}): SecretDiscovery {
    return new SecretDiscovery({
      namespace,
      labelSelector: "publishing-target=true",
      resyncMs: 600_000,
      api: new KubernetesApi({ kubeconfig: this.server.kubeconfig(dir), env: {} }),
      clock: systemClock,
      ...more,
    });
  }

  async put(name: string, target: object): Promise<void> {
    this.server.put(namespace, name, { "target.json": JSON.stringify(target) });
  }

  async putBroken(name: string): Promise<void> {
    this.server.put(namespace, name, { "target.json": '{"v":' });
  }

  async remove(name: string): Promise<void> {
    this.server.delete(namespace, name);
  }

  async block(): Promise<void> {
    await this.server.down();
  }

  async unblock(): Promise<void> {
    await this.server.up();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

discoveryContract("namespaces of Kubernetes", () => Cluster.start());

/** A cluster with one target, `a`, that the discovery knows. */
async function watchedCluster(more: (cluster: Cluster) => Partial<SecretDiscoveryOptions> = () => ({})) {
  const cluster = await Cluster.start();
  await cluster.put("a", { v: 1 });
  const watched = new Watched(cluster.discovery(more(cluster)));
  await watched.until(() => watched.discovery.targets?.length === 1 && cluster.server.watches === 1);
  return {
    cluster,
    server: cluster.server,
    watched,
    says: (targets: object) => watched.until(() => JSON.stringify(watched.known) === JSON.stringify(targets)),
    /** Without the requests for the server's version. */
    lists: () => cluster.server.requests.filter(({ query }) => query["watch"] === undefined && query["limit"] !== "1"),
    async [Symbol.asyncDispose]() {
      await watched.discovery.stop();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

describe("a list", () => {
  test("is read page by page, all pages from one state", async () => {
    await using cluster = await Cluster.start();
    for (let n = 0; n < 95; n++) await cluster.put(`t${String(n).padStart(4, "0")}`, { n });
    await using watched = new Watched(cluster.discovery());
    await watched.until(() => watched.discovery.targets !== undefined);
    expect(watched.discovery.targets).toHaveLength(95);
    const pages = cluster.server.requests.filter(({ query }) => query["watch"] === undefined);
    expect(pages.map(({ query }) => [query["limit"], "continue" in query])).toEqual(
      Array.from({ length: 10 }, (_, page) => ["10", page > 0]),
    );
  });

  test("contains the Secrets with the label in the namespace, and no others", async () => {
    await using cluster = await Cluster.start();
    await cluster.put("a", { v: 1 });
    cluster.server.put(namespace, "unlabelled", { "target.json": "{}" }, {});
    cluster.server.put(namespace, "off", { "target.json": "{}" }, { "publishing-target": "false" });
    cluster.server.put("other", "elsewhere", { "target.json": "{}" });
    await using watched = new Watched(cluster.discovery());
    await watched.until(() => watched.discovery.targets !== undefined && cluster.server.watches === 1);
    cluster.server.put("other", "elsewhere", { "target.json": "[]" });
    cluster.server.put(namespace, "unlabelled", { "target.json": "[]" }, {});
    await cluster.put("b", { v: 2 });
    await watched.until(() => watched.discovery.targets?.length === 2);
    expect(watched.known).toEqual({ a: { v: 1 }, b: { v: 2 } });
  });

  test("starts again when its pages are too old", async () => {
    await using cluster = await Cluster.start();
    for (let n = 0; n < 25; n++) await cluster.put(`t${n}`, { n });
    const { store } = cluster.server;
    const list = store.list.bind(store);
    let pages = 0;
    store.list = (query) => {
      if (++pages === 2) store.compact();
      return list(query);
    };
    await using watched = new Watched(cluster.discovery());
    await watched.until(() => watched.discovery.targets !== undefined);
    expect([watched.discovery.targets?.length, watched.failures]).toEqual([25, ["list expired"]]);
  });
});

describe("a watch", () => {
  test("continues from the version that it reached, bookmarks included, without another list", async () => {
    await using one = await watchedCluster();
    await one.cluster.put("b", { v: 1 });
    await one.says({ a: { v: 1 }, b: { v: 1 } });
    one.server.put("other", "noise", {});
    one.server.bookmark();
    one.server.store.compact();
    const reached = String(one.server.store.version);
    one.server.endWatches();
    await one.watched.until(() => one.server.watches === 1);
    await one.cluster.put("c", { v: 1 });
    await one.says({ a: { v: 1 }, b: { v: 1 }, c: { v: 1 } });
    expect(one.lists()).toHaveLength(1);
    const [first, second] = one.server.requests.filter(({ query }) => query["watch"] === "true");
    expect(first?.query).toMatchObject({ allowWatchBookmarks: "true", labelSelector: "publishing-target=true" });
    expect(second?.query).toMatchObject({ resourceVersion: reached });
    expect(one.watched.failures).toEqual([]);
  });

  test("treats a removed label as a removed target, and an added label as a new target", async () => {
    await using one = await watchedCluster();
    one.server.put(namespace, "a", { "target.json": '{"v":1}' }, {});
    await one.says({});
    one.server.put(namespace, "a", { "target.json": '{"v":2}' }, targetLabel);
    await one.says({ a: { v: 2 } });
    expect(one.lists()).toHaveLength(1);
  });

  test("reports no change if a Secret's entries did not change", async () => {
    await using one = await watchedCluster();
    one.server.put(namespace, "a", { "target.json": '{"v":1}' }, { ...targetLabel, more: "labels" });
    await one.cluster.put("b", { v: 1 });
    await one.says({ a: { v: 1 }, b: { v: 1 } });
    expect(one.watched.changes).toBe(2);
  });
});

interface Fault {
  readonly begin: (server: ApiServer) => unknown;
  /** Absent: the fault ends at once. */
  readonly end?: (server: ApiServer) => unknown;
  /** The failures that are counted. */
  readonly felt: string;
}

/** The history is cut before the version that the watch has reached. */
const fallBehind = (server: ApiServer) => {
  server.put("other", "noise", {});
  server.store.compact();
};
const status = (code: number, headers = {}) => ({ kind: "status", code, headers }) as const;

const faults: Record<string, Fault> = {
  "410 in the middle of a watch": { begin: (server) => server.sendError(410, "Expired"), felt: "watch expired" },
  "410 inside a watch that was accepted": {
    begin(server) {
      fallBehind(server);
      server.endWatches();
    },
    felt: "watch expired",
  },
  "410 instead of a watch": {
    begin(server) {
      server.goneAs = "status";
      fallBehind(server);
      server.endWatches();
    },
    felt: "watch expired",
  },
  "500 in the middle of a watch": { begin: (server) => server.sendError(500, "InternalError"), felt: "watch server" },
  "a connection that is reset": { begin: (server) => server.cut(), felt: "watch network" },
  "a connection that is cut in the middle of a line": { begin: (server) => server.cut(true), felt: "watch network" },
  "a watch that ends in the middle of a line": { begin: (server) => server.endWatches(true), felt: "watch network" },
  "a server that is down": { begin: (server) => server.down(), end: (server) => server.up(), felt: "list network" },
  "lists and watches that fail": {
    begin(server) {
      Object.assign(server.faults, { list: status(500), watch: status(503) });
      server.endWatches();
    },
    end: (server) => Object.assign(server.faults, { list: undefined, watch: undefined }),
    felt: "watch server",
  },
  "lists that break off": {
    begin(server) {
      server.faults.list = { kind: "break" };
      server.cut();
    },
    end: (server) => delete server.faults.list,
    felt: "list network",
  },
  "lists that are no lists": {
    begin(server) {
      server.faults.list = { kind: "nonsense" };
      server.cut();
    },
    end: (server) => delete server.faults.list,
    felt: "list protocol",
  },
  "lists that are slow": {
    begin(server) {
      server.faults.list = { kind: "drip" };
      server.cut();
    },
    felt: "watch network",
  },
  "rights that are revoked": {
    begin(server) {
      server.denied.add(`list ${namespace}`).add(`watch ${namespace}`);
      server.cut();
    },
    end: (server) => server.denied.clear(),
    felt: "list forbidden",
  },
  "the right to watch that is revoked": {
    begin(server) {
      server.denied.add(`watch ${namespace}`);
      server.endWatches();
    },
    end: (server) => server.denied.clear(),
    felt: "watch forbidden",
  },
  "a token that is revoked, until another one is in its file": {
    begin(server) {
      server.tokens = new Set(["token-2"]);
      server.cut();
    },
    end: (server) => server.kubeconfig(dir, { token: "token-2" }),
    felt: "list unauthorized",
  },
  "too many requests": {
    begin(server) {
      server.faults.list = status(429, { "retry-after": "1" });
      server.cut();
    },
    end: (server) => delete server.faults.list,
    felt: "list throttled",
  },
};

describe("changes during a fault are known soon after its end:", () => {
  test.each(Object.entries(faults))("%s", async (_, { begin, end, felt }) => {
    await using one = await watchedCluster();
    await one.cluster.put("b", { v: 1 });
    await one.cluster.put("c", { v: 1 });
    await one.watched.until(() => one.watched.discovery.targets?.length === 3);
    await begin(one.server);
    if (end) await one.watched.until(() => one.watched.failures.includes(felt));
    expect(one.watched.discovery.targets).toHaveLength(3);
    await one.cluster.remove("a");
    await one.cluster.put("b", { v: 2 });
    await one.cluster.put("d", { v: 1 });
    await end?.(one.server);
    expect(await one.says({ b: { v: 2 }, c: { v: 1 }, d: { v: 1 } })).toBeLessThan(convergesMs);
    await one.watched.until(() => one.watched.discovery.syncState.error === null && one.server.watches === 1);
    expect(one.watched.failures).toContain(felt);
  });

  test("a cluster that was restored from a backup, whose versions are older and mean something else", async () => {
    await using one = await watchedCluster();
    const backup = one.server.store.backup();
    await one.cluster.put("b", { v: 1 });
    await one.cluster.put("b", { v: 2 });
    await one.says({ a: { v: 1 }, b: { v: 2 } });
    await one.server.restore(backup);
    await one.cluster.put("c", { v: 1 });
    expect(await one.says({ a: { v: 1 }, c: { v: 1 } })).toBeLessThan(convergesMs);
    // The version that b once had now belongs to another object.
    await one.cluster.put("b", { v: 3 });
    expect(await one.says({ a: { v: 1 }, b: { v: 3 }, c: { v: 1 } })).toBeLessThan(convergesMs);
  });
});

test("notices a server that was restored during a watch by the versions that it sends", async () => {
  await using one = await watchedCluster();
  const backup = one.server.store.backup();
  await one.cluster.put("b", { v: 1 });
  await one.says({ a: { v: 1 }, b: { v: 1 } });
  one.server.store.restore(backup);
  one.server.bookmark();
  expect(await one.says({ a: { v: 1 } })).toBeLessThan(convergesMs);
  expect(one.watched.failures).toEqual(["watch expired"]);
});

test("notices a server that was restored between two watches before the next watch, which would stay silent", async () => {
  await using one = await watchedCluster();
  const backup = one.server.store.backup();
  await one.cluster.put("b", { v: 1 });
  await one.says({ a: { v: 1 }, b: { v: 1 } });
  one.server.store.restore(backup);
  one.server.endWatches();
  expect(await one.says({ a: { v: 1 } })).toBeLessThan(convergesMs);
  await one.cluster.put("c", { v: 1 });
  expect(await one.says({ a: { v: 1 }, c: { v: 1 } })).toBeLessThan(convergesMs);
  expect(one.watched.failures).toEqual(["watch expired"]);
});

describe("error messages say what to do and hold no credential:", () => {
  test.each<[string, (server: ApiServer) => void, RegExp]>([
    ["401", (server) => (server.tokens = new Set(["x"])), /^the token or certificate is not accepted \(HTTP 401\)/],
    [
      "403",
      (server) => server.denied.add(`list ${namespace}`),
      /^Tocsin.s service account needs a Role .* \(HTTP 403\): secrets is forbidden: User "system:serv.*"shop"$/,
    ],
    [
      "500",
      (server) => (server.faults.list = { kind: "status", code: 500 }),
      /^the server failed \(HTTP 500\): an error/,
    ],
    ["404", (server) => (server.faults.list = { kind: "status", code: 404 }), /^this is not the API of Kubernetes/],
    ["nonsense", (server) => (server.faults.list = { kind: "nonsense" }), /^the response is not a JSON object$/],
  ])("%s", async (_, make, message) => {
    await using cluster = await Cluster.start();
    make(cluster.server);
    await using watched = new Watched(cluster.discovery());
    await watched.until(() => watched.discovery.syncState.error !== null);
    expect(watched.discovery.syncState.error).toMatch(message);
    expect(watched.discovery.syncState.error).not.toContain("token-1");
  });

  test("a certificate that is not trusted", async () => {
    await using cluster = await Cluster.start();
    const path = join(dir, "untrusted.json");
    const user = { name: "u", user: { token: "token-1" } };
    const context = { name: "c", context: { cluster: "c", user: "u" } };
    const clusters = [{ name: "c", cluster: { server: cluster.server.url } }];
    writeFileSync(path, JSON.stringify({ clusters, users: [user], contexts: [context], "current-context": "c" }));
    await using watched = new Watched(cluster.discovery({ api: new KubernetesApi({ kubeconfig: path, env: {} }) }));
    await watched.until(() => watched.discovery.syncState.error !== null);
    expect(watched.discovery.syncState.error).toMatch(/^the connection failed \((SELF_SIGNED|DEPTH_ZERO)\w+\)$/);
  });
});

/** The waits that discovery requests; they take no time. */
const impatient = (waits: number[]) => ({
  random: () => 1,
  clock: {
    ...systemClock,
    after(delayMs: number, callback: () => void) {
      waits.push(delayMs);
      return systemClock.after(0, callback);
    },
  },
});

describe("does not flood the server with requests", () => {
  const growing = [100, 200, 400, 800, 1_500, 1_500, 1_500];

  test("during a long fault", async () => {
    const waits: number[] = [];
    await using cluster = await Cluster.start();
    cluster.server.denied.add(`list ${namespace}`);
    await using watched = new Watched(cluster.discovery(impatient(waits)));
    await watched.until(() => waits.length >= growing.length);
    expect(waits.slice(0, growing.length)).toEqual(growing);
  });

  test("when watches end as soon as they start", async () => {
    const waits: number[] = [];
    await using cluster = await Cluster.start();
    cluster.server.hasty = true;
    await using watched = new Watched(cluster.discovery(impatient(waits)));
    await watched.until(() => waits.length >= growing.length);
    expect([waits.slice(0, growing.length), watched.failures]).toEqual([growing, []]);
  });

  test("when watches break as soon as they start", async () => {
    const waits: number[] = [];
    await using cluster = await Cluster.start();
    cluster.server.sendErrors = 500;
    await using watched = new Watched(cluster.discovery(impatient(waits)));
    await watched.until(() => waits.length >= growing.length);
    expect(waits.slice(0, growing.length)).toEqual(growing);
  });
});

test("lists everything again at the resync interval, whatever the watch reports", async () => {
  await using one = await watchedCluster(() => ({ resyncMs: 1 }));
  one.server.endWatches();
  await one.watched.until(() => one.lists().length >= 2);
  expect(one.watched.failures).toEqual([]);
});

test("ends a watch that lasts longer than the resync interval", async () => {
  await using one = await watchedCluster(() => ({ resyncMs: 1_000, random: () => 0.5 }));
  const sinceMs = performance.now();
  await one.watched.until(() => one.lists().length >= 3);
  expect(performance.now() - sinceMs).toBeLessThan(5_000);
  const watches = one.server.requests.filter(({ query }) => query["watch"] === "true");
  expect(watches.map(({ query }) => query["timeoutSeconds"])).toEqual(watches.map(() => "1"));
  expect(one.watched.failures).toEqual([]);
});

test("uses a target that did not fit once there is room", async () => {
  await using cluster = await Cluster.start();
  for (let n = 0; n <= maxTargets; n++) await cluster.put(`t${String(n).padStart(4, "0")}`, { n });
  await using watched = new Watched(cluster.discovery());
  await watched.until(() => watched.discovery.targets !== undefined && cluster.server.watches === 1);
  expect(watched.known?.["t1000"]).toMatch(/more than 1000 targets/);
  await cluster.remove("t0000");
  await watched.until(() => watched.changes === 2);
  cluster.server.endWatches();
  await watched.until(() => JSON.stringify(watched.known?.["t1000"]) === '{"n":1000}');
  expect(watched.failures).toEqual([]);
});

test("does not read our files and environment for the author of a Secret", async () => {
  await using cluster = await Cluster.start();
  const { readSecret } = cluster.discovery();
  expect(readSecret("literal")).toBe("literal");
  for (const input of [{ env: "HOME" }, { file: "/etc/passwd" }]) {
    expect(() => readSecret(input)).toThrow("in a Secret, a key must hold the value itself, not a file or a variable");
  }
});
