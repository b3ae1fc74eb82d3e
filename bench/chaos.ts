// What does a fleet lose and repeat while everything fails? 20,000 alerts, of which 10,000 end, at three replicas over one
// PostgreSQL: kills, stops that outlast a lease, restarts, crashes, cut and stalled connections, and a failover to a
// synchronous standby, in an order that the seed decides. Judged by the simulator's oracle against what the senders said.
// A seed: TOCSIN_SEED=1 npm run bench -- chaos
import { Random } from "@tocsin/test";
import type { Mishap } from "../test/support/chaos.ts";
import { fleetChaos, repeatedNoMoreThanNeeded } from "../test/support/fleet-chaos.ts";
import { printTable, writeResult } from "./lib/machine.ts";

const seed = Number(process.env["TOCSIN_SEED"] ?? Date.now() % 1_000_000);
const alerts = Number(process.argv[2] ?? 20_000);

/** How often each happens. The failover comes in the middle; after it there is no standby. */
const often: Readonly<Record<Exclude<Mishap, "fail over">, number>> = {
  kill: 20,
  pause: 5,
  "restart postgres": 6,
  "crash postgres": 5,
  cut: 8,
  stall: 2,
};

function scriptOf(random: Random): Mishap[] {
  const left = Object.entries(often).flatMap(([mishap, times]) => Array<Mishap>(times).fill(mishap as Mishap));
  const script: Mishap[] = [];
  while (left.length > 0) script.push(...left.splice(random.between(0, left.length - 1), 1));
  return script.toSpliced(script.length >> 1, 0, "fail over");
}

const startedAtMs = performance.now();
const script = scriptOf(new Random(seed).fork("script"));
const limit = { limit: 1_000, per: "2s" };
const run = await fleetChaos({ seed, alerts, batchSize: 20, toldFirst: true, script, limit, standby: true });
const seconds = Math.round((performance.now() - startedAtMs) / 1_000);
const { verdict, repeats, dropped, ambiguous, abandoned, log, accepted, postsRepeated, requests, open, ended, stats } =
  run;

for (const { says } of verdict.findings.slice(0, 20)) console.error(says);
printTable([
  [
    `${alerts} alerts, ${script.length} mishaps, seed ${seed}`,
    "accepted",
    "posts again",
    "requests",
    "lost",
    "repeated",
    "dropped",
    "abandoned",
    "arrived",
    "without reason",
    "stray",
    "orphan",
    "order",
    "over limit",
    "open",
    "ended",
    "seconds",
  ],
  [
    Object.entries(often)
      .map(([mishap, times]) => `${times} ${mishap}`)
      .join(", "),
    accepted,
    postsRepeated,
    requests,
    verdict.counts.lost,
    repeats,
    dropped,
    abandoned,
    ambiguous,
    verdict.counts.repeated,
    verdict.counts.stray,
    verdict.counts.orphaned,
    verdict.counts.out_of_order,
    verdict.counts.over_limit,
    open,
    ended,
    seconds,
  ],
]);
writeResult("chaos", {
  seed,
  alerts,
  log,
  seconds,
  accepted,
  postsRepeated,
  requests,
  open,
  ended,
  stats,
  repeats,
  dropped,
  abandoned,
  ambiguous,
  ...verdict,
});
const right = { firing: alerts / 2, resolved: alerts / 2 };
const kept =
  verdict.clean &&
  repeatedNoMoreThanNeeded(run) &&
  open === right.firing &&
  ended === right.resolved &&
  stats.every(({ firing, resolved }) => firing === right.firing && resolved === right.resolved);
process.exitCode = kept ? 0 : 1;
