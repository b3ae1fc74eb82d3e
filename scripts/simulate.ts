// Histories made by seeds: npm run simulate -- --seeds 2000 [--from 1] [--senders KIND|all] [--read] [--rule] [--people] [--show]
//   --senders KIND   sources are senders of this kind only; "all": each kind in turn, with all seeds
//   --rule           one alert without an engine: judges the rule for claims alone, hundreds of histories a second
//   --read           the service reads the APIs of the simulated Alertmanagers (sources[].alertmanager)
//   --people         people act at three receivers, which report late, again and in another order
//   --classify       alerts are classified by a model that may be slow, fail, or be wrong
//   --show           prints the history of each failing seed
import { parseArgs } from "node:util";
import { allSenderKinds, playHistory, type SenderKind } from "@tocsin/test/senders";
import {
  classifiedScenarioOf,
  playPeople,
  readableKinds,
  readingScenarioOf,
  scenarioOf,
  simulate,
} from "@tocsin/test/simulation";
import { startReader } from "../apps/tocsin/src/ingest/readers/simulated-reader.fixture.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    senders: { type: "string" },
    read: { type: "boolean", default: false },
    rule: { type: "boolean", default: false },
    people: { type: "boolean", default: false },
    classify: { type: "boolean", default: false },
    show: { type: "boolean", default: false },
  },
});

const wantsAll = values.senders === "all" || (values.rule && values.senders === undefined);
const known = values.read ? readableKinds : allSenderKinds;
const kinds: readonly (SenderKind | undefined)[] = wantsAll
  ? known
  : values.senders === undefined
    ? [undefined]
    : known.filter((kind) => kind === values.senders);
if (kinds.length === 0) {
  console.error(`Unknown kind of senders "${values.senders}". Kinds: all, ${known.join(", ")}`);
  process.exit(2);
}

const startedAtMs = performance.now();
const [from, count] = [Number(values.from), Number(values.seeds)];
const failing: string[] = [];
let simulatedMs = 0;
let attempts = 0;
let incidents = 0;
let endedByReading = 0;
let actionsOfPeople = 0;

for (const kind of kinds) {
  const before = failing.length;
  for (let seed = from; seed < from + count; seed++) {
    const { violations, history } = await run(kind, seed);
    if (violations.length === 0) continue;
    failing.push(kind === undefined ? String(seed) : `${kind} ${seed}`);
    console.log(`seed ${seed} fails:\n  ${violations.slice(0, 5).join("\n  ")}`);
    if (values.show) console.log(await history());
  }
  if (kinds.length > 1) console.log(`${kind}: ${failing.length - before} of ${count} seeds fail`);
}

async function run(kind: SenderKind | undefined, seed: number) {
  if (values.rule && kind !== undefined) {
    const { violations, lines } = playHistory(kind, seed);
    return { violations, history: () => lines.join("\n") };
  }
  if (values.people) {
    const { violations, lines, actions, sent } = await playPeople(seed);
    actionsOfPeople += actions;
    attempts += sent;
    return { violations, history: () => lines.join("\n") };
  }
  const result = values.read
    ? await simulate(readingScenarioOf(seed, kind), { startReader })
    : await simulate(values.classify ? classifiedScenarioOf(seed) : scenarioOf(seed, kind));
  endedByReading += result.endedByReading;
  simulatedMs += result.simulatedMs;
  attempts += result.attempts;
  incidents += result.incidents;
  return result;
}

const days = (simulatedMs / 86_400_000).toFixed(1);
const wallS = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
const byReading = values.read ? `, ${endedByReading} alerts ended by reading` : "";
const seen = values.rule
  ? ""
  : values.people
    ? `: ${actionsOfPeople} actions of people, ${attempts} attempts`
    : `: ${incidents} incidents, ${attempts} attempts, ${days} days simulated${byReading}`;
console.log(`${count * kinds.length} seeds${seen} in ${wallS} s`);
console.log(failing.length === 0 ? "all promises held" : `${failing.length} seeds fail: ${failing.join(", ")}`);
process.exitCode = failing.length === 0 ? 0 : 1;
