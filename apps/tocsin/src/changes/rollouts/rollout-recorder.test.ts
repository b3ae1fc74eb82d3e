import { LedgerUnavailable } from "@tocsin/core";
import { expect, test } from "vitest";
import { CredentialVault } from "../../ledger/credential-vault.ts";
import { type PlayedObject, PlayedWorkload } from "../../kubernetes/played-workload.fixture.ts";
import { KnownWorkloads } from "./known-workloads.ts";
import { RolloutRecorder, type Scope } from "./rollout-recorder.ts";
import { seenWorkload } from "./seen-workload.ts";
import { TestLedger } from "./test-ledger.fixture.ts";

const scope: Scope = { kind: "StatefulSet", namespace: "shop", name: "shop/StatefulSet/" };

/** Replicas that share one ledger, and a StatefulSet. `versions` holds every version of it, so that a replica can see an old one. */
function fleet() {
  const ledger = new TestLedger();
  const vault = new CredentialVault([Buffer.alloc(32, 1)]);
  const versions: PlayedObject[] = [];
  const workload = new PlayedWorkload({
    kind: "StatefulSet",
    namespace: "shop",
    name: "db",
    image: "db:1",
    show: (object) => object && versions.push(object),
  });
  return {
    ledger,
    workload,
    versions,
    async replica() {
      const known = new KnownWorkloads(ledger, vault);
      const clock = { now: () => Date.now() };
      const { acceptChanges } = ledger;
      const recorder = new RolloutRecorder({ known, acceptChanges, clock, progressDeadlineMs: 600_000 });
      await recorder.load([scope]);
      const seen = (object: PlayedObject) => {
        const one = seenWorkload("StatefulSet", "shop", object, (uid) => recorder.known(uid));
        if (one === undefined) throw new Error("it has an identity");
        return one;
      };
      return {
        list: () => recorder.list(scope, [seen(workload.object)]),
        async follow() {
          for (const object of versions.splice(0)) await recorder.versions([{ scope, seen: seen(object) }]);
        },
      };
    },
  };
}

test("a replica that lists after a gap learns from the ledger what another one has recorded", async () => {
  const cluster = fleet();
  const { ledger, workload, versions } = cluster;
  workload.create().roll();
  const [one, two] = [await cluster.replica(), await cluster.replica()];
  await one.list();
  await two.list();
  versions.length = 0;
  workload.setImage("db:2").roll().scale(5);
  await one.follow();
  // The generation grows on, from which the id of the rollout was taken.
  workload.autoscale(7);
  await two.list();
  expect(ledger.summaries).toEqual(["Rolled out db in shop: image web 1 → 2", "Scaled db in shop: replicas 3 → 5"]);
});

test("a list that the ledger refuses after the state is stored records its changes when it is repeated", async () => {
  const cluster = fleet();
  const { ledger, workload } = cluster;
  workload.create().roll();
  const one = await cluster.replica();
  await one.list();
  workload.setImage("db:2").roll().scale(5);
  ledger.failing = "changes";
  await expect(one.list()).rejects.toThrow(LedgerUnavailable);
  ledger.failing = undefined;
  await one.list();
  expect(ledger.summaries).toEqual(["Rolled out db in shop: image web 1 → 2, replicas 3 → 5"]);
});

test("a replica records once what another one has stored, and could not record before it was lost", async () => {
  const cluster = fleet();
  const { ledger, workload, versions } = cluster;
  workload.create().roll();
  const [lost, other] = [await cluster.replica(), await cluster.replica()];
  await lost.list();
  await other.list();
  versions.length = 0;
  workload.scale(5);
  ledger.failing = "changes";
  await expect(lost.follow()).rejects.toThrow(LedgerUnavailable);
  ledger.failing = undefined;
  await other.list();
  expect(ledger.summaries).toEqual(["Scaled db in shop: replicas 3 → 5"]);
  // The ledger forgets changes after their retention.
  ledger.changes.clear();
  await (await cluster.replica()).list();
  expect(ledger.summaries).toEqual([]);
});
