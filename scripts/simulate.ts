// Histories of the engine, made by seeds: node --conditions=@tocsin/source scripts/simulate.ts --seeds 2000 [--from 1] [--show]
import { parseArgs } from "node:util";
import { simulate } from "@tocsin/testkit/simulation";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "200" },
    from: { type: "string", default: "1" },
    /** Prints the history of each failing seed. */
    show: { type: "boolean", default: false },
  },
});

const startedAtMs = performance.now();
const failing: number[] = [];
let simulatedMs = 0;
let attempts = 0;
let incidents = 0;
for (let seed = Number(values.from); seed < Number(values.from) + Number(values.seeds); seed++) {
  const result = await simulate(seed);
  simulatedMs += result.simulatedMs;
  attempts += result.attempts;
  incidents += result.incidents;
  if (result.violations.length === 0) continue;
  failing.push(seed);
  console.log(`seed ${seed} fails:\n  ${result.violations.slice(0, 5).join("\n  ")}`);
  if (values.show) console.log(await result.history());
}

const days = (simulatedMs / 86_400_000).toFixed(1);
const wallS = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
console.log(
  `${values.seeds} seeds: ${incidents} incidents, ${attempts} attempts, ${days} days simulated in ${wallS} s`,
);
console.log(failing.length === 0 ? "all promises held" : `${failing.length} seeds fail: ${failing.join(" ")}`);
process.exitCode = failing.length === 0 ? 0 : 1;
