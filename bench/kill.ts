// What does SIGKILL cost? A storm of 5,000 alerts, every second of which ends, ten kills at random instants, and a receiver
// that misbehaves all the while, or a disk that is full half of the time; then all is well again. Judged by the simulator's oracle against what the senders said.
// A seed: TOCSIN_SEED=1 npm run bench -- kill
import { Random } from "@tocsin/test";
import { canMount, SmallDisk } from "../test/support/linux.ts";
import { PagerDuty } from "../test/support/pagerduty.ts";
import { stormWithKills } from "../test/support/storm.ts";
import { Service } from "../test/support/tocsin.ts";
import { judge, justBefore } from "../test/support/judge.ts";
import { printTable, writeResult } from "./lib/machine.ts";

const seed = Number(process.env["TOCSIN_SEED"] ?? Date.now() % 1_000_000);
const count = Number(process.argv[2] ?? 5_000);
const only = process.argv[3];
const kills = 10;
const maxLifeMs = 2_000;
/** Room for the storm, and so little that it is soon filled. */
const diskMebibytes = 128;

interface Sink {
  readonly name: string;
  /** The receiver's faults while the storm lasts. */
  readonly faults: string;
  readonly alerts?: number;
  readonly limit?: { readonly limit: number; readonly per: string };
  /** How late it answers. */
  readonly answeredAfterMs?: number;
  readonly signal?: "SIGTERM";
  /** The ledger's disk has no room from the middle of each life until its end. */
  readonly fullDisk?: true;
}

const sinks: readonly Sink[] = [
  { name: "healthy", faults: "" },
  { name: "429", faults: "answer 429 retry-after 1s" },
  { name: "500", faults: "answer 500 maybe applied" },
  { name: "2 s slow", faults: "slow headers by 2s", answeredAfterMs: 2_000 },
  { name: "reset before reading", faults: "share 50% reset before" },
  { name: "reset after reading", faults: "share 50% reset after" },
  { name: "limited", faults: "", alerts: Math.round(count / 5), limit: { limit: 120, per: "6s" } },
  { name: "2 s slow, SIGTERM", faults: "slow headers by 2s", answeredAfterMs: 2_000, signal: "SIGTERM" },
  // Attempts that the ledger could not record in a life are in doubt, however quickly they were answered.
  { name: "healthy, disk full", faults: "", answeredAfterMs: maxLifeMs, fullDisk: true },
];

async function measure(sink: Sink) {
  const { faults, alerts = count, limit = { limit: 0 }, answeredAfterMs = 0, signal, fullDisk } = sink;
  using disk = fullDisk ? new SmallDisk(diskMebibytes) : undefined;
  await using pagerduty = await PagerDuty.open({ limit, seed });
  await using service = await Service.start({
    ...(disk && { dir: disk.path }),
    config: { telemetry: { logs: { level: "error" } }, targets: [pagerduty.target({ rate_limit: limit })] },
  });
  const { stand } = pagerduty;
  const startedAtMs = performance.now();
  stand.setFaults(faults);
  const { sender, livesMs, killedAtMs } = await stormWithKills({
    service,
    alerts,
    batchSize: 50,
    kills,
    maxLifeMs,
    random: new Random(seed).fork(sink.name),
    ...(signal !== undefined && { signal }),
    ...(disk && { disk }),
  });
  stand.setFaults([]);
  await service.quiet({ withinMs: 600_000, everyMs: 200 });
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const { verdict, repeats, ambiguous } = judge(stand, {
    truth: sender.truth,
    // A process that is asked to stop leaves nothing in doubt.
    inDoubt: justBefore(signal === "SIGTERM" ? [] : killedAtMs, { answeredAfterMs }),
  });
  for (const { says } of verdict.findings.slice(0, 5)) console.error(`${sink.name}: ${says}`);
  return {
    name: sink.name,
    alerts,
    livesMs,
    accepted: sender.accepted,
    postsRepeated: sender.repeated,
    requests: stand.requests(Infinity).length,
    lost: verdict.counts.lost,
    repeats,
    ambiguous,
    unexcused: verdict.counts.repeated,
    stray: verdict.counts.stray,
    orphaned: verdict.counts.orphaned,
    outOfOrder: verdict.counts.out_of_order,
    overLimit: verdict.counts.over_limit,
    seconds,
  };
}

const results: Awaited<ReturnType<typeof measure>>[] = [];
for (const sink of sinks) {
  if (only !== undefined && sink.name !== only) continue;
  if (sink.fullDisk && !canMount()) continue;
  const result = await measure(sink);
  console.error(`${sink.name}: ${Math.round(result.seconds)} s`);
  results.push(result);
}

printTable([
  [
    `${kills} kills, seed ${seed}`,
    "accepted",
    "posts again",
    "requests",
    "lost",
    "repeated",
    "ambiguous",
    "without reason",
    "stray",
    "orphan",
    "order",
    "over limit",
    "seconds",
  ],
  ...results.map((one) => [
    `${one.name} (${one.alerts} alerts)`,
    one.accepted,
    one.postsRepeated,
    one.requests,
    one.lost,
    one.repeats,
    one.ambiguous,
    one.unexcused,
    one.stray,
    one.orphaned,
    one.outOfOrder,
    one.overLimit,
    Math.round(one.seconds),
  ]),
]);
writeResult("kill", { seed, kills, results });
const kept = results.every(
  (one) =>
    one.lost + one.unexcused + one.stray + one.orphaned + one.outOfOrder + one.overLimit === 0 &&
    one.repeats <= one.ambiguous,
);
process.exitCode = kept ? 0 : 1;
