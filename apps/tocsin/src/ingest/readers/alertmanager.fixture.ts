import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { AlertStateThere } from "@tocsin/core";

/** A fake Alertmanager instance that responds with the data of a test. */
export class FakeAlertmanager implements AsyncDisposable {
  /** Alerts by name, which is also the fingerprint. */
  readonly alerts = new Map<string, AlertStateThere>();
  /** Returns other alerts to some requests. */
  alertsFor: ((request: IncomingMessage) => ReadonlyMap<string, AlertStateThere>) | undefined;
  name: string | null = null;
  peers: string[] = [];
  uptime = "2025-12-31T00:00:00.000Z";
  /** Replaces the usual response. */
  spoil: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  readonly requests: IncomingMessage[] = [];
  readonly #server = createServer((request, response) => {
    this.requests.push(request);
    if (this.spoil?.(request, response)) return;
    const { pathname } = new URL(request.url ?? "/", "http://alertmanager");
    response.setHeader("content-type", "application/json");
    if (pathname.endsWith("/api/v2/alerts")) response.end(JSON.stringify(this.#listed(request)));
    else if (pathname.endsWith("/api/v2/status")) response.end(JSON.stringify(this.#status()));
    else response.writeHead(404).end();
  });

  static async open(): Promise<FakeAlertmanager> {
    const instance = new FakeAlertmanager();
    await new Promise<void>((resolve) => instance.#server.listen(0, "127.0.0.1", resolve));
    return instance;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  #listed(request: IncomingMessage): unknown[] {
    return Array.from(this.alertsFor?.(request) ?? this.alerts, ([name, state]) => ({
      annotations: {},
      endsAt: "2026-01-02T00:00:00.000Z",
      fingerprint: name,
      receivers: [{ name: "elsewhere" }],
      startsAt: "2025-12-31T23:00:00.000Z",
      status: { inhibitedBy: [], silencedBy: state === "suppressed" ? ["1"] : [], state },
      updatedAt: "2025-12-31T23:00:00.000Z",
      labels: { alertname: name },
    }));
  }

  #status(): unknown {
    const { name, uptime } = this;
    const peers = this.peers.map((peer) => ({ address: "127.0.0.1:9094", name: peer }));
    return {
      cluster: name === null ? { peers: [], status: "disabled" } : { name, peers, status: "ready" },
      config: { original: "global:\n  resolve_timeout: 5m\n" },
      uptime,
      versionInfo: {},
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
