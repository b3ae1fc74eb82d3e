// A storm behind a limit: 5,000 warnings are queued, then one critical comes. The receiver counts arrivals in sliding and in
// clock-aligned windows and answers 429 over 120 in 6 s. How long does the critical wait, how many requests does an event cost?
import { Simulator } from "@tocsin/simulator";
import { batches, postedAlert, webhookBody } from "./lib/alerts.ts";
import { startTocsin } from "./lib/contestants.ts";
import { printTable, writeResult } from "./lib/machine.ts";
import { postAll } from "./lib/post.ts";

const warnings = Number(process.argv[2] ?? 5_000);
const watchSeconds = Number(process.argv[3] ?? 30);

const rows: (string | number)[][] = [["window", "answer delay ms", "critical waited ms", "requests/event", "429s"]];
const results: unknown[] = [];
for (const align of ["sliding", "clock"] as const)
  for (const delayMs of [1, 3000]) {
    await using simulator = new Simulator();
    const { url } = await simulator.listen();
    await post(`${url}/_sim/limits`, { limit: 120, per: "6s", align });
    if (delayMs > 1) await post(`${url}/_sim/faults`, { script: `on pagerduty slow headers by ${delayMs}ms` });
    await using tocsin = await startTocsin(url, { rateLimit: { limit: 120, per: "6s" } });
    await postAll(tocsin.url, batches(warnings, 50, "firing").map(webhookBody), { path: tocsin.path });
    await new Promise((resolve) => setTimeout(resolve, 7_000));
    const critical = postedAlert(warnings + 1, "firing", "critical");
    const sentAtMs = Date.now();
    await postAll(tocsin.url, [webhookBody([critical])], { path: tocsin.path });
    const waitedMs = await arrival(url, critical.fingerprint, sentAtMs);
    await new Promise((resolve) => setTimeout(resolve, watchSeconds * 1000));
    const requests = (await (await fetch(`${url}/_sim/requests?limit=100000`)).json()) as {
      status: number;
      receiver: string;
    }[];
    const sent = requests.filter(({ receiver }) => receiver === "pagerduty");
    const accepted = sent.filter(({ status }) => status === 202).length;
    const throttled = sent.filter(({ status }) => status === 429).length;
    rows.push([align, delayMs, waitedMs, (sent.length / accepted).toFixed(3), throttled]);
    results.push({ align, delayMs, waitedMs, requests: sent.length, accepted, throttled });
  }
printTable(rows);
writeResult("limited", { warnings, results });

async function arrival(url: string, key: string, sentAtMs: number): Promise<number> {
  for (;;) {
    const incidents = (await (await fetch(`${url}/_sim/incidents`)).json()) as {
      dedup_key: string;
      opened_at: string;
    }[];
    const found = incidents.find(({ dedup_key }) => dedup_key === key);
    if (found) return Date.parse(found.opened_at) - sentAtMs;
    if (Date.now() - sentAtMs > 120_000) throw new Error("the critical did not arrive in 120 s");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function post(url: string, body: unknown): Promise<void> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
}
