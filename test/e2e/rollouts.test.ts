import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ApiServer } from "../../apps/tocsin/src/kubernetes/api-server.fixture.ts";
import { PlayedWorkload } from "../../apps/tocsin/src/kubernetes/played-workload.fixture.ts";
import { Fleet } from "../support/fleet.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { tempDir } from "../support/temp-dir.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const image = "registry.example.com/shop/web:1.2";
const planted = "pL4nted-S3cret-value";

const configFor = (pagerduty: PagerDuty) => ({
  targets: [pagerduty.target()],
  changes: { kubernetes: { enabled: true, namespaces: ["shop"] } },
});

const played = (api: ApiServer, name: string): PlayedWorkload =>
  new PlayedWorkload({
    kind: "Deployment",
    namespace: "shop",
    name,
    image,
    env: [{ name: "PASSWORD", value: planted }],
    show: (object) =>
      object === undefined ? api.delete("shop", name, "deployments") : api.putObject("deployments", object as never),
  });

const summariesAt = (pagerduty: PagerDuty): string[] => pagerduty.stand.changes().map(({ summary }) => summary);

/** All series that say whether rollouts may go unseen are there, and 0. */
async function followed(service: Pick<Service, "get">): Promise<boolean> {
  const { text } = await service.get("/metrics");
  const values = [...text.matchAll(/^tocsin_rollouts_stale\{.*\} (\d)$/gm)].map(([, value]) => value);
  return values.length === 3 && values.every((value) => value === "0");
}

test("a rollout is shown at once, over SIGKILL, and sent once at its end; nothing shows a value of the environment", async () => {
  using place = tempDir();
  await using pagerduty = await PagerDuty.open();
  await using api = await ApiServer.start();
  const workload = played(api, "api").create().roll();
  await using service = await Service.start({
    config: configFor(pagerduty),
    env: { KUBECONFIG: api.kubeconfig(place.path) },
  });
  const changes = async () =>
    (await service.get("/api/v1/changes")).body.changes as { summary: string; state: string }[];
  await waitUntil("rollouts are followed", () => followed(service));

  workload.setImage("web:2").begin();
  await waitUntil("the rollout is shown", async () => (await changes()).length === 1);
  expect(await changes()).toMatchObject([
    { summary: `Rolling out api in shop: image web ${image} → web:2`, state: "running" },
  ]);
  await service.kill();
  workload.finish().autoscale(7);
  await service.start();
  await waitUntil("rollouts are followed", () => followed(service));
  workload.setEnv("PASSWORD", `${planted}2`).roll().scale(4).drain();
  await waitUntil("all are sent", () => pagerduty.stand.changes().length === 3);
  workload.delete();
  await waitUntil("the deletion is sent", () => pagerduty.stand.changes().length === 4);
  const sent = [
    `Rolled out api in shop: image web ${image} → web:2`,
    "Rolled out api in shop: env of web changed: PASSWORD",
    "Scaled api in shop: replicas 7 → 4",
    "Deleted api in shop",
  ];
  expect(summariesAt(pagerduty)).toEqual(sent);
  const files = globSync("**/*", { cwd: service.dir, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1")).join("");
  const shown = JSON.stringify([await changes(), pagerduty.stand.requests(), (await service.get("/metrics")).text]);
  for (const text of [bytes, shown, service.output]) expect(text).not.toContain(planted);
});

test("two replicas over PostgreSQL send each rollout once", async () => {
  using place = tempDir();
  await using pagerduty = await PagerDuty.open();
  await using api = await ApiServer.start();
  const workloads = Array.from({ length: 8 }, (_, n) => played(api, `api-${n}`).create().roll());
  await using fleet = await Fleet.start({
    replicas: 2,
    config: configFor(pagerduty),
    env: { KUBECONFIG: api.kubeconfig(place.path) },
  });
  const [one, two] = fleet.replicas;
  if (!one || !two) throw new Error("a fleet of two has two");
  for (const replica of fleet.replicas) await waitUntil("rollouts are followed", () => followed(replica));
  for (const workload of workloads) workload.setImage("web:2").roll().scale(5);
  await waitUntil("all are sent", () => pagerduty.stand.changes().length >= 16);
  // An attempt whose answer a kill cuts off is repeated.
  await fleet.quiet();
  await one.kill();
  for (const workload of workloads) workload.restart().roll();
  await one.start();
  await waitUntil("rollouts are followed", () => followed(one));
  await waitUntil("all are sent", () => pagerduty.stand.changes().length >= 24);
  await fleet.quiet();
  const expected = workloads.flatMap((_, n) => [
    `Rolled out api-${n} in shop: image web ${image} → web:2`,
    `Scaled api-${n} in shop: replicas 3 → 5`,
    `Restarted api-${n} in shop`,
  ]);
  expect(summariesAt(pagerduty).toSorted()).toEqual(expected.toSorted());
});
