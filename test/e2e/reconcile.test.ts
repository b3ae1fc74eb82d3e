import { Random } from "@tocsin/test";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { PagerDuty, routingKey } from "../support/pagerduty.ts";
import { shiftedClock } from "../support/shifted-clock.ts";
import { tempDir } from "../support/temp-dir.ts";
import { Service, tocsin } from "../support/tocsin.ts";

/** Another one with TOCSIN_SEED; each run says its own. */
const seed = Number(process.env["TOCSIN_SEED"] ?? Date.now() % 1_000_000);

const kills = 5;
/** Incidents of each kind that each life damages. */
const each = 4;
/** Longer than the time in which a receiver may not have applied the last event. */
const lagMs = 130_000;

const names = (kind: string, life: number) => Array.from({ length: each }, (_, n) => `${kind}-${life}-${n}`);

test("reconcile --apply with a SIGKILL at any moment leaves no orphan and resolves nothing that fires", async () => {
  const random = new Random(seed);
  await using pagerduty = await PagerDuty.open();
  const { stand } = pagerduty;
  stand.setLimit({ receiver: "pagerduty_rest", limit: 0 });
  using place = tempDir();
  let shiftMs = 0;
  const later = () => shiftedClock(place.path, (shiftMs += lagMs));
  const config = {
    targets: [pagerduty.target({ rest_token: "rest-token-0123456789" })],
    delivery: { remind: "0s", manualResolveFor: "12h" },
  };
  await using service = await Service.start({ config, env: shiftedClock(place.path, 0) });

  const all = (kind: string) => Array.from({ length: kills }, (_, life) => names(kind, life)).flat();
  const startsAt = new Date(Date.now() - 1_000).toISOString();
  const say = (status: "firing" | "resolved", keys: readonly string[]) =>
    service.webhook(keys.map((key) => webhookAlert(key, status, { startsAt })));
  const idOf = (key: string) => pagerduty.incidents(key).at(-1)!.id;
  const firing = [...all("fine"), ...all("lost"), ...all("closed"), ...all("acknowledged")];
  await say("firing", [...firing, ...all("ended")]);
  await service.quiet();
  await say("resolved", all("ended"));
  await service.quiet();

  const livesMs = Array.from({ length: kills }, () => random.between(0, 700));
  const differences: number[] = [];
  for (const [life, lifeMs] of livesMs.entries()) {
    await service.kill();
    for (const key of [...names("ended", life), ...names("foreign", life)])
      stand.openIncident({ key: routingKey, dedup_key: key });
    for (const key of names("lost", life)) stand.loseIncident(idOf(key));
    for (const key of names("closed", life)) stand.resolve(idOf(key));
    for (const key of names("acknowledged", life)) stand.acknowledge(idOf(key));
    await service.start(later());
    expect((await service.ask("POST", "/api/v1/reconcile/apply")).status).toBe(202);
    await sleep(lifeMs);
    differences.push((await service.get("/api/v1/reconcile")).body.targets[0]?.differences?.length ?? -1);
  }
  // What the last kill left is found and repaired, and then there is nothing.
  const found: number[] = [];
  for (const _ of ["the rest", "nothing"]) {
    await service.kill();
    await service.start(later());
    await using run = tocsin(["reconcile", "--apply", "--json", "--url", service.url]);
    expect({ ...(await run.ended), stderr: run.stderr }).toEqual({ code: 0, signal: null, stderr: "" });
    const [target] = JSON.parse(run.stdout).targets;
    expect(target.incomplete).toBeUndefined();
    found.push(target.differences.length);
    await service.quiet();
  }
  console.log(
    `seed ${seed}: killed ${livesMs.join(", ")} ms after the request, with ${differences.join(", ")} differences reported (-1: running); then ${found.join(", ")} differences`,
  );
  expect(found.at(-1)).toBe(0);
  const open = pagerduty.incidents().filter(({ status }) => status !== "resolved");
  const shouldBeOpen = [...all("fine"), ...all("lost"), ...all("acknowledged"), ...all("foreign")];
  expect(open.map(({ dedup_key: key }) => key).toSorted()).toEqual(shouldBeOpen.toSorted());
  const resolvedByUs = pagerduty
    .incidents()
    .filter(({ events }) => events.some(({ action, by }) => action === "resolve" && by !== "person"));
  expect(new Set(resolvedByUs.map(({ dedup_key: key }) => key))).toEqual(new Set(all("ended")));
  // Not one event more than necessary for those without a difference.
  for (const key of all("fine")) expect(pagerduty.story(key)).toEqual([["trigger"]]);
}, 240_000);
