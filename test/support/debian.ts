import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Child } from "./child.ts";
import { freePort } from "./free-port.ts";
import { tempDir } from "./temp-dir.ts";
import { waitUntil } from "./wait-until.ts";

const prometheusBinary = "/usr/bin/prometheus";
const alertmanagerBinary = "/usr/bin/prometheus-alertmanager";

/**
 * Whether Debian's Prometheus and Alertmanager are installed. Without them a test reports that it is skipped; in
 * continuous integration a missing one is an error.
 */
export function hasPrometheus(): boolean {
  const missing = [prometheusBinary, alertmanagerBinary].filter((file) => !existsSync(file));
  if (missing.length === 0) return true;
  if (process.env["CI"]) throw new Error(`${missing.join(" and ")} must be there where CI is set`);
  console.warn(
    `SKIPPED: ${missing.join(" and ")} missing (TOCSIN_TEST_INSTALL=1 npm test installs them as root on Debian)`,
  );
  return false;
}

/** Something to be monitored: gauges that a test sets, scraped over HTTP. */
export class Monitored implements AsyncDisposable {
  readonly #gauges = new Map<string, number>();
  readonly #server = createServer((_request, response) => {
    const lines = Array.from(this.#gauges, ([instance, value]) => `disk_full{disk="${instance}"} ${value}\n`);
    response.setHeader("content-type", "text/plain; version=0.0.4").end(lines.join(""));
  });

  static async open(gauges: Readonly<Record<string, number>>): Promise<Monitored> {
    const monitored = new Monitored();
    for (const [name, value] of Object.entries(gauges)) monitored.set(name, value);
    await new Promise<void>((resolve) => monitored.#server.listen(0, "127.0.0.1", resolve));
    return monitored;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  set(disk: string, value: number): void {
    this.#gauges.set(disk, value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Settings of a client of HTTPS, as Prometheus and Alertmanager write them: paths of PEM files. */
export interface ClientTls {
  readonly ca_file: string;
  readonly cert_file: string;
  readonly key_file: string;
}

/** A receiver of Prometheus's alerts. */
export interface AlertsReceiver {
  readonly address: string;
  /** @default plain HTTP */
  readonly tls?: ClientTls;
}

export interface PrometheusOptions {
  /** What it scrapes, by job. */
  readonly scrapes: Readonly<Record<string, { readonly address: string; readonly scheme?: "http" | "https" }>>;
  /** Rules in YAML. @default none */
  readonly rules?: string;
  /** Receivers of its alerts. @default none */
  readonly tells?: readonly AlertsReceiver[];
}

/** A value of a series, from a query. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Prometheus that does everything twice a second. */
export class Prometheus implements AsyncDisposable {
  readonly #url: string;
  readonly #running: Awaited<ReturnType<typeof ready>>;

  private constructor(url: string, running: Awaited<ReturnType<typeof ready>>) {
    this.#url = url;
    this.#running = running;
  }

  static async start({ scrapes, rules = "groups: []", tells = [] }: PrometheusOptions): Promise<Prometheus> {
    const dir = tempDir();
    writeFileSync(join(dir.path, "rules.yml"), rules);
    writeFileSync(
      join(dir.path, "prometheus.yml"),
      JSON.stringify({
        global: { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "500ms" },
        rule_files: ["rules.yml"],
        scrape_configs: Object.entries(scrapes).map(([job_name, { address, scheme = "http" }]) => ({
          job_name,
          scheme,
          tls_config: { insecure_skip_verify: true },
          static_configs: [{ targets: [address] }],
        })),
        alerting: {
          alertmanagers: tells.map(({ address, tls }) => ({
            ...(tls && { scheme: "https", tls_config: tls }),
            static_configs: [{ targets: [address] }],
          })),
        },
      }),
    );
    const port = await freePort();
    const process = new Child(prometheusBinary, [
      `--config.file=${join(dir.path, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(dir.path, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      // Every firing alert is sent again so often, and its endsAt lies four times as far ahead.
      "--rules.alert.resend-delay=1s",
    ]);
    return new Prometheus(`http://127.0.0.1:${port}`, await ready("Prometheus", process, port, dir));
  }

  get process(): Child {
    return this.#running.process;
  }

  /** Returns the present value of each series of a PromQL expression. @throws Error if it is invalid */
  async query(expression: string): Promise<Sample[]> {
    const response = await fetch(`${this.#url}/api/v1/query?${new URLSearchParams({ query: expression }).toString()}`);
    const { data, error } = (await response.json()) as {
      error?: string;
      data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    if (data === undefined) throw new Error(`${expression}: ${error}`);
    return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#running[Symbol.asyncDispose]();
  }
}

/** Prometheus with one rule, which fires for each disk that is full. */
export const startPrometheus = (o: {
  readonly scrapes: Monitored;
  readonly tells: readonly AlertsReceiver[];
}): Promise<Prometheus> => {
  const rule = {
    alert: "DiskFull",
    expr: "disk_full == 1",
    labels: { severity: "critical" },
    annotations: { summary: "The disk {{ $labels.disk }} is full" },
  };
  const rules = JSON.stringify({ groups: [{ name: "disks", rules: [rule] }] });
  return Prometheus.start({ scrapes: { disks: o.scrapes }, rules, tells: o.tells });
};

export interface AlertmanagerOptions {
  /** The URL of its webhook. */
  readonly webhook: string;
  /** For the webhook. @default plain HTTP, or HTTPS with the system's authorities */
  readonly tls?: ClientTls;
  /** Makes its own API speak HTTPS only, with clients that have a certificate. Paths of PEM files. @default plain HTTP */
  readonly web?: { readonly cert_file: string; readonly key_file: string; readonly client_ca_file: string };
  /** @default a free one */
  readonly port?: number;
  /** Ports of the cluster: its own, and those of the others. @default it runs without a cluster */
  readonly cluster?: { readonly port: number; readonly peers: readonly number[] };
  /** @default 2s */
  readonly repeatInterval?: string;
}

/** Alertmanager with one alert in each group, and little to wait for. */
export class Alertmanager implements AsyncDisposable {
  readonly address: string;
  readonly #start: () => ReturnType<typeof ready>;
  #running: Awaited<ReturnType<typeof ready>> | undefined;
  readonly #dir: ReturnType<typeof tempDir>;

  private constructor(port: number, { webhook, tls, web, cluster, repeatInterval = "2s" }: AlertmanagerOptions) {
    const dir = (this.#dir = tempDir());
    this.address = `127.0.0.1:${port}`;
    const config = join(dir.path, "alertmanager.yml");
    const route = {
      receiver: "tocsin",
      group_by: ["..."],
      group_wait: "100ms",
      group_interval: "1s",
      repeat_interval: repeatInterval,
    };
    const http = tls && { http_config: { tls_config: tls } };
    const webhookConfig = { url: webhook, send_resolved: true, max_alerts: 0, ...http };
    const receivers = [{ name: "tocsin", webhook_configs: [webhookConfig] }];
    writeFileSync(config, JSON.stringify({ route, receivers }));
    const webConfig = join(dir.path, "web.yml");
    if (web)
      writeFileSync(
        webConfig,
        JSON.stringify({ tls_server_config: { ...web, client_auth_type: "RequireAndVerifyClientCert" } }),
      );
    const args = [
      `--config.file=${config}`,
      `--storage.path=${join(dir.path, "data")}`,
      `--web.listen-address=${this.address}`,
      `--cluster.listen-address=${cluster ? `127.0.0.1:${cluster.port}` : ""}`,
      ...(web ? [`--web.config.file=${webConfig}`] : []),
      ...(cluster?.peers ?? []).map((peer) => `--cluster.peer=127.0.0.1:${peer}`),
    ];
    this.#start = async () => {
      const child = new Child(alertmanagerBinary, args);
      if (!web) return ready("Alertmanager", child, port);
      await child.untilItSays(/TLS is enabled/);
      return { process: child, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
    };
  }

  static async start(options: AlertmanagerOptions): Promise<Alertmanager> {
    const alertmanager = new Alertmanager(options.port ?? (await freePort()), options);
    await alertmanager.start();
    return alertmanager;
  }

  get process(): Child {
    if (!this.#running) throw new Error("Alertmanager does not run");
    return this.#running.process;
  }

  /** Starts it again, with what it has stored: silences and its notification log, no alerts. */
  async start(): Promise<void> {
    this.#running = await this.#start();
  }

  async stop(): Promise<void> {
    await this.#running?.process.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#dir[Symbol.dispose]();
  }
}

export const startAlertmanager = (options: AlertmanagerOptions): Promise<Alertmanager> => Alertmanager.start(options);

async function ready(name: string, process: Child, port: number, dir?: Disposable) {
  await waitUntil(`${name} is ready`, async () => {
    if (!process.alive) return true;
    return (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok;
  });
  if (!process.alive) throw new Error(`${name} ended before it was ready:\n${process.stderr}`);
  return {
    process,
    async [Symbol.asyncDispose]() {
      await process.end();
      dir?.[Symbol.dispose]();
    },
  };
}
