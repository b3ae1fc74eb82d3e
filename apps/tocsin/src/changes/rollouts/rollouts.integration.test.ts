import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ApiServer } from "../../kubernetes/api-server.fixture.ts";
import { PlayedWorkload } from "../../kubernetes/played-workload.fixture.ts";
import { startService } from "../../service.fixture.ts";

const dir = mkdtempSync(join(tmpdir(), "tocsin-rollouts-"));
afterAll(() => rmSync(dir, { recursive: true }));

test("the watch of rollouts begins, changes and ends with a reload, and reports missing rights", async () => {
  await using api = await ApiServer.start();
  const kubeconfig = api.kubeconfig(dir);
  const settings = (more: object) => ({ changes: { kubernetes: { kubeconfig, namespaces: ["shop"], ...more } } });
  const workload = new PlayedWorkload({
    kind: "Deployment",
    namespace: "shop",
    name: "api",
    image: "web:1",
    show: (object) => object && api.putObject("deployments", object as never),
  });
  workload.create().roll();
  await using service = await startService(() => settings({ enabled: false }));
  const reload = async (more: object) => {
    service.next = { ...(service.next as object), ...settings(more) };
    expect((await service.ask("POST", "/-/reload")).status).toBe(200);
  };
  const watches = (count: number) =>
    service.until(`${count} watches`, () => (api.watches === count ? true : undefined));
  expect(api.requests).toEqual([]);

  await reload({ enabled: true, kinds: ["Deployment", "DaemonSet"] });
  await watches(2);
  workload.setImage("web:2").roll();
  const changes = async () => (await service.ask("GET", "/api/v1/changes")).body.changes as { state: string }[];
  await service.until("the rollout ends", async () => (await changes())[0]?.state === "complete" || undefined);
  expect(await changes()).toMatchObject([{ summary: "Rolled out api in shop: image web 1 → 2", source: "shop/api" }]);

  await reload({ enabled: true, kinds: ["Deployment"] });
  await watches(1);
  api.denied.add("list shop").add("watch shop");
  api.cut();
  const warning = "1 of 1 watches of workloads fail: rollouts there are not seen";
  await service.until("the warning", async () => {
    const { body } = await service.ask("GET", "/readyz");
    return body.warnings?.includes(warning) || undefined;
  });
  const { text } = await service.ask("GET", "/metrics");
  expect(text).toContain('tocsin_rollouts_stale{where="shop",kind="Deployment"} 1');
  expect(text).not.toContain('kind="DaemonSet"');

  await reload({ enabled: false });
  await service.until("the warning is gone", async () => {
    const { body } = await service.ask("GET", "/readyz");
    return body.warnings?.includes(warning) ? undefined : true;
  });
  expect(await changes()).toHaveLength(1);
});
