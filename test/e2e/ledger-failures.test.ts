import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import type { Finding } from "@tocsin/simulator";
import { describe, expect, test } from "vitest";
import { webhookAlert } from "../support/alerts.ts";
import { canMount, canTrace, SmallDisk, trace } from "../support/linux.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { tempDir } from "../support/temp-dir.ts";
import { type Answer, Service } from "../support/tocsin.ts";
import { waitUntil } from "../support/wait-until.ts";
import { judge, justBefore } from "../support/judge.ts";

const webhook = "/api/v1/webhook/alertmanager";
const batchSize = 10;

const batch = (n: number) =>
  Array.from({ length: batchSize }, (_, index) => webhookAlert(`alert-${n * batchSize + index}`, "firing"));

/** Posts batch after batch until it is stopped, each once, as fast as they are answered; keeps the answers. */
function storm(tocsin: Service) {
  const answers: Answer[] = [];
  const accepted: string[] = [];
  const ending = new AbortController();
  const run = async (): Promise<void> => {
    for (let n = 0; !ending.signal.aborted; n++) {
      const alerts = batch(n);
      const answer = await tocsin.ask("POST", webhook, { alerts });
      answers.push(answer);
      if (answer.status === 200) accepted.push(...alerts.map(({ fingerprint }) => fingerprint));
      await sleep(5);
    }
  };
  const running = run();
  // The caller that ends it gets the error; a test that failed before does not.
  running.catch(() => {});
  const end = async () => {
    ending.abort();
    await running;
  };
  return { answers, accepted, end };
}

/** Faults once all is quiet: an alert that was accepted and not delivered, or delivered twice without need. */
async function findingsOf(
  tocsin: Service,
  pagerduty: PagerDuty,
  accepted: readonly string[],
  killedAtMs: readonly number[] = [],
): Promise<readonly Finding[]> {
  await tocsin.quiet({ withinMs: 60_000 });
  // An alert that was answered 503 may have been recorded nevertheless; its sender would repeat it.
  const known = new Set([...accepted, ...pagerduty.incidents().map(({ dedup_key: key }) => key)]);
  const truth = Array.from(known, (key) => ({ at: 0, status: "firing" as const, dedup_key: key }));
  // An outcome that the ledger could not keep is an attempt of unknown fate, however long ago it was answered.
  return judge(pagerduty.stand, { truth, inDoubt: justBefore(killedAtMs, { answeredAfterMs: 60_000 }) }).verdict
    .findings;
}

describe.skipIf(!canMount())("a full disk", () => {
  test("in the middle of a storm: 503, not ready, then recovery without help; no accepted alert is lost", async () => {
    using disk = new SmallDisk(24);
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({ dir: disk.path, config: { targets: [pagerduty.target()] } });
    const { answers, accepted, end } = storm(tocsin);
    await waitUntil("the storm is under way", () => accepted.length >= 200);
    expect((await tocsin.get("/readyz")).status).toBe(200);

    disk.fill();
    const refused = await waitUntil("senders are asked to retry", () => answers.find(({ status }) => status !== 200));
    expect([refused.status, refused.body.error.code]).toEqual([503, "ledger_unavailable"]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    await waitUntil("it is not ready", async () => (await tocsin.get("/readyz")).status === 503);
    expect((await tocsin.get("/readyz")).body.reasons[0]).toMatch(/^the ledger \S+ does not commit/);
    expect((await tocsin.get("/healthz")).status).toBe(200);
    expect((await tocsin.get("/metrics")).status).toBe(200);
    const before = accepted.length;

    disk.free();
    await waitUntil("senders are taken again", () => accepted.length >= before + 200);
    await waitUntil("it is ready", async () => (await tocsin.get("/readyz")).status === 200);
    await end();
    expect(answers.every(({ status }) => status === 200 || status === 503)).toBe(true);
    expect(await findingsOf(tocsin, pagerduty, accepted)).toEqual([]);
    expect(tocsin.output).not.toContain('"bug"');
  });

  test("while events are in flight, and then SIGKILL: accepted alerts are sent after the disk has room", async () => {
    using disk = new SmallDisk(24);
    await using pagerduty = await PagerDuty.open();
    pagerduty.stand.setFaults("slow headers by 300ms");
    await using tocsin = await Service.start({ dir: disk.path, config: { targets: [pagerduty.target()] } });
    const { answers, accepted, end } = storm(tocsin);
    await waitUntil("the storm is under way", () => accepted.length >= 200);
    disk.fill();
    await waitUntil("senders are asked to retry", () => answers.some(({ status }) => status === 503));
    await end();
    await tocsin.kill();
    const killedAtMs = [Date.now()];
    disk.free();
    pagerduty.stand.setFaults([]);
    await tocsin.start();
    expect(await findingsOf(tocsin, pagerduty, accepted, killedAtMs)).toEqual([]);
  });
});

describe.skipIf(!canTrace())("a disk that misbehaves", () => {
  const isSync = /f(?:data)?sync(?:\(\d+\)| resumed>\)) += 0$/;

  test("no answer and no event leaves before its commit was synced", async () => {
    using place = tempDir();
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
    const log = join(place.path, "calls");
    const calls = "trace=read,write,writev,sendmsg,sendto,recvmsg,recvfrom,readv,fsync,fdatasync";
    const strace = await trace(tocsin.process.pid, ["-s", "4096", "-e", calls, "-o", log]);
    const count = 20;
    for (let n = 0; n < count; n++) {
      const name = `alert-number-${n}-`;
      await tocsin.webhook([webhookAlert(name, "firing")]);
      await waitUntil(`${name} is delivered`, () => pagerduty.incidents(name).length === 1);
      await tocsin.quiet();
    }
    await strace.end("SIGINT");

    const lines = readFileSync(log, "utf8").split("\n");
    for (let n = 0; n < count; n++) {
      const name = `alert-number-${n}-`;
      const asked = lines.findIndex((line) => /\b(?:read|recv)/.test(line) && line.includes(name));
      const answered = lines.findIndex(
        (line, at) => at > asked && /\b(?:write|send)/.test(line) && line.includes("HTTP/1.1 200 OK"),
      );
      const told = lines.findIndex(
        (line, at) => at > asked && /\b(?:write|send)/.test(line) && line.includes("POST /v2/enqueue"),
      );
      expect([asked >= 0, answered > asked, told > asked]).toEqual([true, true, true]);
      const synced = lines.findIndex((line, at) => at > asked && isSync.test(line));
      expect([n, "synced before it was answered", synced > asked && synced < answered]).toEqual([
        n,
        "synced before it was answered",
        true,
      ]);
      expect([n, "synced before it was sent", synced < told]).toEqual([n, "synced before it was sent", true]);
    }
  });

  test("alerts that cannot be flushed to disk are not accepted: 503, then recovery without help", async () => {
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
    const { answers, accepted, end } = storm(tocsin);
    await waitUntil("the storm is under way", () => accepted.length >= 100);
    const strace = await trace(tocsin.process.pid, ["-e", "inject=fsync,fdatasync:error=EIO", "-o", "/dev/null"]);
    const refused = await waitUntil("senders are asked to retry", () => answers.find(({ status }) => status !== 200));
    expect([refused.status, refused.body.error.code]).toEqual([503, "ledger_unavailable"]);
    await waitUntil("it is not ready", async () => (await tocsin.get("/readyz")).status === 503);
    const before = accepted.length;
    await strace.end("SIGINT");
    await waitUntil("senders are taken again", () => accepted.length >= before + 100);
    await end();
    expect(await findingsOf(tocsin, pagerduty, accepted)).toEqual([]);
  });

  test("a sync that hangs, and the ledger's thread with it: 503 instead of no answer, not ready, then recovery without help", async () => {
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
    const strace = await trace(tocsin.process.pid, [
      "-e",
      "inject=fsync,fdatasync:delay_enter=30s:when=1",
      "-o",
      "/dev/null",
    ]);
    const answering = tocsin.ask("POST", webhook, { alerts: batch(0) });
    expect((await tocsin.get("/healthz")).status).toBe(200);
    const answer = await answering;
    expect([answer.status, answer.body.error.code]).toEqual([503, "ledger_unavailable"]);
    await waitUntil("it is not ready", async () => (await tocsin.get("/readyz")).status === 503);
    expect((await tocsin.get("/metrics")).status).toBe(200);
    await strace.end("SIGINT");
    const accepted = batch(0).map(({ fingerprint }) => fingerprint);
    await waitUntil(
      "its repeat is taken",
      async () => (await tocsin.ask("POST", webhook, { alerts: batch(0) })).status === 200,
      { withinMs: 60_000 },
    );
    await waitUntil("it is ready", async () => (await tocsin.get("/readyz")).status === 200);
    expect(await findingsOf(tocsin, pagerduty, accepted)).toEqual([]);
  });
});

describe("a database that another process locks", () => {
  const alerts = batch(0);
  const accepted = alerts.map(({ fingerprint }) => fingerprint);

  test("cannot be locked while the service runs, because the service keeps its lock and refuses no request", async () => {
    await using pagerduty = await PagerDuty.open();
    await using tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
    const other = new DatabaseSync(join(tocsin.dir, "data", "tocsin.db"), { timeout: 100 });
    expect(() => other.exec("BEGIN IMMEDIATE")).toThrow(/locked/);
    await tocsin.webhook(alerts);
    other.close();
    expect((await tocsin.get("/readyz")).status).toBe(200);
    expect(await findingsOf(tocsin, pagerduty, accepted)).toEqual([]);
  });

  test("before the start makes the service refuse alerts; after a restart it sends the recorded ones", async () => {
    await using pagerduty = await PagerDuty.open();
    pagerduty.stand.setFaults("answer 500");
    await using tocsin = await Service.start({ config: { targets: [pagerduty.target()] } });
    await tocsin.webhook(alerts);
    await tocsin.stop();
    const other = new DatabaseSync(join(tocsin.dir, "data", "tocsin.db"));
    other.exec("PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE");
    await expect(tocsin.start()).rejects.toThrow(/in use by another process/);
    other.close();
    pagerduty.stand.setFaults([]);
    await tocsin.start();
    expect(await findingsOf(tocsin, pagerduty, accepted)).toEqual([]);
  });
});
