import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Child } from "../support/child.ts";
import { tempDir } from "../support/temp-dir.ts";
import { Service, tocsin } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";

/** A start without configuration has one fixed address. If that is taken, there is nothing to test. */
async function usualPortIsFree(): Promise<boolean> {
  const probe = createServer().listen(9877, "127.0.0.1");
  const free = await Promise.race([
    once(probe, "listening").then(() => true),
    once(probe, "error").then(() => false),
  ]).catch(() => false);
  probe.close();
  return free;
}

const free = await usualPortIsFree();
if (!free && process.env["CI"])
  throw new Error("127.0.0.1:9877 is taken, so a start without configuration cannot be tested");
if (!free) console.warn("SKIPPED: 127.0.0.1:9877 is taken, so a start without configuration cannot be tested here.");

/** The commands that the welcome prints, as requests. */
function printedCommands(text: string) {
  const [raise, end] = Array.from(text.matchAll(/curl (\S+) -d '(\{.*\})'/g), ([, url, body]) => async () => {
    const answer = await fetch(url!, { method: "POST", body: body! });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  });
  const incidents = /curl (\S+\/_sim\/incidents)/.exec(text)?.[1];
  const explain = /curl '(\S+\/explain\?\S+)'/.exec(text)?.[1];
  return { raise: raise!, end: end!, incidents: incidents!, explain: explain! };
}

const get = async (url: string): Promise<any> => (await fetch(url)).json();

const statuses = async (url: string) => (await get(url)).map(({ status }: { status: string }) => status);

describe.skipIf(!free)("the first start, with nothing configured", () => {
  test("prints commands that page in the simulator, and resolves after a SIGKILL", async () => {
    using place = tempDir();
    const options = { cwd: place.path, env: { PAGERDUTY_ROUTING_KEY: undefined } };

    await using first = tocsin([], options);
    await first.untilItSays(/NO ONE IS PAGED[\s\S]*ledger/);
    const { raise, explain, incidents } = printedCommands(first.stdout);
    await raise();
    await waitUntil("the incident is open", async () => (await statuses(incidents)).join() === "triggered");
    await waitUntil("explain says so", async () => (await get(explain)).targets[0].reason === "delivered");
    await first.end("SIGKILL");

    await using second = tocsin([], options);
    await second.untilItSays(/NO ONE IS PAGED[\s\S]*ledger/);
    const again = printedCommands(second.stdout);
    expect(again.incidents).toBe(incidents);
    expect(await statuses(incidents)).toEqual(["triggered"]);
    await again.end();
    await waitUntil("the incident is resolved", async () => (await statuses(incidents)).join() === "resolved");
    expect(await second.end("SIGTERM")).toEqual({ code: 0, signal: null });
  });

  test("a second start in the same directory is refused and leaves the first one's files as they are", async () => {
    using place = tempDir();
    const options = { cwd: place.path, env: { PAGERDUTY_ROUTING_KEY: undefined } };
    await using first = tocsin([], options);
    await first.untilItSays(/NO ONE IS PAGED[\s\S]*ledger/);
    const { raise, incidents } = printedCommands(first.stdout);
    await raise();
    await waitUntil("the incident is open", async () => (await statuses(incidents)).join() === "triggered");
    const files = () =>
      ["simulator.jsonl", "simulator.port"].map((name) => {
        const path = join(place.path, "data", name);
        return [name, statSync(path).ino, readFileSync(path, "utf8")];
      });
    const before = files();

    await using second = tocsin([], options);
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.stderr).toContain("in use by another process");
    expect(files()).toEqual(before);
  });

  test("says which address is taken", async () => {
    using place = tempDir();
    const other = createServer().listen(9877, "127.0.0.1");
    await once(other, "listening");
    await using start = tocsin([], { cwd: place.path, env: { PAGERDUTY_ROUTING_KEY: undefined } });
    expect(await start.ended).toEqual({ code: 1, signal: null });
    expect(start.stderr).toContain("cannot listen on 127.0.0.1:9877: the address is already in use");
    other.close();
  });
});

test("the demo sends a storm, skips unneeded events, and prints a summary", async () => {
  using place = tempDir();
  await using demo = tocsin(["demo"], { cwd: place.path });
  expect(await demo.ended).toEqual({ code: 0, signal: null });
  expect(demo.stdout).toMatch(/^accepted +1202 alerts, 400 of them repeats$/m);
  expect(demo.stdout).toMatch(/^told +\d+ events: \d+ incidents opened and resolved$/m);
  expect(demo.stdout).toMatch(/^refused +0 events$/m);
  expect(demo.stdout).toMatch(/^longest wait +[\d.]+ s; of criticals [\d.]+ s$/m);
});

test("a reader that closes the pipe early causes no failure", async () => {
  const main = new URL("../../apps/tocsin/src/main.mjs", import.meta.url).pathname;
  const command = `set -o pipefail; "${process.execPath}" --conditions=@tocsin/source "${main}" config schema | head -1`;
  await using child = new Child("bash", ["-c", command]);
  expect(await child.ended).toEqual({ code: 0, signal: null });
  expect([child.stdout, child.stderr]).toEqual(["{\n", ""]);
});

test("from the second start on the compile cache holds all modules, also in the ledger's thread", async () => {
  await using service = await Service.start({ config: {}, env: { NODE_DEBUG_NATIVE: "COMPILE_CACHE" } });
  await service.stop();
  await service.start();
  const { stdout, stderr } = service.process;
  const sources = Array.from(
    (stdout + stderr).matchAll(/retrieving transpile cache for StrippedTypeScript (\S+?)\.\.\.(.*)/g),
    ([, source, found]) => [source, found],
  );
  // Both threads print, so a line of one may have a line of the other in it. Such a line says nothing.
  const whole = sources.filter(([, found]) => !found?.includes("[compile cache]"));
  expect(whole.length).toBeGreaterThan(100);
  expect(whole.filter(([, found]) => found !== "success")).toEqual([]);
  for (const source of ["cli/program.ts", "sqlite/worker-thread.ts"])
    expect(sources.some(([at]) => at?.endsWith(source))).toBe(true);
});
