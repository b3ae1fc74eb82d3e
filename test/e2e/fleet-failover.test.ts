import { postgresPrograms, TestPostgres } from "@tocsin/test";
import { expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { Fleet } from "../support/fleet.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { queryPostgres } from "../support/query-postgres.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { waitUntil } from "../support/wait-until.ts";

test("an alert that PostgreSQL kept over a crash, and its standby never received, is not accepted", async () => {
  const [programs] = postgresPrograms();
  if (!programs) throw new Error("no PostgreSQL: npm brings one for this platform");
  await using pagerduty = await PagerDuty.open();
  await using primary = await TestPostgres.open({ programs, settings: { synchronous_standby_names: "*" } });
  await using standby = await TestPostgres.open({ programs, standbyOf: primary });
  await using proxy = await TcpProxy.open(primary.port);
  const config = { targets: [pagerduty.target()] };
  await using fleet = await Fleet.start({ replicas: 1, config, over: primary, through: proxy });
  const [one] = fleet.replicas;
  if (!one) throw new Error("a fleet of one has one");

  // Commits wait for the standby, which is away. Then the primary crashes, and has the waiting commits when it is back.
  await standby.stop();
  const alert = webhookAlert("a", "firing");
  const asked = one.ask("POST", "/api/v1/webhook/alertmanager", { alerts: [alert] });
  const waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'tocsin'";
  await waitUntil("a commit waits for the standby", async () => (await queryPostgres(primary.url, waits)).length > 0);
  await primary.stop("SIGQUIT");
  await primary.start();
  expect(await queryPostgres(primary.url, "SELECT fingerprint FROM alerts")).toEqual([{ fingerprint: "a" }]);
  expect((await asked).status).toBe(503);

  // Its machine is lost before the standby asked for the rest.
  await primary.stop("SIGQUIT");
  await standby.start();
  standby.promote();
  proxy.port = standby.port;
  proxy.cut();
  await waitUntil("the sender, who repeats it, is heard", () => one.webhook([alert]));
  await waitUntil("it is delivered", () => pagerduty.incidents("a").length === 1);
});
