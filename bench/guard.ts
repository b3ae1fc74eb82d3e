// Has an event become dearer? CPU per event of a storm beside the naive relay's in the same minute: a ratio, so that the
// machine's speed and whatever else it does fall out. Fails where three tries of three exceed what is kept here by a quarter.
import { batches, webhookBody } from "./lib/alerts.ts";
import { type Contestant, startNaiveRelay, startTocsin } from "./lib/contestants.ts";
import { cpuSeconds } from "./lib/machine.ts";
import { postAll } from "./lib/post.ts";
import { startSink } from "./lib/sink.ts";

/** The median of five runs when it was last set; bench/README.md says on which machine. */
const kept = 1.75;
const tolerated = 1.25;
const tries = 3;
const count = 10_000;

async function cpuOf(start: (sinkUrl: string) => Promise<Contestant>): Promise<number> {
  await using sink = await startSink();
  await using contestant = await start(sink.url);
  const before = cpuSeconds(contestant.pid);
  await postAll(contestant.url, batches(count, 50, "firing").map(webhookBody), { path: contestant.path });
  await sink.until(count);
  await new Promise((resolve) => setTimeout(resolve, 300));
  return cpuSeconds(contestant.pid) - before;
}

const ratios: number[] = [];
for (let attempt = 1; attempt <= tries; attempt++) {
  const floor = await cpuOf(startNaiveRelay);
  const ours = await cpuOf(startTocsin);
  const ratio = ours / floor;
  ratios.push(ratio);
  console.log(`try ${attempt}: ${ratio.toFixed(2)} of the naive relay's CPU per event; kept ${kept}`);
  if (ratio <= kept * tolerated) break;
}
if (Math.min(...ratios) > kept * tolerated) {
  console.error(
    `an event costs more than ${tolerated} of what it did: ${ratios.map((one) => one.toFixed(2)).join(", ")}`,
  );
  process.exitCode = 1;
}
