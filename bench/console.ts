// Does the page of the console stay smooth and small in a storm? Frames and memory of a tab whose CPU is four times slower, over
// 10,000 due incidents of which 200 change each second.
import { existsSync, readFileSync } from "node:fs";
import { changeSteadily } from "../test/support/change-steadily.ts";
import { openChromium } from "../test/support/chromium.ts";
import { postedAlert, webhookBody } from "./lib/alerts.ts";
import { startTocsin } from "./lib/contestants.ts";
import { printTable, quantile, writeResult } from "./lib/machine.ts";
import { startSink } from "./lib/sink.ts";

const count = Number(process.argv[2] ?? 10_000);
const seconds = Number(process.argv[3] ?? 30);
const perSecond = 200;
const slowdown = 4;
const goals = { p99Ms: 100, mib: 150 };
const severities = ["error", "critical", "warning"];

/** Times between two frames, ms, until `window.frames` is read. */
const recordFrames = `{
  window.frames = [];
  let before = performance.now();
  const next = (now) => { window.frames.push(now - before); before = now; requestAnimationFrame(next); };
  requestAnimationFrame(next);
}`;

/** Memory of a process without what it shares with others, in proportion (PSS), MiB. */
function memoryMiB(pid: number): number {
  const path = `/proc/${pid}/smaps_rollup`;
  if (!existsSync(path)) return Number.NaN;
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(path, "utf8"))?.[1]) / 1024;
}

await using sink = await startSink();
// One event a minute leaves, so that nearly all stay due.
await using tocsin = await startTocsin(sink.url, { rateLimit: { limit: 5, per: "60s" } });
const post = async (alerts: readonly ReturnType<typeof postedAlert>[]): Promise<void> => {
  const answer = await fetch(`${tocsin.url}/api/v1/webhook/alertmanager`, {
    method: "POST",
    body: webhookBody(alerts),
  });
  if (!answer.ok) throw new Error(`the webhook answered ${answer.status}: ${await answer.text()}`);
};
for (let first = 0; first < count; first += 1_000)
  await post(Array.from({ length: Math.min(1_000, count - first) }, (_, n) => postedAlert(first + n, "firing")));

const browser = await openChromium();
const rows: (string | number)[][] = [];
try {
  const browserSession = await browser.newBrowserCDPSession();
  const renderers = async (): Promise<number[]> => {
    const { processInfo } = await browserSession.send("SystemInfo.getProcessInfo");
    return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  };
  for (const [name, path] of [
    ["now", "/"],
    ["incidents", "/incidents"],
  ] as const) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(tocsin.url + path);
    await page.locator("[data-row]").first().waitFor();
    const session = await context.newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
    using changes = changeSteadily(perSecond, (numbers) =>
      post(numbers.map((n) => postedAlert(count - 1 - (n % 400), "firing", severities[Math.floor(n / 400) % 3] ?? ""))),
    );
    await page.evaluate(recordFrames);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    const frames = await page.evaluate<number[]>("window.frames");
    const rate = await changes.end();
    const mib = Math.max(...(await renderers()).map(memoryMiB));
    const heap = await page.evaluate<number>("performance.memory.usedJSHeapSize");
    rows.push([
      name,
      frames.length,
      rate.toFixed(0),
      quantile(frames, 0.5).toFixed(1),
      quantile(frames, 0.99).toFixed(1),
      Math.max(...frames).toFixed(0),
      mib.toFixed(0),
      (heap / 2 ** 20).toFixed(1),
    ]);
    await context.close();
  }
} finally {
  await browser.close();
}
printTable([["screen", "frames", "changes/s", "p50 ms", "p99 ms", "max ms", "tab MiB", "heap MiB"], ...rows]);
console.log(`Goals: p99 ${goals.p99Ms} ms, tab ${goals.mib} MiB, with ${slowdown} times slower CPU.`);
writeResult("console", { count, seconds, slowdown, goals, rows });
