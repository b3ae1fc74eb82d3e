import { type Clock, systemClock } from "@tocsin/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type PlayedObject, PlayedWorkload } from "../../kubernetes/played-workload.fixture.ts";
import { image, RolloutCluster } from "./rollout-cluster.fixture.ts";
import { happening, play } from "./random-rollouts.fixture.ts";
import { WatchedWorkload } from "./watched-workload.fixture.ts";

const kinds = ["Deployment", "StatefulSet", "DaemonSet"] as const;

/** How the versions of one happening reach the watcher: each is seen, dropped, or seen twice. */
const delivery = fc.array(fc.constantFrom("seen" as const, "dropped" as const, "twice" as const), { maxLength: 8 });

test.each(kinds)(
  "each change of a %s is found once, whatever events are dropped and repeated before a list",
  (kind) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(happening, delivery), { maxLength: 20 }), (history) => {
        const versions: PlayedObject[] = [];
        const played = { kind, namespace: "shop", name: "api", image };
        const workload = new PlayedWorkload({ ...played, show: (object) => object && versions.push(object) });
        workload.create().roll();
        const watched = new WatchedWorkload(played);
        watched.see(workload.object, true);
        let changes = 0;
        for (const [happens, deliveries] of history) {
          versions.length = 0;
          if (play(workload, happens, kind !== "DaemonSet")) changes++;
          for (const [index, version] of versions.entries()) {
            const how = deliveries[index] ?? "seen";
            if (how !== "dropped") watched.see(version);
            if (how === "twice") watched.see(version);
          }
          watched.see(workload.object);
          expect(watched.changes).toHaveLength(changes);
        }
        expect(watched.changes.filter(({ state }) => state === "running")).toEqual([]);
      }),
      { numRuns: 500 },
    );
  },
);

/** Faults between two happenings. */
const fault = fc.constantFrom("none", "none", "end", "cut", "410", "gap", "restart", "second replica", "ledger");

/** Waits between tries are a hundred times shorter. */
const hastyClock: Clock = { ...systemClock, after: (ms, callback) => systemClock.after(ms / 100, callback) };

test("each change is recorded once over cut watches, 410, restarts, two replicas and a ledger that is away", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...kinds),
      fc.array(fc.tuple(happening, fault), { minLength: 4, maxLength: 12 }),
      async (kind, history) => {
        await using cluster = await RolloutCluster.start();
        const { server, ledger } = cluster;
        const workload = cluster.workload({ kind }).create().roll();
        const watch = () => cluster.watch({ kinds: [kind] }, { clock: hastyClock });
        const replicas = [await watch()];
        await cluster.followed();
        let changes = 0;
        const recorded = () =>
          cluster.until(
            () => `${changes} changes instead of ${JSON.stringify(ledger.summaries)}, after ${JSON.stringify(history)}`,
            () =>
              ledger.changes.size >= changes && [...ledger.changes.values()].every(({ state }) => state !== "running"),
          );
        for (const [happens, goesWrong] of history) {
          if (goesWrong === "end") server.endWatches();
          if (goesWrong === "cut") server.cut(true);
          if (goesWrong === "410") server.sendError(410, "Expired");
          if (goesWrong === "gap") await server.down();
          if (goesWrong === "ledger") ledger.failing = changes % 2 === 0 ? "values" : "changes";
          const [first] = replicas;
          if (goesWrong === "restart" && first) await cluster.stop(first);
          const { refused } = ledger;
          const isChange = play(workload, happens, kind !== "DaemonSet");
          if (isChange) changes++;
          if (isChange && goesWrong === "ledger")
            await cluster.until("the ledger is needed", () => ledger.refused > refused);
          if (goesWrong === "gap") {
            server.store.compact();
            await server.up();
          }
          if (goesWrong === "restart") replicas.splice(0, 1, await watch());
          if (goesWrong === "second replica" && replicas.length === 1) replicas.push(await watch());
          ledger.failing = undefined;
          await recorded();
          // Without this, a stop could drop an autoscaling: a person who takes it back then changes nothing that the next list shows.
          await cluster.known(workload, replicas);
          await cluster.until("all watch", () => server.watches === replicas.length);
        }
        expect(ledger.changes.size).toBe(changes);
      },
    ),
    {
      numRuns: 20,
      examples: [
        [
          "Deployment",
          [
            [{ kind: "autoscale", value: 1 }, "none"],
            [{ kind: "scale", value: 3 }, "restart"],
          ],
        ],
        [
          "StatefulSet",
          [
            [{ kind: "autoscale", value: 1 }, "none"],
            [{ kind: "relabel" }, "restart"],
            [{ kind: "scale", value: 3 }, "none"],
            [{ kind: "restart" }, "ledger"],
          ],
        ],
      ],
    },
  );
}, 120_000);
