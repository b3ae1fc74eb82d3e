import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { settled, VirtualClock } from "@tocsin/test";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { ConfigWatch } from "./config-watch.ts";
import { namedFiles } from "./named-files.ts";

const reloadWithinMs = 5_000;

/** A watched configuration in its own directory. */
class Place implements Disposable {
  readonly dir = mkdtempSync(join(tmpdir(), "tocsin-watch-"));
  file = join(this.dir, "tocsin.yaml");
  readonly clock = new VirtualClock();
  /** Called by each reload. */
  reload = async (): Promise<unknown> => void this.reloads++;
  reloads = 0;

  constructor(text = "targets: []\n") {
    this.write("tocsin.yaml", text);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.dir, name), text);
  }

  start(): void {
    this.watch.start({ clock: this.clock, log: pino({ enabled: false }), reload: () => this.reload() });
  }

  get watch(): ConfigWatch {
    return (this.#watch ??= new ConfigWatch(this.file));
  }
  #watch: ConfigWatch | undefined;

  /** Advances the clock by this much. Each poll finishes before the next one. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      await this.clock.advance(50);
      // A poll sets the next timer when it is done.
      while (this.clock.nextAtMs() === null) await settled();
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true });
  }
}

/** The ways in which programs replace a file. */
const replacements: Record<string, (path: string, text: string) => void> = {
  "written in place": (path, text) => writeFileSync(path, text),
  "renamed over": (path, text) => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  },
  "truncated and then written": (path, text) => {
    truncateSync(path);
    writeFileSync(path, text, { flag: "a" });
  },
  "deleted and created": (path, text) => {
    unlinkSync(path);
    writeFileSync(path, text);
  },
};

describe.each(Object.entries(replacements))("a file that is %s", (_, replace) => {
  test.each(["tocsin.yaml", "key"])("reloads within 5 s: %s", async (name) => {
    using place = new Place("targets: [{ routing_key: { file: key } }]\n");
    place.write("key", "A".repeat(32));
    place.start();
    await place.pass(3_000);
    expect(place.reloads).toBe(0);
    // The length is unchanged; only the content differs.
    replace(join(place.dir, name), name === "key" ? "B".repeat(32) : "targets: [{ routing_key: { file: kez } }]\n");
    await place.pass(reloadWithinMs);
    expect(place.reloads).toBe(1);
    await place.pass(reloadWithinMs);
    expect(place.reloads).toBe(1);
  });
});

test("reloads once when a `..data` link is swapped, as in volumes of Kubernetes", async () => {
  using place = new Place();
  const mount = join(place.dir, "mount");
  const version = (name: string, key: string) => {
    mkdirSync(join(mount, name), { recursive: true });
    writeFileSync(join(mount, name, "tocsin.yaml"), `targets: [{ routing_key: { file: key } }]\n`);
    writeFileSync(join(mount, name, "key"), key);
    symlinkSync(name, join(mount, "..data_tmp"));
    renameSync(join(mount, "..data_tmp"), join(mount, "..data"));
  };
  version("..1", "A".repeat(32));
  for (const name of ["tocsin.yaml", "key"]) symlinkSync(join("..data", name), join(mount, name));
  place.file = join(mount, "tocsin.yaml");
  place.start();
  await place.pass(2_000);
  version("..2", "B".repeat(32));
  rmSync(join(mount, "..1"), { recursive: true });
  await place.pass(reloadWithinMs);
  expect(place.reloads).toBe(1);
});

test("does not miss a change between the first reading of the configuration and the start", async () => {
  using place = new Place();
  expect(place.watch).toBeDefined();
  place.write("tocsin.yaml", "targets: [{}]\n");
  place.start();
  await place.pass(reloadWithinMs);
  expect(place.reloads).toBe(1);
});

test("reloads when a missing file appears, and watches files that are named later", async () => {
  using place = new Place("targets: [{ routing_key: { file: key } }]\n");
  place.start();
  await place.pass(reloadWithinMs);
  expect(place.reloads).toBe(0);
  place.write("key", "A");
  await place.pass(reloadWithinMs);
  expect(place.reloads).toBe(1);
  place.write("tocsin.yaml", "targets: [{ routing_key: { file: other } }]\n");
  place.write("other", "A");
  await place.pass(reloadWithinMs);
  expect(place.reloads).toBe(2);
  place.write("other", "B");
  await place.pass(reloadWithinMs);
  expect(place.reloads).toBe(3);
});

test("does not read a file while it is being replaced", async () => {
  using place = new Place();
  place.start();
  await place.pass(2_000);
  truncateSync(place.file);
  await place.pass(1_500);
  expect(place.reloads).toBe(0);
  unlinkSync(place.file);
  await place.pass(1_500);
  expect(place.reloads).toBe(0);
  place.write("tocsin.yaml", "targets: [{}]\n");
  await place.pass(reloadWithinMs);
  expect(place.reloads).toBe(1);
});

test("repeats a reload that throws until it succeeds", async () => {
  using place = new Place();
  let tries = 0;
  place.reload = async () => {
    if (++tries < 3) throw new Error("the ledger is unavailable");
  };
  place.start();
  place.write("tocsin.yaml", "targets: [{}]\n");
  await place.pass(30_000);
  expect(tries).toBe(3);
});

test("does nothing after the stop", async () => {
  using place = new Place();
  place.start();
  await place.pass(1_000);
  await place.watch.stop();
  expect(place.clock.nextAtMs()).toBeNull();
});

test("finds every named secret, certificate and kubeconfig, wherever the configuration names it", () => {
  using place = new Place();
  place.write(
    "tocsin.yaml",
    `
server: { auth: { tokens: [{ name: a, token: { file: token }, roles: [read] }] } }
ledger: { url: "postgres://x/y", password: { file: /abs/password }, tls: { ca: { file: ../ca.pem } }, encryptionKey: [{ file: k1 }, { file: k2 }] }
targets:
  - { routing_key: { file: key }, headers: { Authorization: { file: header } }, tls: { ca: { file: tls/ca.pem } } }
  - { routing_key: { env: KEY } }
discovery: { files: [./targets], kubernetes: { kubeconfig: kubeconfig } }
changes: { kubernetes: { kubeconfig: other-kubeconfig } }
unknown: { of: { later: [{ file: versions }] } }
`,
  );
  const at = (name: string) => join(place.dir, name);
  expect(namedFiles(place.file)).toEqual([
    at("tocsin.yaml"),
    ...["token"].map(at),
    "/abs/password",
    ...["../ca.pem", "k1", "k2", "key", "header", "tls/ca.pem", "versions", "kubeconfig", "other-kubeconfig"].map(at),
  ]);
  place.write("tocsin.yaml", "targets: 5");
  expect(namedFiles(place.file)).toEqual([place.file]);
  expect(namedFiles(at("missing.yaml"))).toEqual([at("missing.yaml")]);
});
