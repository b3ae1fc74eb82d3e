import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { request, type RequestOptions } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { compose } from "./compose.ts";
import type { Tocsin } from "./tocsin.ts";
import { ConfigWatch } from "./config/config-watch.ts";
import { loadConfig } from "./config/load.ts";

const maxWaitMs = 10_000;

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A service whose configuration names files, in a directory of its own. It reloads when they change. */
export class ServiceWithFiles {
  readonly dir = mkdtempSync(join(tmpdir(), "tocsin-tls-"));
  readonly logs: string[] = [];
  #tocsin: Tocsin | undefined;

  async start({ server, ...config }: { readonly server?: object; readonly [key: string]: unknown }): Promise<this> {
    const file = join(this.dir, "tocsin.yaml");
    const defaults = { server: { listen: "127.0.0.1:0", ...server }, ledger: { url: "sqlite:t.db" } };
    writeFileSync(file, JSON.stringify({ ...defaults, ...config }));
    const load = () => loadConfig(file, { cwd: this.dir, env: {} });
    const watch = new ConfigWatch(file);
    this.#tocsin = await compose(load(), { writeLog: (line) => this.logs.push(line), env: {}, reread: load, watch });
    return this;
  }

  get port(): number {
    return this.#tocsin!.address.port;
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.dir, name), text);
  }

  rename(name: string, text: string): void {
    this.write(`${name}.new`, text);
    renameSync(join(this.dir, `${name}.new`), join(this.dir, name));
  }

  ask(path: string, options: RequestOptions = {}, body?: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request(
        { host: "127.0.0.1", port: this.port, path, agent: false, rejectUnauthorized: false, ...options },
        (response) => {
          let text = "";
          response.on("data", (chunk: Buffer) => (text += chunk.toString()));
          response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
          response.on("error", reject);
        },
      );
      sent.on("error", reject).end(body);
    });
  }

  /** Returns the certificate that a new connection gets. */
  async shown(options: ConnectionOptions = {}): Promise<string> {
    const socket = await this.handshake(options);
    const pem = socket.getPeerX509Certificate()!.toString();
    socket.destroy();
    return pem;
  }

  handshake(options: ConnectionOptions = {}): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const to = { host: "127.0.0.1", port: this.port, rejectUnauthorized: false, ...options };
      const socket: TLSSocket = connect(to, () => resolve(socket));
      socket.on("error", reject);
    });
  }

  events(event: string): Record<string, unknown>[] {
    return this.logs.map((line) => JSON.parse(line)).filter((line) => line.event === event);
  }

  /** Stops the service; the files stay. */
  async end(): Promise<void> {
    await this.#tocsin?.stop();
    this.#tocsin = undefined;
  }

  async stop(): Promise<void> {
    await this.end();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Waits until a condition is met. */
export async function until(condition: string, done: () => boolean | Promise<boolean>): Promise<void> {
  for (const sinceMs = Date.now(); Date.now() - sinceMs < maxWaitMs;) {
    if (await done()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${condition}: not within ${maxWaitMs} ms`);
}
