import { readFileSync } from "node:fs";
import { join } from "node:path";
import { postgresPrograms, TestPostgres } from "@tocsin/test";
import { expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { Service, tocsin } from "../support/tocsin.ts";

test("a running installation moves to PostgreSQL, which resolves the incidents that the file opened", async () => {
  const [programs] = postgresPrograms();
  if (!programs) throw new Error("no PostgreSQL: npm brings one for this platform");
  await using pagerduty = await PagerDuty.open();
  await using postgres = await TestPostgres.open({ programs });
  const config = { targets: [pagerduty.target()] };
  await using service = await Service.start({ config: { ...config, ledger: { url: "sqlite:./tocsin.db" } } });
  const startsAt = "2026-01-01T00:00:00Z";
  await service.webhook(["a", "b"].map((name) => webhookAlert(name, "firing", { startsAt })));
  await service.quiet();
  await service.stop();

  const to = `${postgres.url}?sslmode=disable`;
  await using copying = tocsin(["ledger", "copy", "--from", "sqlite:./tocsin.db", "--to", to, "--json"], {
    cwd: service.dir,
  });
  expect(await copying.ended).toEqual({ code: 0, signal: null });
  expect(JSON.parse(copying.stdout)).toEqual({ alerts: 2, incidents: 2, deadLetters: 0 });

  const encryptionKey = readFileSync(join(service.dir, "tocsin.db.key"), "utf8").trim();
  service.configure({ ...config, ledger: { url: to, encryptionKey } });
  await service.start();
  await service.webhook([webhookAlert("a", "resolved", { startsAt }), webhookAlert("b", "firing", { startsAt })]);
  await service.quiet();
  expect(["a", "b"].map((name) => pagerduty.story(name))).toEqual([[["trigger", "resolve"]], [["trigger"]]]);
});
