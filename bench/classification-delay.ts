// How much later does a first page leave because a model is asked about it? Alerts without a severity, each of a shape of its own,
// one a request at a steady rate; from when each was due to be posted until its event arrives.
import { cpus } from "node:os";
import { ModelServer, type ModelScript } from "@tocsin/simulator";
import { Pool } from "undici";
import { type PostedAlert, postedAlert, webhookBody } from "./lib/alerts.ts";
import { startTocsin } from "./lib/contestants.ts";
import { median, printTable, quantile, writeResult } from "./lib/machine.ts";
import { startSink } from "./lib/sink.ts";

const perSecond = 20;
/** Shorter than the first pause of the breaker, so that an open one stays open. */
const seconds = 8;
const roundCount = Number(process.argv[2] ?? 3);
const warmUp = 40;
const budgetMs = 2_000;
/** A wait may exceed the budget by this. */
const mostOverBudgetMs = 50;
/** An open breaker may make this difference: others use the machine too. */
const mostWithOpenBreakerMs = 50;

const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Its name is its shape. With a severity, no verdict is awaited. */
function alertOf(n: number, severity?: string): PostedAlert {
  const alert = postedAlert(n, "firing");
  const { severity: _, ...labels } = alert.labels;
  return { ...alert, labels: { ...labels, alertname: `Shape${n}`, ...(severity && { severity }) } };
}

interface Case {
  /** Undefined: provider none. */
  readonly script?: ModelScript;
  /** Whether the failed calls that open the breaker come before those that count. */
  readonly opensBreaker?: boolean;
}

async function measure({ script, opensBreaker = false }: Case): Promise<number[]> {
  await using models = await ModelServer.listen();
  if (script) models.models.setScript(script);
  await using sink = await startSink({ keepArrivals: true });
  const llm = { api: "openai", baseUrl: models.baseUrl, model: "stand-in" };
  await using tocsin = await startTocsin(sink.url, {
    classification: script ? { provider: "llm", budget: `${budgetMs}ms`, llm } : { provider: "none" },
  });
  const pool = new Pool(tocsin.url, { connections: 16 });
  const post = async (alert: PostedAlert): Promise<void> => {
    const headers = { "content-type": "application/json" };
    const { body } = await pool.request({ path: tocsin.path, method: "POST", headers, body: webhookBody([alert]) });
    await body.dump();
  };
  const count = perSecond * seconds;
  for (let n = 0; n < warmUp; n++) await post(alertOf(count + n, opensBreaker ? undefined : "warning"));
  await sink.until(warmUp);

  const startAtMs = performance.timeOrigin + performance.now() + 50;
  const dueAtMs = Array.from({ length: count }, (_, n) => startAtMs + (n * 1_000) / perSecond);
  const posts: Promise<void>[] = [];
  for (const [n, atMs] of dueAtMs.entries()) {
    for (let waitMs; (waitMs = atMs - (performance.timeOrigin + performance.now())) > 0;) await rest(waitMs);
    posts.push(post(alertOf(n)));
  }
  await Promise.all(posts);
  await sink.until(count + warmUp);
  await pool.close();
  const { arrivals } = await sink.seen();
  return dueAtMs.map((dueMs, n) => (arrivals[alertOf(n).fingerprint] ?? Number.NaN) - dueMs);
}

const cases: Readonly<Record<string, Case>> = {
  "provider none": {},
  "answers after 100 ms": { script: [{ kind: "slow", afterMs: 100 }] },
  hangs: { script: ["hang"] },
  "the breaker is open": { script: ["server_error"], opensBreaker: true },
};

const rounds: Record<string, number[][]> = {};
for (let round = 0; round < roundCount; round++)
  for (const [name, one] of Object.entries(cases)) (rounds[name] ??= []).push(await measure(one));
const shown = Object.entries(rounds).map(([name, all]) => ({
  name,
  p50: median(all.map((times) => quantile(times, 0.5))),
  p99: median(all.map((times) => quantile(times, 0.99))),
  max: Math.max(...all.flat()),
}));
type Shown = (typeof shown)[number];
const [none, answers, hangs, open] = shown as [Shown, Shown, Shown, Shown];

console.log(`${cpus()[0]!.model}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`);
printTable([
  ["the model", "p50 ms", "p99 ms", "max ms", "added p99 ms"],
  ...shown.map(({ name, p50, p99, max }) => [name, ...[p50, p99, max, p99 - none.p99].map((ms) => ms.toFixed(0))]),
]);
writeResult("classification-delay", { perSecond, seconds, budgetMs, shown, rounds });
const failed = [answers, hangs].filter(({ p99 }) => !(p99 - none.p99 <= budgetMs + mostOverBudgetMs));
if (!(open.p99 - none.p99 <= mostWithOpenBreakerMs)) failed.push(open);
if (failed.length > 0) {
  console.error(`Too late: ${failed.map(({ name }) => name).join(", ")}.`);
  process.exitCode = 1;
}
