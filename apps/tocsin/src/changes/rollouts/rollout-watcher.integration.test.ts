import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { ApiServer, Role } from "../../kubernetes/api-server.fixture.ts";
import { image, RolloutCluster } from "./rollout-cluster.fixture.ts";

const planted = "pL4nted-S3cret-value";
const env = [{ name: "PASSWORD", value: planted }];

/** A workload of each kind that exists before the watch begins. */
const settled = (cluster: RolloutCluster) => ({
  deployment: cluster.workload({ env }).create().roll(),
  statefulSet: cluster.workload({ kind: "StatefulSet", name: "db", env }).create().roll(),
  daemonSet: cluster.workload({ kind: "DaemonSet", name: "agent", env }).create().roll(),
});

test("exactly the changes that people made are recorded, one each, and nothing of their secrets", async () => {
  await using cluster = await RolloutCluster.start();
  const { deployment, statefulSet, daemonSet } = settled(cluster);
  await cluster.watch();
  await cluster.followed();
  for (const workload of [deployment, statefulSet, daemonSet]) {
    workload.autoscale(4).drain().relabel("team", "shop").pause().resume();
    workload.setImage("web:2").roll();
    workload.setEnv("PASSWORD", `${planted}2`).roll();
    workload.drain();
  }
  deployment.setImage("web:broken").begin().fail().undo().roll();
  deployment.scale(6).restart().roll();
  statefulSet.scale(2).restart().roll().undo().roll();
  daemonSet.delete();
  cluster.workload({ name: "new", env }).create().roll();
  await cluster.until(
    "15 changes have ended",
    () =>
      cluster.ledger.changes.size >= 15 &&
      [...cluster.ledger.changes.values()].every(({ state }) => state !== "running"),
  );
  const of = (name: string) => cluster.ledger.summaries.filter((summary) => summary.includes(` ${name} in shop`));
  expect(of("api")).toEqual([
    `Rolled out api in shop: image web ${image} → web:2`,
    "Rolled out api in shop: env of web changed: PASSWORD",
    "Rollout of api in shop failed because its progress deadline is exceeded: image web 2 → broken",
    "Rolled out api in shop: back to web:2, image web broken → 2",
    "Scaled api in shop: replicas 4 → 6",
    "Restarted api in shop",
  ]);
  expect(of("db")).toEqual([
    `Rolled out db in shop: image web ${image} → web:2`,
    "Rolled out db in shop: env of web changed: PASSWORD",
    "Scaled db in shop: replicas 4 → 2",
    "Restarted db in shop",
    "Rolled out db in shop: the restart was undone",
  ]);
  expect(of("agent")).toEqual([
    `Rolled out agent in shop: image web ${image} → web:2`,
    "Rolled out agent in shop: env of web changed: PASSWORD",
    "Deleted agent in shop",
  ]);
  expect(of("new")).toEqual([`Created new in shop: image web ${image}`]);
  expect(cluster.ledger.changes.size).toBe(15);
  const everything = JSON.stringify([[...cluster.ledger.changes], [...cluster.ledger.values], cluster.logs]);
  expect(everything).not.toContain(planted);
});

interface Gap {
  readonly begin: (server: ApiServer) => unknown;
  readonly end?: (server: ApiServer) => unknown;
}
const gaps: Record<string, Gap> = {
  "a watch that ends": { begin: (server) => server.endWatches() },
  "a connection that is cut": { begin: (server) => server.cut(true) },
  "410 in the middle of a watch": { begin: (server) => server.sendError(410, "Expired") },
  "410 after changes were missed": {
    begin: (server) => server.down(),
    end(server) {
      server.store.compact();
      return server.up();
    },
  },
};

describe.each(Object.entries(gaps))("records each change once over %s,", (_, { begin, end }) => {
  test("in the middle of a rollout", async () => {
    await using cluster = await RolloutCluster.start();
    const { deployment, statefulSet } = settled(cluster);
    await cluster.watch();
    await cluster.followed();
    for (const workload of [deployment, statefulSet]) workload.setImage("web:2").begin();
    await cluster.until("both run", () => cluster.ledger.changes.size === 2);
    await begin(cluster.server);
    for (const workload of [deployment, statefulSet]) workload.finish();
    deployment.autoscale(9).scale(4);
    await end?.(cluster.server);
    const last = "Scaled api in shop: replicas ";
    await cluster.until("the last change", () => cluster.ledger.summaries.at(-1)?.startsWith(last) === true);
    await cluster.until("all have ended", () =>
      [...cluster.ledger.changes.values()].every(({ state }) => state !== "running"),
    );
    expect(cluster.ledger.changes.size).toBe(3);
  });
});

describe("over a restart", () => {
  test("a rollout that ended meanwhile is completed, and one that ran meanwhile is recorded; nothing is repeated", async () => {
    await using cluster = await RolloutCluster.start();
    const { deployment, statefulSet, daemonSet } = settled(cluster);
    const first = await cluster.watch();
    await cluster.followed();
    deployment.setImage("web:2").begin();
    await cluster.says([`Rolling out api in shop: image web ${image} → web:2`]);
    await cluster.stop(first);
    deployment.finish();
    statefulSet.setImage("web:3").roll().autoscale(7);
    daemonSet.delete();
    cluster.workload({ name: "new" }).create().roll();
    const second = await cluster.watch();
    await cluster.followed();
    const expected = [
      `Rolled out api in shop: image web ${image} → web:2`,
      `Created new in shop: image web ${image}`,
      `Rolled out db in shop: image web ${image} → web:3`,
      "Deleted agent in shop",
    ].toSorted();
    expect(cluster.ledger.summaries.toSorted()).toEqual(expected);
    await cluster.stop(second);
    const { writes } = cluster.ledger;
    await cluster.watch();
    await cluster.followed();
    expect(cluster.ledger.summaries.toSorted()).toEqual(expected);
    expect(cluster.ledger.writes).toBe(writes);
  });

  test("the first list ever records no change", async () => {
    await using cluster = await RolloutCluster.start();
    for (let n = 0; n < 45; n++)
      cluster
        .workload({ name: `api-${n}` })
        .create()
        .roll();
    await cluster.watch();
    await cluster.followed();
    expect(cluster.ledger.summaries).toEqual([]);
    cluster.workload({ name: "later" }).create().roll();
    await cluster.says([`Created later in shop: image web ${image}`]);
  });

  test("a change that a crash kept from being recorded is recorded, under the same id", async () => {
    await using cluster = await RolloutCluster.start();
    const { statefulSet } = settled(cluster);
    const first = await cluster.watch();
    await cluster.followed();
    cluster.ledger.failing = "changes";
    statefulSet.setImage("web:2").begin();
    await cluster.until("the ledger refuses", () => cluster.logs.some((line) => line.includes("rollouts_waiting")));
    await cluster.stop(first);
    // The generation grows, from which the id was taken.
    statefulSet.scale(5).finish();
    cluster.ledger.failing = undefined;
    await cluster.watch();
    await cluster.followed();
    expect([...cluster.ledger.changes.keys()]).toEqual([
      `${statefulSet.uid}/generation-2`,
      expect.stringMatching(`^${statefulSet.uid}/scale-`),
    ]);
    expect(cluster.ledger.changes.get(`${statefulSet.uid}/generation-2`)).toMatchObject({ state: "complete" });
  });

  test("a crash after a change was recorded does not repeat it", async () => {
    await using cluster = await RolloutCluster.start();
    const { statefulSet } = settled(cluster);
    const first = await cluster.watch();
    await cluster.followed();
    // The state that says that the change is recorded is lost.
    let stored: ReadonlyMap<string, string> | undefined;
    cluster.ledger.beforeChanges = () => (stored ??= new Map(cluster.ledger.values));
    statefulSet.setImage("web:2").begin().scale(5);
    await cluster.until("both are recorded", () => cluster.ledger.changes.size === 2);
    await cluster.stop(first);
    for (const [name, text] of stored ?? []) cluster.ledger.values.set(name, text);
    await cluster.watch();
    await cluster.followed();
    expect(cluster.ledger.changes.size).toBe(2);
  });

  test("a scaling to the number that was there before an autoscaler changed it is a change", async () => {
    await using cluster = await RolloutCluster.start();
    const { deployment } = settled(cluster);
    const first = await cluster.watch();
    await cluster.followed();
    deployment.autoscale(9);
    deployment.restart().roll();
    await cluster.says(["Restarted api in shop"]);
    deployment.autoscale(7).autoscale(8);
    cluster.workload({ name: "last" }).create().roll();
    await cluster.until("all is seen", () => cluster.ledger.summaries.length === 2);
    await cluster.stop(first);
    deployment.scale(9);
    await cluster.watch();
    await cluster.followed();
    expect(cluster.ledger.summaries.at(-1)).toBe("Scaled api in shop: replicas 8 → 9");
  });

  test("with another label selector nothing seems to be created or deleted", async () => {
    await using cluster = await RolloutCluster.start();
    cluster
      .workload({ name: "api", labels: { team: "a" } })
      .create()
      .roll();
    cluster
      .workload({ name: "web", labels: { team: "b" } })
      .create()
      .roll();
    const first = await cluster.watch({ labelSelector: "team=a" });
    await cluster.followed();
    await cluster.stop(first);
    const second = await cluster.watch({ labelSelector: "team=b" });
    await cluster.followed();
    await cluster.stop(second);
    await cluster.watch();
    await cluster.followed();
    expect(cluster.ledger.summaries).toEqual([]);
  });

  test("a namespace that was not watched for a time is listed as if for the first time", async () => {
    await using cluster = await RolloutCluster.start();
    const { deployment } = settled(cluster);
    const first = await cluster.watch();
    await cluster.followed();
    await cluster.stop(first);
    const second = await cluster.watch({ namespaces: ["other"] });
    await cluster.followed();
    deployment.setImage("web:2").roll();
    cluster.workload({ name: "new" }).create().roll();
    await cluster.stop(second);
    await cluster.watch();
    await cluster.followed();
    expect(cluster.ledger.summaries).toEqual([]);
  });
});

test("several replicas record each change once, also one that starts late", async () => {
  await using cluster = await RolloutCluster.start();
  const { deployment, statefulSet } = settled(cluster);
  const first = await cluster.watch();
  await cluster.followed();
  await cluster.watch();
  await cluster.until("both watch", () => cluster.server.watches === 6);
  deployment.setImage("web:2").roll().scale(5);
  statefulSet.setImage("web:2").roll().scale(6);
  await cluster.until("all are recorded", () => cluster.ledger.changes.size === 4);
  await cluster.stop(first);
  statefulSet.setImage("web:3").roll();
  await cluster.watch();
  await cluster.until("both watch", () => cluster.server.watches === 6);
  statefulSet.scale(7);
  await cluster.until("all are recorded", () => cluster.ledger.changes.size === 6);
  expect(cluster.ledger.summaries.toSorted()).toEqual(
    [
      `Rolled out api in shop: image web ${image} → web:2`,
      `Rolled out db in shop: image web ${image} → web:2`,
      "Rolled out db in shop: image web 2 → 3",
      "Scaled api in shop: replicas 3 → 5",
      "Scaled db in shop: replicas 3 → 6",
      "Scaled db in shop: replicas 6 → 7",
    ].toSorted(),
  );
});

test("changes wait while the ledger is away, and none is lost", async () => {
  await using cluster = await RolloutCluster.start();
  const { deployment } = settled(cluster);
  await cluster.watch();
  await cluster.followed();
  cluster.ledger.failing = "values";
  deployment.setImage("web:2").roll();
  deployment.setImage("web:3").roll();
  await cluster.until("the ledger refuses", () => cluster.logs.some((line) => line.includes("rollouts_waiting")));
  cluster.ledger.failing = undefined;
  await cluster.says([`Rolled out api in shop: image web ${image} → web:2`, "Rolled out api in shop: image web 2 → 3"]);
  expect(cluster.logs.filter((line) => line.includes("rollouts_waiting"))).toHaveLength(1);
});

test("a rollout of a DaemonSet without progress fails after our own deadline", async () => {
  await using cluster = await RolloutCluster.start();
  const { daemonSet } = settled(cluster);
  await cluster.watch({ progressDeadline: 200 });
  await cluster.followed();
  daemonSet.setImage("web:broken").begin();
  const [change] = await cluster.says([
    `Rollout of agent in shop failed because no pod was replaced or became ready for 0.2 s: image web ${image} → web:broken`,
  ]);
  expect(change).toMatchObject({
    state: "failed",
    customDetails: { reason: expect.stringMatching(/^failed because no pod/) },
  });
});

describe("missing rights", () => {
  test("are reported in the state, the metric and the log, once, and are repaired without a restart", async () => {
    await using cluster = await RolloutCluster.start();
    const { deployment } = settled(cluster);
    cluster.server.denied.add("list shop");
    const watcher = await cluster.watch({ kinds: ["Deployment"] });
    await cluster.until("the failure is known", () => watcher.failing.length === 1);
    expect(watcher.failing[0]?.error).toMatch(
      /^Tocsin's service account needs a Role in this namespace that allows get, list and watch on deployments/,
    );
    expect([...cluster.stale]).toEqual([["shop/Deployment", true]]);
    await cluster.until("it is tried again", () => cluster.server.requests.length >= 4);
    expect(cluster.logs.filter((line) => line.includes("rollouts_stale"))).toHaveLength(1);
    cluster.server.denied.clear();
    await cluster.followed();
    expect(watcher.failing).toEqual([]);
    deployment.restart().roll();
    await cluster.says(["Restarted api in shop"]);
  });
});

describe.each(["k8s", "k8s-fleet"])("the Role of deploy/%s/rollouts", (directory) => {
  const path = join(import.meta.dirname, "../../../../../deploy", directory, "rollouts/rbac.yaml");
  const manifests = parseAllDocuments(readFileSync(path, "utf8")).map((document) => document.toJS() as Role);
  const [role] = manifests.filter(({ rules }) => rules !== undefined);

  test("suffices for a namespace, and for no other", async () => {
    await using cluster = await RolloutCluster.start();
    cluster.server.roles = role ? [role] : [];
    const { deployment } = settled(cluster);
    const watcher = await cluster.watch({ namespaces: ["shop", "other"] });
    await cluster.until("the rights are known", () => watcher.failing.length === 3);
    expect(Array.from(cluster.stale).filter(([, isStale]) => isStale)).toEqual([
      ["other/Deployment", true],
      ["other/StatefulSet", true],
      ["other/DaemonSet", true],
    ]);
    deployment.restart().roll();
    await cluster.says(["Restarted api in shop"]);
  });

  test("is the least: every right that it grants is used, except `get`, which `kubectl auth can-i` and people expect", () => {
    expect(role?.rules).toEqual([
      {
        apiGroups: ["apps"],
        resources: ["deployments", "statefulsets", "daemonsets"],
        verbs: ["get", "list", "watch"],
      },
    ]);
  });
});
