import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { Collector } from "@tocsin/test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Child } from "../support/child.ts";
import { freePort } from "../support/free-port.ts";
import { promisedNodes } from "../support/promised-nodes.ts";
import { waitUntil } from "../support/wait-until.ts";

const root = join(import.meta.dirname, "../..");
const exec = promisify(execFile);
const run = (command: string, args: string[], cwd: string) => exec(command, args, { cwd, maxBuffer: 2 ** 26 });

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, unknown>>;
}
const manifestOf = (name: string): Manifest =>
  JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")) as Manifest;
const published = readdirSync(join(root, "packages")).filter((name) => manifestOf(name).private !== true);
/** As much of what `npm pack --json` prints as we read. */
interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** Runs `npm pack` in a folder of the clone. Scripts of npm may print something before the JSON. */
async function pack(workspace: string): Promise<Packed> {
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], join(clone, workspace));
  const [packed] = Object.values(JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Record<string, Packed>);
  if (packed === undefined) throw new Error(`nothing was packed: ${stdout}`);
  return packed;
}

/** Every door of a package: `@tocsin/core`, `@tocsin/core/decisions`. */
const doorsOf = (name: string): string[] =>
  Object.keys(manifestOf(name).exports)
    .filter((door) => door !== "./package.json")
    .map((door) => manifestOf(name).name + door.slice(1));

let folder: string;
let clone: string;
const emptyDir = (): string => mkdtempSync(join(folder, "work-"));

/** A fresh clone with its dependencies: the files that git knows, as they are in the working tree, and nothing built. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tocsin-packages-"));
  clone = join(folder, "clone");
  const { stdout } = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], root);
  for (const file of stdout.split("\0")) {
    if (file === "") continue;
    mkdirSync(dirname(join(clone, file)), { recursive: true });
    cpSync(join(root, file), join(clone, file));
  }
  mkdirSync(join(clone, "node_modules/@tocsin"), { recursive: true });
  const ours = "@tocsin";
  for (const name of readdirSync(join(root, "node_modules")))
    if (name !== ours && name !== "tocsin" && !name.startsWith(".cache"))
      symlinkSync(join(root, "node_modules", name), join(clone, "node_modules", name));
  for (const name of readdirSync(join(root, "packages")))
    symlinkSync(join(clone, "packages", name), join(clone, "node_modules", ours, name));
  const nested = "apps/tocsin/node_modules";
  if (existsSync(join(root, nested))) symlinkSync(join(root, nested), join(clone, nested));
  symlinkSync(join(clone, "apps/tocsin"), join(clone, "node_modules/tocsin"));
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(published)(
  "%s is packed from a fresh clone, built and without tests",
  async (name) => {
    const paths = (await pack(`packages/${name}`)).files.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(["package.json", "dist/index.js", "dist/index.d.ts"]));
    expect(paths.filter((path) => /\.(test|fixture)\.|tsbuildinfo/.test(path))).toEqual([]);
  },
  120_000,
);

describe("all tarballs", () => {
  let project: string;
  const doors = published.flatMap(doorsOf);

  beforeAll(() => {
    project = join(folder, "project");
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), '{ "private": true }');
  });

  test("install in an empty project", async () => {
    const tarballs = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
    expect(tarballs).toHaveLength(published.length);
    const paths = tarballs.map((name) => join(folder, name));
    await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...paths], project);
  }, 120_000);

  test.each(promisedNodes)("open at every door on %s", async (_name, node) => {
    const script = `for (const door of ${JSON.stringify(doors)}) console.log(door, Object.keys(await import(door)).length > 0);`;
    const { stdout } = await run(node, ["--input-type=module", "--eval", script], project);
    expect(stdout.trim().split("\n")).toEqual(doors.map((door) => `${door} true`));
  });
});

test("the build succeeds on a fresh clone, and restores the package.json that a killed pack left changed", async () => {
  await run(process.execPath, ["tools/pack-manifest.mjs", "write"], clone);
  for (const name of published) rmSync(join(clone, "packages", name, "dist"), { recursive: true, force: true });
  await run("npm", ["run", "build"], clone);
  expect(readdirSync(join(clone, "packages/core/dist"))).toContain("index.js");
  const manifest = "apps/tocsin/package.json";
  expect(readFileSync(join(clone, manifest), "utf8")).toBe(readFileSync(join(root, manifest), "utf8"));
}, 120_000);

describe("the program, packed after the build", () => {
  let packed: Packed;
  let installed: string;
  let manifest: string;

  beforeAll(async () => {
    manifest = readFileSync(join(clone, "apps/tocsin/package.json"), "utf8");
    packed = await pack("apps/tocsin");
    const place = join(folder, "installed");
    mkdirSync(place);
    writeFileSync(join(place, "package.json"), '{ "private": true }');
    await run("npm", ["install", "--offline", "--no-audit", "--no-fund", join(folder, packed.filename)], place);
    installed = join(place, "node_modules/tocsin");
  }, 120_000);

  const read = (path: string): string => readFileSync(join(installed, path), "utf8");

  test("is a bundle and its licences, without sources, tests and dependencies", () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(["LICENSE", "THIRD-PARTY-LICENSES", "dist/main.js", "dist/worker-thread.js"]),
    );
    expect(
      paths.filter(
        (path) =>
          !/^(?:[A-Z-]+|README\.md|package\.json|dist\/[\w-]+\.js|dist\/console\/(?:index\.html|assets\/[\w-]+\.(?:js|css)))$/.test(
            path,
          ),
      ),
    ).toEqual([]);
    expect(packed.unpackedSize).toBeLessThan(12_000_000);
    expect(JSON.parse(read("package.json"))).not.toHaveProperty("dependencies");
    expect(readdirSync(join(installed, ".."))).toEqual([".bin", ".package-lock.json", "tocsin"]);
  });

  test("leaves package.json of the checkout unchanged", () => {
    expect(readFileSync(join(clone, "apps/tocsin/package.json"), "utf8")).toBe(manifest);
  });

  test("names the licence of each package whose code it contains", () => {
    // The bundler writes the path of each module before the code of it.
    const chunks = packed.files.filter(({ path }) => path.endsWith(".js")).map(({ path }) => read(path));
    const bundled = chunks.flatMap((text) =>
      Array.from(text.matchAll(/^\/\/ .*node_modules\/((?:@[^/\n]+\/)?[^/\n]+)\/[^\n]+$/gm), ([, name = ""]) => name),
    );
    expect(new Set(bundled).size).toBeGreaterThan(50);
    const listed = Array.from(read("THIRD-PARTY-LICENSES").matchAll(/^(\S+) \d\S* \([\w.-]+\)$/gm), ([, name]) => name);
    expect([...new Set(bundled)].filter((name) => !listed.includes(name))).toEqual([]);
  });

  /** The command as npm installs it: `env` finds this Node in PATH. */
  const installedTocsin = (node: string, args: readonly string[], cwd: string): Child =>
    new Child(join(installed, "../.bin/tocsin"), args, {
      cwd,
      env: { PAGERDUTY_ROUTING_KEY: undefined, PATH: `${dirname(node)}:${process.env["PATH"]}` },
    });

  describe.each(promisedNodes)("on %s", (_name, node) => {
    const tocsin = (args: readonly string[], cwd: string): Child => installedTocsin(node, args, cwd);

    test("lists its commands", async () => {
      await using help = tocsin(["--help"], emptyDir());
      expect(await help.ended).toEqual({ code: 0, signal: null });
      const commands = Array.from(help.stdout.matchAll(/^ {2}([a-z]+)(?= )/gm), ([, command]) => command);
      expect(commands).toEqual(
        expect.arrayContaining(["serve", "demo", "simulator", "config", "ledger", "explain", "targets", "send"]),
      );
    });

    test("pages its simulator, explains why, keeps its ledger over a restart, and ends after SIGTERM", async () => {
      const dir = emptyDir();
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const start = async (): Promise<Child> => {
        const service = tocsin(["--listen", `127.0.0.1:${port}`], dir);
        await waitUntil("it is ready", async () => (await fetch(`${url}/readyz`)).ok);
        return service;
      };
      const send = (status: string): Promise<Response> =>
        fetch(`${url}/api/v1/webhook/alertmanager`, {
          method: "POST",
          body: JSON.stringify({ alerts: [{ status, labels: { alertname: "DiskFull", severity: "critical" } }] }),
        });
      await using first = await start();
      expect((await send("firing")).status).toBe(200);
      const [, simulator] = await first.untilItSays(/^ +simulator +(http:\S+)$/m);
      const incident = async (state: string): Promise<boolean> =>
        ((await (await fetch(`${simulator}/_sim/incidents`)).text()).match(/"status":"(\w+)"/)?.[1] ?? "") === state;
      await waitUntil("the simulator has the incident", () => incident("triggered"));
      await using explained = tocsin(["explain", "--matcher", 'alertname="DiskFull"', "--url", url], dir);
      expect(await explained.ended).toEqual({ code: 0, signal: null });
      expect(explained.stdout).toContain("delivered");
      expect(await first.end("SIGTERM")).toEqual({ code: 0, signal: null });
      await using second = await start();
      expect((await send("resolved")).status).toBe(200);
      await waitUntil("the incident is resolved", () => incident("resolved"));
      expect(await second.end("SIGTERM")).toEqual({ code: 0, signal: null });
      expect(first.stderr + second.stderr).not.toMatch(/"level":"error"/);
    });

    test("connects to PostgreSQL, Kubernetes and a collector of traces with what the bundle contains", async () => {
      await using collector = await Collector.open();
      const dir = emptyDir();
      const port = await freePort();
      const closed = `127.0.0.1:${await freePort()}`;
      const key = Buffer.alloc(32).toString("base64");
      writeFileSync(
        join(dir, "postgres.yaml"),
        JSON.stringify({ ledger: { url: `postgres://tocsin@${closed}/tocsin`, encryptionKey: key } }),
      );
      await using fleet = tocsin(["--config", "postgres.yaml"], dir);
      expect(await fleet.ended).toEqual({ code: 1, signal: null });
      expect(fleet.stderr).toContain(`cannot be opened: connect ECONNREFUSED ${closed}`);
      writeFileSync(
        join(dir, "kubeconfig"),
        JSON.stringify({
          apiVersion: "v1",
          kind: "Config",
          "current-context": "here",
          clusters: [{ name: "here", cluster: { server: `https://${closed}` } }],
          users: [{ name: "me", user: { token: "token" } }],
          contexts: [{ name: "here", context: { cluster: "here", user: "me" } }],
        }),
      );
      writeFileSync(
        join(dir, "kubernetes.yaml"),
        JSON.stringify({
          server: { listen: `127.0.0.1:${port}` },
          telemetry: { traces: { otlp: collector.url } },
          discovery: { kubernetes: { enabled: true, namespaces: ["default"], kubeconfig: join(dir, "kubeconfig") } },
        }),
      );
      await using service = tocsin(["--config", "kubernetes.yaml"], dir);
      await service.untilItSays(/"source":"kubernetes"[^\n]*the connection failed \(ECONNREFUSED\)/);
      const body = JSON.stringify({ alerts: [{ status: "firing", labels: { alertname: "DiskFull" } }] });
      await fetch(`http://127.0.0.1:${port}/api/v1/webhook/alertmanager`, { method: "POST", body });
      await waitUntil("the trace is exported", () => collector.spans.some(({ name }) => name === "record"));
      expect(collector.invalid).toEqual([]);
    });
  });

  test("plays the demo on the oldest Node", async () => {
    await using demo = installedTocsin(promisedNodes[0][1], ["demo"], emptyDir());
    expect(await demo.ended).toEqual({ code: 0, signal: null });
    expect(demo.stdout).toMatch(/^refused +0 events$/m);
    expect(demo.stderr).not.toMatch(/"level":"error"/);
  });
});
