// Has an event become dearer? Storms of the commit under test beside a baseline commit, one after the other on the same
// machine, both driven as users drive them: command line and HTTP. The baseline also runs beside itself, which shows how much
// the machine's noise is. Limits and commits: bench/baselines.json. The baseline moves only in a commit of its own.
import { readFileSync } from "node:fs";
import { batches, webhookBody } from "./lib/alerts.ts";
import { changedBeside, checkOut, commitsOf, thisCheckout } from "./lib/checkout.ts";
import { startTocsin } from "./lib/contestants.ts";
import { figures, judge, type Limits, maxSpread, type Pair, spreadOf, type StormCost } from "./lib/guard-verdict.ts";
import { cpuSeconds, peakRssMiB, printTable, writeResult } from "./lib/machine.ts";
import { postAll } from "./lib/post.ts";
import { startSink } from "./lib/sink.ts";

interface Baseline {
  readonly commit: string;
  readonly why: string;
  readonly limits: Limits;
}

const count = 10_000;
const rounds = 5;
const tries = 3;
const file = "bench/baselines.json";
const { previous, release } = JSON.parse(readFileSync(new URL("baselines.json", import.meta.url), "utf8")) as Record<
  "previous" | "release",
  Baseline
>;

async function storm(checkout: string): Promise<StormCost> {
  await using sink = await startSink();
  await using contestant = await startTocsin(sink.url, { checkout });
  const before = cpuSeconds(contestant.pid);
  await postAll(contestant.url, batches(count, 50, "firing").map(webhookBody), { path: contestant.path });
  await sink.until(count);
  // The work after the last answer is part of the price.
  await new Promise((resolve) => setTimeout(resolve, 300));
  return { cpu: cpuSeconds(contestant.pid) - before, peakRss: peakRssMiB(contestant.pid) };
}

interface Measured {
  readonly previous: Pair[];
  readonly release: Pair[];
  /** The previous baseline beside itself. */
  readonly self: Pair[];
}

async function measure(dirs: Record<"previous" | "release", string>): Promise<Measured> {
  const measured: Measured = { previous: [], release: [], self: [] };
  for (let round = 1; round <= rounds; round++) {
    const baseline = await storm(dirs.previous);
    const tested = await storm(thisCheckout);
    const again = await storm(dirs.previous);
    const released = dirs.release === dirs.previous ? again : await storm(dirs.release);
    measured.previous.push({ tested, baseline });
    measured.self.push({ tested: again, baseline });
    measured.release.push({ tested, baseline: released });
    const cost = (one: StormCost): string => `${((one.cpu / count) * 1e6).toFixed(0)} µs ${one.peakRss} MiB`;
    console.log(
      `round ${round}: tested ${cost(tested)}; previous ${cost(baseline)}, again ${cost(again)}; release ${cost(released)}`,
    );
  }
  return measured;
}

const beside = changedBeside(file);
if (commitsOf(file) > 1 && beside.files.length > 0) {
  console.error(
    `${file} moved in ${beside.commit} together with ${beside.files.join(", ")}: move it in a commit of its own.`,
  );
  process.exit(1);
}

using previousCheckout = checkOut(previous.commit);
using otherCheckout = release.commit === previous.commit ? undefined : checkOut(release.commit);
const dirs = { previous: previousCheckout.dir, release: otherCheckout?.dir ?? previousCheckout.dir };
// The first start of a checkout compiles; that is not what is compared.
for (const dir of new Set([thisCheckout, ...Object.values(dirs)])) await storm(dir);

let measured = await measure(dirs);
const tooNoisy = (): boolean => figures.some((figure) => spreadOf(measured.self, figure) > maxSpread);
for (let attempt = 2; attempt <= tries && tooNoisy(); attempt++) {
  console.log(
    `the baseline beside itself differs by more than ${maxSpread * 100} %: measuring again (${attempt} of ${tries})`,
  );
  measured = await measure(dirs);
}

const verdicts = [
  ...judge(measured.previous, measured.self, previous.limits).map((verdict) => ({ against: "previous", ...verdict })),
  ...judge(measured.release, measured.self, release.limits).map((verdict) => ({ against: "release", ...verdict })),
];
printTable([
  ["against", "figure", "median", "limit", "pairs", "baseline beside itself", ""],
  ...verdicts.map(({ against, figure, median, limit, ratios, spread, valid, passed }) => [
    against,
    figure,
    median.toFixed(3),
    limit.toFixed(3),
    ratios.map((ratio) => ratio.toFixed(2)).join(" "),
    `± ${(spread * 100).toFixed(1)} %`,
    `${passed ? "passed" : "FAILED"}${valid ? "" : ", invalid measurement"}`,
  ]),
]);
writeResult("guard", { count, rounds, baselines: { previous, release }, measured, verdicts });
if (verdicts.some(({ passed }) => !passed)) process.exitCode = 1;
