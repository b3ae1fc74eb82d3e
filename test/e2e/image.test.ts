import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { finished } from "node:stream/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Child } from "../support/child.ts";
import { freePort } from "../support/free-port.ts";
import { PagerDuty } from "../support/pagerduty.ts";
import { waitUntil } from "../support/wait-until.ts";

const root = join(import.meta.dirname, "../..");
const stage = join(root, "deploy/image/stage.ts");
/** The folder of the npm package with the Node that runs this test. */
const node = join(dirname(process.execPath), "..");
const isDebian = existsSync("/usr/share/ca-certificates/mozilla") && existsSync("/var/lib/dpkg/status");
const isPossible = process.platform === "linux" && process.arch === "x64" && isDebian && process.getuid?.() === 0;
if (!isPossible) {
  const needs = "the image's root file system is tested on Debian (amd64, with ca-certificates), as root";
  if (process.env["CI"]) throw new Error(needs);
  console.warn(`SKIPPED: ${needs}`);
}

const hashOf = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

describe.skipIf(!isPossible)("the root file system of the image", () => {
  let folder: string;
  let rootFs: string;
  let entries: string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tocsin-image-"));
    execFileSync(process.execPath, [
      "--conditions=@tocsin/source",
      join(root, "scripts/bundle.ts"),
      join(folder, "program"),
    ]);
    await staged("first", "022");
    rootFs = join(folder, "root");
    mkdirSync(rootFs);
    const tar = join(folder, "first/root-fs.tar");
    execFileSync("tar", ["-xpf", tar, "-C", rootFs]);
    entries = execFileSync("tar", ["-tvf", tar], { encoding: "utf8" }).trim().split("\n");
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Makes the archive under this umask, in a directory of its own. */
  async function staged(name: string, umask: string, env: Record<string, string> = {}): Promise<void> {
    const cwd = join(folder, `at-${name}`);
    mkdirSync(cwd);
    const options = ["--arch", "amd64", "--out", join(folder, name), "--node", node, "--debian", "/"];
    const command = [process.execPath, stage, ...options, "--program", join(folder, "program")];
    const child = spawn("sh", ["-c", `umask ${umask}; exec "$@"`, "sh", ...command], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    await finished(child.stdout.resume());
  }

  /** A command in the image, as its user. */
  const run = (args: readonly string[], env: Record<string, string> = {}): Child =>
    new Child("chroot", ["--userspec=65532:65532", rootFs, ...args], { env: { PATH: "/usr/bin:/usr/sbin", ...env } });

  test("is equal byte for byte, whatever the directory, umask and time zone", async () => {
    await staged("second", "077", { TZ: "Asia/Kathmandu", LANG: "C" });
    for (const file of ["root-fs.tar", "sbom.cdx.json"])
      expect(hashOf(join(folder, "second", file))).toBe(hashOf(join(folder, "first", file)));
  }, 60_000);

  test("holds Node with its libraries, the program, authorities and licences, and nothing else", () => {
    const paths = entries.map((line) => line.split(" ").at(-1) ?? "");
    const known =
      /^(?:data\/|tmp\/|etc\/(?:group|passwd|nsswitch\.conf|ssl\/certs\/ca-certificates\.crt)|usr\/bin\/(?:node|tocsin|tocsin-health)|lib64\/ld-linux-x86-64\.so\.2|usr\/lib\/x86_64-linux-gnu\/lib\w+\+*\.so\.\d|opt\/tocsin\/(?:LICENSE|THIRD-PARTY-LICENSES|package\.json|dist\/[\w-]+\.js|dist\/console\/(?:index\.html|assets\/[\w-]+\.(?:js|css)))|usr\/share\/doc\/[\w+-]+\/copyright)$/;
    expect(
      paths.filter((path) => !known.test(path) && !paths.some((other) => other !== path && other.startsWith(path))),
    ).toEqual([]);
    const loaded = execFileSync("ldd", [process.execPath], { encoding: "utf8" }).matchAll(/^\s+(lib\S+) =>/gm);
    for (const [, name] of loaded) expect(paths).toContain(`usr/lib/x86_64-linux-gnu/${name}`);
  });

  test("is writable for its user at /data and /tmp only", () => {
    const writable = entries.filter((line) => !line.includes(" 0/0 ") || line[8] === "w");
    expect(writable.map((line) => [line.split(" ")[0], line.split(" ")[1], line.split(" ").at(-1)])).toEqual([
      ["drwx------", "65532/65532", "data/"],
      ["drwxrwxrwt", "0/0", "tmp/"],
    ]);
  });

  test("is listed in the bill of materials, with the packages", () => {
    const { components } = JSON.parse(readFileSync(join(folder, "first/sbom.cdx.json"), "utf8")) as {
      components: { type: string; name: string; version?: string }[];
    };
    const named = (name: string) => components.find((one) => one.name === name)?.version;
    expect(named("node")).toBe(process.versions.node);
    for (const name of ["libc6", "ca-certificates", "fastify", "pino"]) expect(named(name)).toMatch(/^\d/);
    const files = components.filter(({ type }) => type === "file").length;
    expect(files).toBe(entries.filter((line) => line.startsWith("-")).length);
  });

  test("runs as its user: ready, healthy, pages, and ends after SIGTERM", async () => {
    await using pagerduty = await PagerDuty.open();
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const config = { server: { listen: `127.0.0.1:${port}` }, targets: [pagerduty.target()] };
    writeFileSync(join(rootFs, "tocsin.yaml"), JSON.stringify(config));
    const startedAtMs = performance.now();
    await using service = run(["/usr/bin/tocsin"]);
    await waitUntil("it is ready", async () => (await fetch(`${url}/readyz`)).ok);
    const readyMs = Math.round(performance.now() - startedAtMs);
    await using healthy = run(["/usr/bin/tocsin-health"], { TOCSIN_HEALTH_URL: `${url}/healthz` });
    expect(await healthy.ended).toEqual({ code: 0, signal: null });
    const alert = { status: "firing", labels: { alertname: "DiskFull", severity: "critical" } };
    const body = JSON.stringify({ alerts: [alert] });
    expect((await fetch(`${url}/api/v1/webhook/alertmanager`, { method: "POST", body })).status).toBe(200);
    await waitUntil("the incident is open", () => pagerduty.incidents().length === 1);
    const stoppedAtMs = performance.now();
    expect(await service.end("SIGTERM")).toEqual({ code: 0, signal: null });
    console.info(`ready after ${readyMs} ms, ended after ${Math.round(performance.now() - stoppedAtMs)} ms`);
    expect(existsSync(join(rootFs, "data/tocsin.db"))).toBe(true);
    await using unhealthy = run(["/usr/bin/tocsin-health"], { TOCSIN_HEALTH_URL: `${url}/healthz` });
    expect(await unhealthy.ended).toEqual({ code: 1, signal: null });
  }, 60_000);

  test("ends a command that handles no signal, also as the first process of a container", async () => {
    const silent = createServer();
    await once(silent.listen(0, "127.0.0.1"), "listening");
    const connected = once(silent, "connection");
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const chroot = ["chroot", "--userspec=65532:65532", rootFs, "/usr/bin/tocsin", "stats", "--url", url];
    await using command = new Child("unshare", ["--pid", "--fork", ...chroot]);
    const [socket] = (await connected) as [Socket];
    const pid = Number(readFileSync(`/proc/${command.pid}/task/${command.pid}/children`, "utf8"));
    process.kill(pid, "SIGTERM");
    expect(await command.ended).toEqual({ code: 128 + 15, signal: null });
    socket.destroy();
    silent.close();
  });
});
