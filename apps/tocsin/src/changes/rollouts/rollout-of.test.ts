import { describe, expect, test } from "vitest";
import type { Played, Template } from "../../kubernetes/played-workload.fixture.ts";
import { autoscalers } from "./field-owner.ts";
import { WatchedWorkload } from "./watched-workload.fixture.ts";

const image = "registry.example.com/shop/web:1.2";
const kinds = ["Deployment", "StatefulSet", "DaemonSet"] as const;

/** A workload that runs and is known. */
function settled(played: Partial<Omit<Played, "show">> = {}): WatchedWorkload {
  const watched = new WatchedWorkload({ kind: "Deployment", namespace: "shop", name: "api", image, ...played });
  watched.isWatching = false;
  watched.workload.create().roll();
  watched.isWatching = true;
  watched.see(watched.workload.object, true);
  expect(watched.recorded).toEqual([]);
  return watched;
}

/** A workload as the first list finds it. */
const found = (play: (watched: WatchedWorkload) => unknown) => {
  const watched = new WatchedWorkload({ kind: "Deployment", namespace: "shop", name: "api", image });
  watched.isWatching = false;
  play(watched);
  watched.isWatching = true;
  watched.see(watched.workload.object, true);
  return watched;
};

const useB = (template: Template) => ({ ...template, spec: { containers: [{ name: "web", image: "web:b" }] } });

describe.each(kinds)("one change each, of a %s:", (kind) => {
  const cases: Record<string, [(watched: WatchedWorkload) => unknown, string[]]> = {
    "another image": [
      ({ workload }) => workload.setImage(image.replace("1.2", "1.3")).roll(),
      ["Rolled out api in shop: image web 1.2 → 1.3"],
    ],
    "another environment variable": [
      ({ workload }) => workload.setEnv("LOG_LEVEL", "debug").roll(),
      ["Rolled out api in shop: env of web added: LOG_LEVEL"],
    ],
    restart: [({ workload }) => workload.restart().roll(), ["Restarted api in shop"]],
    "two restarts": [
      ({ workload }) => workload.restart().roll().restart().roll(),
      ["Restarted api in shop", "Restarted api in shop"],
    ],
    undo: [
      ({ workload }) => workload.setImage(image.replace("1.2", "1.3")).roll().undo().roll(),
      [
        "Rolled out api in shop: image web 1.2 → 1.3",
        "Rolled out api in shop: back to registry.example.com/shop/web:1.2, image web 1.3 → 1.2",
      ],
    ],
    "A, B, A, B": [
      ({ workload }) => workload.setImage("web:b").roll().setImage(image).roll().setImage("web:b").roll(),
      [
        `Rolled out api in shop: image web ${image} → web:b`,
        `Rolled out api in shop: back to ${image}, image web web:b → ${image}`,
        `Rolled out api in shop: back to web:b, image web ${image} → web:b`,
      ],
    ],
    "a rollout that another one replaces": [
      ({ workload }) => workload.setImage("web:b").begin().setImage("web:c").roll(),
      [
        `Rollout of api in shop was replaced by another one: image web ${image} → web:b`,
        "Rolled out api in shop: image web b → c",
      ],
    ],
    deletion: [({ workload }) => workload.delete(), ["Deleted api in shop"]],
    "deletion in the middle of a rollout": [
      ({ workload }) => workload.setImage("web:b").begin().delete(),
      [
        `Rollout of api in shop ended with the deletion of the workload: image web ${image} → web:b`,
        "Deleted api in shop",
      ],
    ],
  };
  test.each(Object.entries(cases))("%s", (_, [play, summaries]) => {
    const watched = settled({ kind });
    play(watched);
    expect(watched.summaries).toEqual(summaries);
  });

  test("creation", () => {
    const watched = new WatchedWorkload({ kind, namespace: "shop", name: "api", image });
    watched.workload.create();
    expect(watched.summaries).toEqual([`Creating api in shop: image web ${image}`]);
    watched.workload.roll();
    expect(watched.changes).toMatchObject([{ summary: `Created api in shop: image web ${image}`, state: "complete" }]);
  });

  test("a rollout runs until its last pod is ready", () => {
    const watched = settled({ kind });
    watched.workload.setImage("web:b").begin();
    expect(watched.changes).toMatchObject([
      { summary: `Rolling out api in shop: image web ${image} → web:b`, state: "running" },
    ]);
    watched.workload.finish();
    expect(watched.changes).toMatchObject([{ state: "complete" }]);
    expect(watched.recorded).toHaveLength(2);
  });
});

describe("no change:", () => {
  const cases: Record<string, (watched: WatchedWorkload) => unknown> = {
    autoscaling: ({ workload }) => workload.autoscale(7).autoscale(2),
    "pause and resume": ({ workload }) => workload.pause().resume(),
    "a drained node": ({ workload }) => workload.drain(),
    "another label": ({ workload }) => workload.relabel("team", "shop"),
    "an edit that is taken back before the controller sees it": ({ workload }) =>
      workload.setImage("web:b").setImage(image).begin().finish(),
    "a version again": (watched) => [watched.relist(), watched.relist()],
    "a time of creation in the template, which servers send as null or leave out": ({ workload }) =>
      workload.edit(({ metadata: { labels }, spec }) => ({ spec, metadata: { labels } })).begin(),
  };
  test.each(Object.entries(cases))("%s", (_, play) => {
    const watched = settled();
    play(watched);
    expect(watched.summaries).toEqual([]);
  });

  test.each(autoscalers)("scaling by %s", (manager) => {
    const watched = settled();
    watched.workload.scale(9, manager);
    expect(watched.summaries).toEqual([]);
  });

  test("scaling, if the server does not say who scaled", () => {
    const watched = settled();
    watched.isWatching = false;
    const { object } = watched.workload.scale(9);
    watched.see({ ...object, metadata: { ...object.metadata, managedFields: [] } });
    expect(watched.summaries).toEqual([]);
  });
});

describe("scaling by a person", () => {
  test.each(["Deployment", "StatefulSet"] as const)("is one change of a %s", (kind) => {
    const watched = settled({ kind });
    watched.workload.scale(5).autoscale(8).scale(3, "argocd-controller");
    expect(watched.changes).toMatchObject([
      { summary: "Scaled api in shop: replicas 3 → 5", customDetails: { manager: "kubectl" } },
      { summary: "Scaled api in shop: replicas 8 → 3", customDetails: { manager: "argocd-controller" } },
    ]);
    expect(watched.changes[0]).not.toHaveProperty("state");
  });

  test("is a change each time on servers that do not record it, also after an autoscaler's", () => {
    const watched = settled();
    watched.workload.autoscale(4);
    const { managedFields } = watched.workload.object.metadata;
    watched.isWatching = false;
    for (const replicas of [5, 4, 5]) {
      const { object } = watched.workload.scale(replicas);
      watched.see({ ...object, metadata: { ...object.metadata, managedFields } });
    }
    expect(watched.summaries).toEqual([
      "Scaled api in shop: replicas 4 → 5",
      "Scaled api in shop: replicas 5 → 4",
      "Scaled api in shop: replicas 4 → 5",
    ]);
  });

  test("is none if an autoscaler scales twice within the same second", () => {
    const watched = settled({ startMs: Date.now() - 60_000 });
    const { object } = watched.workload.autoscale(4);
    watched.nowMs = Date.parse(object.metadata.managedFields.at(-1)?.time ?? "") + 500;
    watched.see({ ...object, spec: { ...object.spec, replicas: 6 } });
    expect(watched.summaries).toEqual([]);
  });

  test("together with another image is one rollout", () => {
    const watched = settled();
    watched.workload.edit(useB, "kubectl-client-side-apply", 5).roll();
    expect(watched.summaries).toEqual([`Rolled out api in shop: image web ${image} → web:b, replicas 3 → 5`]);
  });

  test("is one change of a paused Deployment, and its edits are another when it is resumed", () => {
    const watched = settled();
    watched.workload.pause().setImage("web:b").scale(5);
    expect(watched.summaries).toEqual(["Scaled api in shop: replicas 3 → 5"]);
    watched.workload.resume().roll();
    expect(watched.summaries.slice(1)).toEqual([`Rolled out api in shop: image web ${image} → web:b`]);
  });
});

describe("a rollout fails", () => {
  test("when a Deployment's conditions say so, whatever an old verdict said before", () => {
    const watched = settled();
    watched.workload.setImage("web:broken").begin().fail();
    expect(watched.changes).toMatchObject([
      {
        summary: `Rollout of api in shop failed because its progress deadline is exceeded: image web ${image} → web:broken`,
        state: "failed",
      },
    ]);
    // The first versions after the undo still carry the old verdict.
    watched.workload.undo();
    watched.workload.begin();
    expect(watched.changes[1]).toMatchObject({ state: "running" });
    watched.workload.finish();
    expect(watched.summaries[1]).toBe(`Rolled out api in shop: back to ${image}, image web web:broken → ${image}`);
    expect(watched.changes).toHaveLength(2);
  });

  test.each(["StatefulSet", "DaemonSet"] as const)("when a %s makes no step for our own deadline", (kind) => {
    const watched = settled({ kind });
    watched.workload.setImage("web:broken").begin();
    watched.wait(599_999);
    expect(watched.changes).toMatchObject([{ state: "running" }]);
    watched.wait(1);
    expect(watched.changes).toMatchObject([{ state: "failed" }]);
    watched.workload.finish();
    expect(watched.changes).toMatchObject([{ state: "failed" }]);
  });

  test("never by our own deadline, if it is a Deployment's", () => {
    const watched = settled();
    watched.workload.setImage("web:b").begin();
    watched.wait(86_400_000);
    expect(watched.changes).toMatchObject([{ state: "running" }]);
  });
});

describe("everything that happened while the watch was interrupted", () => {
  test("is recorded at the next list, with the end of the rollout", () => {
    const watched = settled();
    watched.isWatching = false;
    watched.workload.setImage("web:b").roll();
    watched.relist();
    expect(watched.recorded).toMatchObject([
      { state: "complete", summary: `Rolled out api in shop: image web ${image} → web:b` },
    ]);
  });

  test("mentions a scaling that happened together with a rollout or a restart", () => {
    const watched = settled();
    for (const play of [() => watched.workload.setImage("web:b"), () => watched.workload.restart()]) {
      watched.isWatching = false;
      play()
        .roll()
        .scale(watched.workload.replicas + 2);
      watched.isWatching = true;
      watched.relist();
    }
    expect(watched.summaries).toEqual([
      `Rolled out api in shop: image web ${image} → web:b, replicas 3 → 5`,
      "Restarted api in shop: replicas 5 → 7",
    ]);
  });

  test("ends a rollout that ran before", () => {
    const watched = settled();
    watched.workload.setImage("web:b").begin();
    watched.isWatching = false;
    watched.workload.finish();
    watched.relist();
    expect(watched.changes).toMatchObject([{ state: "complete" }]);
  });

  test("is nothing if a restored cluster is older", () => {
    const watched = settled();
    const { object } = watched.workload;
    watched.workload.setImage("web:b").roll();
    watched.see(object);
    watched.see(object);
    expect(watched.changes).toHaveLength(1);
  });
});

describe("at the first list", () => {
  test("a rollout in progress is recorded, without what was before", () => {
    const watched = found(({ workload }) => workload.create().roll().setImage("web:b").begin());
    expect(watched.summaries).toEqual(["Rolling out api in shop: image web web:b"]);
    watched.workload.finish();
    expect(watched.summaries).toEqual(["Rolled out api in shop: image web web:b"]);
  });

  test("a rollout that failed is known already", () => {
    expect(found(({ workload }) => workload.create().begin().fail()).summaries).toEqual([]);
  });
});

test("pods that only people replace end the rollout at once", () => {
  const watched = settled({ kind: "StatefulSet", updateStrategy: { type: "OnDelete" } });
  watched.workload.setImage("web:b").begin();
  expect(watched.changes).toMatchObject([{ state: "complete" }]);
});

test("pods below the partition do not keep a StatefulSet's rollout open", () => {
  const updateStrategy = { type: "RollingUpdate", rollingUpdate: { partition: 2 } };
  const watched = settled({ kind: "StatefulSet", updateStrategy });
  watched.workload.setImage("web:b").begin();
  expect(watched.changes).toMatchObject([{ state: "running" }]);
  const { object } = watched.workload;
  watched.see({ ...object, status: { ...object.status, updatedReplicas: 1, readyReplicas: 3 } });
  expect(watched.changes).toMatchObject([{ state: "complete" }]);
});

test("a change has the labels by which alerts are related to it, and the time of the edit", () => {
  const labels = { "app.kubernetes.io/name": "checkout", environment: "production" };
  const startMs = Date.parse("2026-11-30T10:00:00Z");
  const watched = settled({ labels, startMs });
  watched.workload.setImage("web:b").roll();
  expect(watched.changes).toMatchObject([
    {
      origin: "rollouts",
      source: "shop/api",
      environment: "production",
      labels: { namespace: "shop", kind: "Deployment", name: "api", app: "api", service: "checkout" },
      customDetails: {
        kind: "Deployment",
        changes: [`image web ${image} → web:b`],
        images: { web: "web:b" },
        revision: "2",
        manager: "kubectl-set",
      },
    },
  ]);
  const [change] = watched.changes;
  expect(change?.timestampMs).toBeGreaterThan(startMs);
  expect(change?.timestampMs).toBeLessThan(startMs + 60_000);
  expect(change?.id).toBe(`${watched.workload.uid}/revision-2`);
});
