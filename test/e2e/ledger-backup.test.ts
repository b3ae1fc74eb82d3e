import { cpSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { tempDir } from "../support/temp-dir.ts";
import { Service, tocsin } from "../support/tocsin.ts";

test("a backup of a running service is restored elsewhere, and open incidents are resolved from there", async () => {
  await using pagerduty = await PagerDuty.open();
  using place = tempDir();
  const config = { targets: [pagerduty.target()], ledger: { url: "sqlite:./tocsin.db" } };
  await using service = await Service.start({ config });
  const startsAt = "2026-01-01T00:00:00Z";
  await service.webhook(["a", "b"].map((name) => webhookAlert(name, "firing", { startsAt })));
  await service.quiet();

  const file = join(place.path, "saved.db");
  await using saving = tocsin(["ledger", "backup", "--to", file, "--url", service.url]);
  expect({ ...(await saving.ended), stderr: saving.stderr }).toEqual({ code: 0, signal: null, stderr: "" });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await readdir(service.dir)).filter((name) => name.includes("backup"))).toEqual([]);
  await using again = tocsin(["ledger", "backup", "--to", file, "--url", service.url]);
  expect(await again.ended).toEqual({ code: 1, signal: null });
  expect(again.stderr).toContain("exists; name a file that does not exist yet");
  await service.stop();

  await using refused = tocsin(["ledger", "restore", "--from", file, "--to", "sqlite:./tocsin.db"], {
    cwd: service.dir,
  });
  expect(await refused.ended).toEqual({ code: 1, signal: null });
  expect(refused.stderr).toContain("move the old ledger away first");

  const other = join(place.path, "other");
  await using restoring = tocsin(["ledger", "restore", "--from", file, "--to", "sqlite:./other/tocsin.db"], {
    cwd: place.path,
  });
  expect({ ...(await restoring.ended), stderr: restoring.stderr }).toEqual({ code: 0, signal: null, stderr: "" });
  expect(restoring.stdout).toContain("tocsin.db.key does not exist");
  cpSync(join(service.dir, "tocsin.db.key"), join(other, "tocsin.db.key"));
  await using restored = await Service.start({ config, dir: other });
  await restored.webhook([webhookAlert("a", "resolved", { startsAt }), webhookAlert("b", "firing", { startsAt })]);
  await restored.quiet();
  expect(["a", "b"].map((name) => pagerduty.story(name))).toEqual([[["trigger", "resolve"]], [["trigger"]]]);
});

const names = (from: number) => Array.from({ length: 50 }, (_, i) => `n${from + i}`);

test("a backup during a storm holds every alert that was answered before it began", async () => {
  await using pagerduty = await PagerDuty.open();
  using place = tempDir();
  const config = { targets: [pagerduty.target({ rate_limit: { limit: 0 } })], ledger: { url: "sqlite:./tocsin.db" } };
  await using service = await Service.start({ config });
  const post = (from: number) => service.webhook(names(from).map((name) => webhookAlert(name, "firing")));
  for (let from = 0; from < 1_000; from += 50) await post(from);
  const file = join(place.path, "saved.db");
  await using saving = tocsin(["ledger", "backup", "--to", file, "--url", service.url]);
  for (let from = 1_000; saving.alive; from += 50) await post(from);
  expect(await saving.ended).toEqual({ code: 0, signal: null });
  await service.stop();
  await using restoring = tocsin(["ledger", "restore", "--from", file, "--to", "sqlite:./tocsin.db", "--json"], {
    cwd: place.path,
  });
  expect(await restoring.ended).toEqual({ code: 0, signal: null });
  cpSync(join(service.dir, "tocsin.db.key"), join(place.path, "tocsin.db.key"));
  await using restored = await Service.start({ config, dir: place.path });
  const { alerts } = (await restored.get("/api/v1/stats")).body;
  expect(alerts.firing).toBeGreaterThanOrEqual(1_000);
});

test("a damaged file, another file and a newer ledger are not restored", async () => {
  await using pagerduty = await PagerDuty.open();
  await using service = await Service.start({
    config: { targets: [pagerduty.target()], ledger: { url: "sqlite:./tocsin.db" } },
  });
  await service.webhook(Array.from({ length: 200 }, (_, i) => webhookAlert(`n${i}`, "firing")));
  await service.quiet();
  await service.stop();
  renameSync(join(service.dir, "tocsin.db"), join(service.dir, "whole.db"));
  const whole = readFileSync(join(service.dir, "whole.db"));
  const damaged = Buffer.from(whole);
  damaged.fill(0xff, 8_192, 20_480);
  cpSync(join(service.dir, "whole.db"), join(service.dir, "next.db"));
  const next = new DatabaseSync(join(service.dir, "next.db"));
  next.exec("PRAGMA user_version=9999; UPDATE gates SET facts = '9999' WHERE id = 'compatible_from'");
  next.close();
  const newer = readFileSync(join(service.dir, "next.db"));
  for (const [name, bytes, message] of [
    ["damaged", damaged, /malformed|damaged/],
    ["text", Buffer.from("no database at all, but longer than a hundred bytes ".repeat(3)), /not a database/],
    ["newer", newer, /newer Tocsin/],
  ] as const) {
    writeFileSync(join(service.dir, name), bytes);
    await using restoring = tocsin(["ledger", "restore", "--from", name, "--to", "sqlite:./tocsin.db"], {
      cwd: service.dir,
    });
    expect(await restoring.ended).toEqual({ code: 1, signal: null });
    expect(restoring.stderr).toMatch(message);
    expect(await readdir(service.dir)).not.toContain("tocsin.db");
  }
});
