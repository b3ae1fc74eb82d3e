import { expect, test } from "vitest";
import { fleetChaos, repeatedNoMoreThanNeeded } from "../support/fleet-chaos.ts";

/** Another one with TOCSIN_SEED; each run says its own. `npm run bench -- chaos` does the same with more of everything. */
const seed = Number(process.env["TOCSIN_SEED"] ?? Date.now() % 1_000_000);
const alerts = 400;

test(`three replicas, killed and stopped, over a PostgreSQL that restarts and crashes: ${alerts} alerts`, async () => {
  const one = await fleetChaos({
    seed,
    alerts,
    batchSize: 8,
    limit: { limit: 100, per: "2s" },
    script: ["pause", "kill", "restart postgres", "kill", "crash postgres", "kill", "kill", "restart postgres"],
  });
  console.log(
    `seed ${seed}: ${one.log.join("; ")}\n${one.accepted} accepted, ${one.postsRepeated} posts repeated; ${one.repeats} events repeated, ${one.dropped} of them dropped; ${one.abandoned} attempts abandoned, ${one.ambiguous} of them arrived`,
  );
  expect(one.verdict.findings).toEqual([]);
  expect(one).toSatisfy(repeatedNoMoreThanNeeded);
  expect(one.open).toBe(alerts / 2);
  expect(one.stats).toEqual(one.stats.map(() => ({ firing: alerts / 2, resolved: alerts / 2 })));
});
