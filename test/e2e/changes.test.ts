import { expect, test } from "vitest";
import { Fleet } from "../support/fleet.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

const changeOf = (id: string) => ({ id, summary: `Deployed ${id}`, labels: { service: "shop" } });

/** How often the receiver got each change, by summary. */
const countsOf = ({ stand }: PagerDuty): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { summary } of stand.changes()) counts[summary] = (counts[summary] ?? 0) + 1;
  return counts;
};

const onceEach = (ids: readonly string[]): Record<string, number> =>
  Object.fromEntries(ids.map((id) => [changeOf(id).summary, 1]));

test("20 SIGKILLs between the acceptance and the delivery of changes: none is lost, none is sent twice", async () => {
  await using pagerduty = await PagerDuty.open();
  // Nothing is ingested until the last life, so that each kill falls between acceptance and delivery.
  pagerduty.stand.setFaults("share 100% answer 429 retry-after 1s");
  await using service = await Service.start({
    config: { targets: [pagerduty.target()], delivery: { retry: { initial: "20ms", max: "1s" } } },
  });
  const ids: string[] = [];
  for (let life = 0; life < 20; life++) {
    const added = [`${life}a`, `${life}b`, `${life}c`];
    // A sender whose request got no answer repeats it, here at the next life too.
    const repeated = ids.slice(-3);
    const { status } = await service.ask("POST", "/api/v1/changes", { changes: [...repeated, ...added].map(changeOf) });
    expect(status).toBe(202);
    ids.push(...added);
    await service.restart();
  }
  expect(countsOf(pagerduty)).toEqual({});
  pagerduty.stand.setFaults("");
  await waitUntil("all changes are delivered", () => pagerduty.stand.changes().length >= ids.length, {
    withinMs: 60_000,
  });
  await service.quiet({ withinMs: 30_000, everyMs: 200 });
  expect(countsOf(pagerduty)).toEqual(onceEach(ids));
  expect((await service.get("/api/v1/changes?limit=1000")).body.changes).toHaveLength(ids.length);
});

test("changes that two replicas receive again and again are sent once", async () => {
  await using pagerduty = await PagerDuty.open();
  await using fleet = await Fleet.start({ replicas: 2, config: { targets: [pagerduty.target()] } });
  const ids = Array.from({ length: 40 }, (_, n) => `build-${n}`);
  const posts = Array.from({ length: 5 }, () => ids)
    .flat()
    .map(async (id, n) => (await fleet.replicas[n % 2]!.ask("POST", "/api/v1/changes", changeOf(id))).status);
  expect(new Set(await Promise.all(posts))).toEqual(new Set([202]));
  await waitUntil("all changes are delivered", () => pagerduty.stand.changes().length >= ids.length);
  await fleet.quiet();
  expect(countsOf(pagerduty)).toEqual(onceEach(ids));
});
