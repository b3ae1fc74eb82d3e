import { expect, test } from "vitest";
import { ApiServer } from "../../apps/tocsin/src/kubernetes/api-server.fixture.ts";
import { PagerDuty, routingKey } from "../support/pagerduty.ts";
import { tempDir } from "../support/temp-dir.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

interface Shown {
  readonly name: string;
  readonly state: string;
}
const namespace = "alerting";
const kubernetes = {
  discovery: { kubernetes: { enabled: true, namespaces: [namespace] }, policy: { allowLoopback: true } },
};
const secret = (url: string, more: object = {}) => ({
  "target.json": JSON.stringify({ type: "pagerduty", url, rate_limit: { limit: 0 }, ...more }),
  routing_key: `${routingKey}\n`,
});
const firing = (fingerprint: string) => ({
  status: "firing",
  fingerprint,
  labels: { alertname: "DiskFull", severity: "critical" },
  startsAt: new Date().toISOString(),
});

test("targets come from Secrets through KUBECONFIG, and stay over SIGKILL while the API is away", async () => {
  using place = tempDir();
  await using pagerduty = await PagerDuty.open();
  await using api = await ApiServer.start();
  api.put(namespace, "pager", secret(pagerduty.url));
  api.put(namespace, "other", secret(pagerduty.url, { filters: { severity: "info" } }));
  await using service = await Service.start({ config: kubernetes, env: { KUBECONFIG: api.kubeconfig(place.path) } });
  const names = async () => ((await service.get("/api/v1/targets")).body.targets as Shown[]).map(({ name }) => name);
  expect(await names()).toEqual(["alerting/other", "alerting/pager"]);
  await service.webhook([firing("before")]);
  await waitUntil("it is delivered", () => pagerduty.incidents("before").length === 1);

  await api.down();
  await service.restart();
  expect(await names()).toEqual(["alerting/other", "alerting/pager"]);
  await service.webhook([firing("meanwhile")]);
  await waitUntil("it is delivered without the API", () => pagerduty.incidents("meanwhile").length === 1);

  api.store.delete(namespace, "other");
  api.put(namespace, "third", secret(pagerduty.url, { name: "third" }));
  await api.up();
  await waitUntil(
    "changes from the meantime are applied",
    async () => JSON.stringify(await names()) === '["alerting/pager","alerting/third"]',
    { withinMs: 3_000 },
  );
  await service.webhook([{ ...firing("before"), status: "resolved" }]);
  await waitUntil("the resolve is delivered", () => pagerduty.story("before")[0]?.at(-1) === "resolve");
  expect(service.output).not.toContain(routingKey);
});
