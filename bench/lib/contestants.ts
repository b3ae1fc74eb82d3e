import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { thisCheckout } from "./checkout.ts";
import { endChild } from "./sink.ts";

/** A program that takes alerts and tells the sink. */
export interface Contestant extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly path: string;
  readonly pid: number;
  /** The body that it takes, from a webhook's alerts. */
  readonly shape: "webhook" | "alerts";
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
}

const untilReady = async (url: string, child: ChildProcess): Promise<void> => {
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode} before it was ready`);
    const ready = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} did not become ready`);
};

const routingKey = "0123456789abcdef0123456789abcdef";

/** `ledger` of all replicas that share this server. */
export const ledgerIn = ({ url }: { readonly url: string }): object => ({
  url: `${url}?sslmode=disable`,
  encryptionKey: Buffer.alloc(32, 7).toString("base64"),
});

/** The program as users run it: default configuration, SQLite with fsync, metrics and history on. No limit at this target. */
export async function startTocsin(
  sinkUrl: string,
  options: {
    rateLimit?: Record<string, unknown>;
    dir?: string;
    name?: string;
    env?: NodeJS.ProcessEnv;
    /** The folder whose program and Node run; this one by default. */
    checkout?: string;
    /** Targets besides the one that gets the events. */
    others?: readonly object[];
    ledger?: object;
    callbacks?: readonly object[];
    classification?: object;
  } = {},
): Promise<Contestant & { dir: string; child: ChildProcess }> {
  const dir = options.dir ?? mkdtempSync(path.join(os.tmpdir(), "tocsin-bench-"));
  const port = await freePort();
  const config = {
    server: { listen: `127.0.0.1:${port}` },
    ledger: options.ledger ?? { url: "sqlite:./tocsin.db" },
    telemetry: { logs: { level: "warn" } },
    targets: [
      {
        name: "pagerduty",
        type: "pagerduty",
        url: sinkUrl,
        routing_key: routingKey,
        rate_limit: options.rateLimit ?? { limit: 0 },
      },
      ...(options.others ?? []),
    ],
    ...(options.callbacks && { callbacks: options.callbacks }),
    ...(options.classification && { classification: options.classification }),
  };
  const file = path.join(dir, "tocsin.yaml");
  writeFileSync(file, JSON.stringify(config));
  // As users start it: the first line of the program is part of the command.
  const bin = path.join(options.checkout ?? thisCheckout, "node_modules/.bin");
  const child = spawn(path.join(bin, "tocsin"), ["serve", "--config", file], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, PATH: `${bin}:${process.env["PATH"]}`, ...options.env },
  });
  await untilReady(`http://127.0.0.1:${port}/readyz`, child);
  return {
    name: options.name ?? "tocsin",
    url: `http://127.0.0.1:${port}`,
    path: "/api/v1/webhook/alertmanager",
    shape: "webhook",
    pid: child.pid as number,
    dir,
    child,
    async [Symbol.asyncDispose]() {
      await endChild(child);
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}

export async function startNaiveRelay(sinkUrl: string): Promise<Contestant> {
  const child = fork(new URL("./naive-relay.ts", import.meta.url), { env: { ...process.env, SINK_URL: sinkUrl } });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  return {
    name: "naive relay",
    url: `http://127.0.0.1:${port}`,
    path: "/",
    shape: "webhook",
    pid: child.pid as number,
    [Symbol.asyncDispose]: () => endChild(child),
  };
}

const alertmanager = "/usr/bin/prometheus-alertmanager";
export const hasAlertmanager = (): boolean => existsSync(alertmanager);

/** Debian's Alertmanager with one alert per group and nothing to wait for: as fast as it can be set. */
export async function startAlertmanager(sinkUrl: string): Promise<Contestant> {
  const dir = mkdtempSync(path.join(os.tmpdir(), "tocsin-bench-am-"));
  const port = await freePort();
  const config = {
    route: { receiver: "pd", group_by: ["..."], group_wait: "0s", group_interval: "1s", repeat_interval: "4h" },
    receivers: [
      {
        name: "pd",
        pagerduty_configs: [{ routing_key: routingKey, url: `${sinkUrl}/v2/enqueue`, send_resolved: true }],
      },
    ],
  };
  writeFileSync(path.join(dir, "am.yml"), JSON.stringify(config));
  const child = spawn(
    alertmanager,
    [
      `--config.file=${path.join(dir, "am.yml")}`,
      `--storage.path=${dir}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--cluster.listen-address=",
      "--log.level=error",
    ],
    { stdio: ["ignore", "ignore", "ignore"] },
  );
  await untilReady(`http://127.0.0.1:${port}/-/ready`, child);
  return {
    name: "alertmanager",
    url: `http://127.0.0.1:${port}`,
    path: "/api/v2/alerts",
    shape: "alerts",
    pid: child.pid as number,
    async [Symbol.asyncDispose]() {
      await endChild(child);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
