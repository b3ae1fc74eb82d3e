import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { Fleet } from "../support/fleet.ts";
import { canMount, SmallDisk } from "../support/linux.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const opsKey = "e2eOPSKEYe2eOPSKEYe2eOPSKEY01234";

/** Own incidents at a key, by their state at PagerDuty. */
const ownIncidents = (pagerduty: PagerDuty, prefix: string) =>
  pagerduty.incidents().filter(({ dedup_key: key }) => key.startsWith(prefix));

const statusesOf = (pagerduty: PagerDuty, prefix: string) =>
  ownIncidents(pagerduty, prefix).map(({ status }) => status);

describe.skipIf(!canMount())("a full disk", () => {
  test("pages directly, and the page is resolved when the disk has space again", async () => {
    using disk = new SmallDisk(24);
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({
      dir: disk.path,
      config: {
        targets: [pagerduty.target(), pagerduty.target({ name: "ops", routing_key: opsKey })],
        selfAlerts: { targets: ["ops", "pagerduty"], after: "1s" },
      },
    });
    disk.fill();
    await waitUntil("the page is open", () => statusesOf(pagerduty, "tocsin-self-").includes("triggered"));
    expect((await tocsin.get("/readyz")).status).toBe(503);
    const { body } = await tocsin.get("/api/v1/health");
    expect(body.problems.map(({ condition }: { condition: string }) => condition)).toEqual([
      "ledger_not_committing",
      "disk_nearly_full",
    ]);
    disk.free();
    await waitUntil("it is resolved", () =>
      statusesOf(pagerduty, "tocsin-self-").every((status) => status === "resolved"),
    );
    await tocsin.quiet();
    expect(await tocsin.webhook([webhookAlert("after", "firing")])).toMatchObject({ accepted: 1 });
  });

  test("is reported while it fills, before the ledger fails", async () => {
    using disk = new SmallDisk(64);
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({
      dir: disk.path,
      config: { targets: [pagerduty.target()], selfAlerts: { targets: ["pagerduty"], after: "1s" } },
    });
    disk.fill(60);
    await waitUntil("the page is open", () => statusesOf(pagerduty, "tocsin-self-").includes("triggered"));
    expect((await tocsin.get("/readyz")).status).toBe(200);
    disk.free();
    await waitUntil("it is resolved", () =>
      statusesOf(pagerduty, "tocsin-self-").every((status) => status === "resolved"),
    );
  });
});

test("three replicas raise one self-alert and one alert about a silent source together, and resolve them", async () => {
  await using pagerduty = await PagerDuty.open();
  await using fleet = await Fleet.start({
    replicas: 3,
    config: {
      targets: [
        pagerduty.target({ name: "ops", routing_key: opsKey }),
        { name: "down", type: "webhook", url: "http://127.0.0.1:9/hook" },
      ],
      sources: [{ name: "cron", expect: { every: "2s", targets: ["ops"] } }],
      selfAlerts: { targets: ["ops"], after: "2s" },
    },
  });
  const [first, second] = fleet.replicas;
  await first!.webhook([{ ...webhookAlert("a", "firing"), labels: { alertname: "a", severity: "critical" } }]);
  await waitUntil("both are open", () =>
    ["tocsin-self-", "tocsin-heartbeat-"].every((prefix) => statusesOf(pagerduty, prefix).includes("triggered")),
  );
  // Every replica has had time to raise its own.
  await sleep(4_000);
  expect(ownIncidents(pagerduty, "tocsin-self-")).toHaveLength(1);
  expect(ownIncidents(pagerduty, "tocsin-heartbeat-")).toHaveLength(1);
  await second!.webhook([{ ...webhookAlert("a", "resolved"), labels: { alertname: "a", severity: "critical" } }]);
  const beats = setInterval(() => void second!.ask("POST", "/api/v1/heartbeats/cron"), 500);
  try {
    await waitUntil("both are resolved", () =>
      ["tocsin-self-", "tocsin-heartbeat-"].every((prefix) =>
        statusesOf(pagerduty, prefix).every((status) => status === "resolved"),
      ),
    );
    await sleep(1_500);
    expect(pagerduty.incidents().filter(({ status }) => status !== "resolved")).toEqual([]);
  } finally {
    clearInterval(beats);
  }
});
