import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Child, type ChildOptions, type Exit } from "./child.ts";
import { freePort } from "./free-port.ts";
import { tempDir } from "./temp-dir.ts";
import { type Patience, waitUntil } from "./wait-until.ts";

const main = fileURLToPath(new URL("../../apps/tocsin/src/main.mjs", import.meta.url));

/** The program as a process of its own. */
export const tocsin = (
  args: readonly string[],
  options?: ChildOptions & { readonly through?: readonly string[] },
): Child => {
  const [command, ...rest] = [
    ...(options?.through ?? []),
    process.execPath,
    "--conditions=@tocsin/source",
    main,
    ...args,
  ];
  return new Child(command as string, rest, options);
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined where the text is no JSON. */
  readonly body: any;
}

/** The body of `/api/v1/stats`. */
export interface Stats {
  readonly alerts: { readonly firing: number; readonly resolved: number };
  readonly incidents: readonly { readonly target: string; readonly state: string; readonly count: number }[];
  readonly deadLetters: readonly { readonly target: string; readonly reason: string; readonly count: number }[];
}

export interface ServiceOptions {
  /** As in `tocsin.yaml`; `server.listen` is set here. */
  readonly config: Record<string, unknown>;
  readonly env?: ChildOptions["env"];
  /** @default a temporary one */
  readonly dir?: string;
  /** A command and its arguments that starts the program, such as `strace`. @default none */
  readonly through?: readonly string[];
}

/** One service over all its lives: the same directory, configuration and port after each restart. */
export class Service implements AsyncDisposable {
  readonly dir: string;
  readonly port: number;
  readonly #owned: Disposable | undefined;
  readonly #env: ChildOptions["env"];
  readonly #through: readonly string[];
  readonly #lives: Child[] = [];

  private constructor(dir: string, port: number, owned: Disposable | undefined, { env, through = [] }: ServiceOptions) {
    this.dir = dir;
    this.port = port;
    this.#owned = owned;
    this.#env = env;
    this.#through = through;
  }

  static async start(options: ServiceOptions): Promise<Service> {
    const { config, dir } = options;
    const owned = dir === undefined ? tempDir() : undefined;
    const service = new Service(dir ?? owned?.path ?? "", await freePort(), owned, options);
    service.configure(config);
    try {
      await service.start();
      return service;
    } catch (error) {
      await service[Symbol.asyncDispose]();
      throw error;
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get configFile(): string {
    return join(this.dir, "tocsin.yaml");
  }

  /** Everything that all its lives wrote. */
  get output(): string {
    return this.#lives.map(({ stdout, stderr }) => stdout + stderr).join("");
  }

  get process(): Child {
    const life = this.#lives.at(-1);
    if (life === undefined) throw new Error("it was never started");
    return life;
  }

  /** For the next start or reload. JSON is YAML. */
  configure(config: Record<string, unknown>): void {
    const { server = {}, ...rest } = config as { server?: object };
    writeFileSync(
      this.configFile,
      JSON.stringify({ server: { ...server, listen: `127.0.0.1:${this.port}` }, ...rest }, undefined, 2),
    );
  }

  /** Returns when it is ready. `env` is for this life, beside that of all lives. */
  async start(env: ChildOptions["env"] = {}): Promise<void> {
    const life = tocsin(["serve", "--config", this.configFile], {
      env: { ...this.#env, ...env },
      cwd: this.dir,
      through: this.#through,
    });
    this.#lives.push(life);
    await waitUntil("Tocsin is ready", async () => {
      if (!life.alive) return true;
      return (await fetch(`${this.url}/readyz`)).ok;
    });
    if (!life.alive) throw new Error(`Tocsin ended before it was ready:\n${life.stdout}\n${life.stderr}`);
  }

  /** SIGKILL: no time for anything. */
  async kill(): Promise<void> {
    await this.process.end("SIGKILL");
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Exit> {
    return this.process.end(signal);
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      // Metrics are those of now.
      headers: { "content-type": "application/json", "cache-control": "no-cache", ...headers },
      ...(body !== undefined && {
        body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
      }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(text) };
  }

  get(path: string, headers?: Record<string, string>): Promise<Answer> {
    return this.ask("GET", path, undefined, headers);
  }

  /** @throws Error unless it answers 2xx */
  async webhook(alerts: readonly unknown[], source = "default"): Promise<any> {
    const answer = await this.#tell(`/api/v1/webhook/alertmanager?source=${source}`, { version: "4", alerts });
    return answer.body;
  }

  /** As Prometheus does. @throws Error unless it answers 2xx */
  async post(alerts: readonly unknown[], source = "default"): Promise<void> {
    await this.#tell(`/api/v2/alerts?source=${source}`, alerts);
  }

  /** As every sender does, it says once more what a replica did not take because its machine had stood still. */
  async #tell(path: string, body: unknown): Promise<Answer> {
    let answer = await this.ask("POST", path, body);
    while (answer.text.includes("the service was paused")) {
      await sleep(500);
      answer = await this.ask("POST", path, body);
    }
    if (answer.status >= 300) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
    return answer;
  }

  /** Returns when nothing is due or in flight: delivered and desired state are equal, or the incident rests in a named state. */
  async quiet(patience?: Patience): Promise<void> {
    const busy = new Set(["candidate", "due", "in_flight"]);
    await waitUntil(
      "nothing is due",
      async () => {
        const { incidents } = (await this.get("/api/v1/stats")).body as Stats;
        return incidents.every(({ state, count }) => count === 0 || !busy.has(state));
      },
      patience,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.end("SIGKILL");
    this.#owned?.[Symbol.dispose]();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
