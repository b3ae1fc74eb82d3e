import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@tocsin/core";
import { describe, expect, test } from "vitest";
import { discoveryContract, type TestPlace } from "../discovery-contract.fixture.ts";
import { Watched } from "../watched.fixture.ts";
import { FileDiscovery, type FileDiscoveryOptions } from "./file-discovery.ts";

/** A directory for one test. */
class Directory implements TestPlace {
  readonly root = mkdtempSync(join(tmpdir(), "tocsin-files-"));
  readonly path = join(this.root, "targets");

  constructor() {
    mkdirSync(this.path);
  }

  discovery(more: Partial<FileDiscoveryOptions> = {}): FileDiscovery {
    return new FileDiscovery({
      where: "targets",
      directory: this.path,
      env: {},
      clock: systemClock,
      pollMs: 200,
      ...more,
    });
  }

  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.file(name), text);
  }

  async put(name: string, target: object): Promise<void> {
    this.write(`${name}.json`, JSON.stringify(target));
  }

  async putBroken(name: string): Promise<void> {
    this.write(`${name}.json`, '{"v":');
  }

  async remove(name: string): Promise<void> {
    unlinkSync(this.file(`${name}.json`));
  }

  async block(): Promise<void> {
    renameSync(this.path, `${this.path}-away`);
  }

  async unblock(): Promise<void> {
    renameSync(`${this.path}-away`, this.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.root, { recursive: true });
  }
}

discoveryContract("directories of files", async () => new Directory());

/** A watched directory with one target, `{ "v": 1 }` in `a.json`. */
async function watchedFile() {
  const directory = new Directory();
  await directory.put("a", { v: 1 });
  const watched = new Watched(directory.discovery());
  await watched.until(() => watched.discovery.targets?.length === 1);
  return {
    directory,
    watched,
    says: (v: unknown) => watched.until(() => JSON.stringify(watched.known) === JSON.stringify({ "a.json": v })),
    async [Symbol.asyncDispose]() {
      await watched.discovery.stop();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe("a file that is saved", () => {
  test("by renaming a new file over it is seen, and never appears missing or broken", async () => {
    await using one = await watchedFile();
    one.directory.write("a.json.tmp", '{"v":2}');
    renameSync(one.directory.file("a.json.tmp"), one.directory.file("a.json"));
    await one.says({ v: 2 });
    expect(one.watched.changes).toBe(2);
  });

  test("by moving the old file away and writing a new one never appears missing", async () => {
    await using one = await watchedFile();
    renameSync(one.directory.file("a.json"), one.directory.file("a.json~"));
    one.directory.write("a.json", '{"v":2}');
    await one.says({ v: 2 });
    expect(one.watched.changes).toBe(2);
  });

  test("in place, in several steps with pauses, never appears broken", async () => {
    await using one = await watchedFile();
    const file = one.directory.file("a.json");
    truncateSync(file);
    await one.directory.put("b", {});
    await one.watched.until(() => one.watched.discovery.targets?.length === 2);
    expect(one.watched.known).toEqual({ "a.json": { v: 1 }, "b.json": {} });
    await one.directory.remove("b");
    const written = openSync(file, "w");
    writeSync(written, '{"v"');
    writeSync(written, ":2}");
    closeSync(written);
    await one.says({ v: 2 });
  });

  test("as Kubernetes does in a mounted Secret, by swapping `..data`, is seen; hidden entries are ignored", async () => {
    await using directory = new Directory();
    const swap = (version: string, v: number) => {
      mkdirSync(directory.file(`..${version}`));
      directory.write(`..${version}/a.json`, JSON.stringify({ v }));
      symlinkSync(`..${version}`, directory.file("..data_tmp"));
      renameSync(directory.file("..data_tmp"), directory.file("..data"));
    };
    swap("2026_01", 1);
    symlinkSync("..data/a.json", directory.file("a.json"));
    await using watched = new Watched(directory.discovery());
    await watched.until(() => watched.discovery.targets?.length === 1);
    swap("2026_02", 2);
    rmSync(directory.file("..2026_01"), { recursive: true });
    await watched.until(() => JSON.stringify(watched.known) === '{"a.json":{"v":2}}');
    expect(watched.changes).toBe(2);
  });

  test("with the same text is no change", async () => {
    await using one = await watchedFile();
    one.directory.write("a.json", '{"v":1}');
    await one.directory.put("b", {});
    await one.watched.until(() => one.watched.discovery.targets?.length === 2);
    expect(one.watched.changes).toBe(2);
  });
});

describe("a directory", () => {
  test("may hold JSON and YAML, single targets and lists; all other files are ignored", async () => {
    await using directory = new Directory();
    directory.write("a.json", '[{"v":1},{"v":2}]');
    directory.write("b.yaml", "v: 3\n");
    directory.write("c.YML", "- v: 4\n- v: 5\n");
    directory.write("d.txt", "v: 6");
    directory.write("e.json~", "{}");
    mkdirSync(directory.file("f.json"));
    symlinkSync("nowhere", directory.file("g.json"));
    await using watched = new Watched(directory.discovery());
    await watched.until(() => watched.discovery.targets !== undefined);
    expect(watched.discovery.targets).toEqual([
      { place: "targets/a.json[0]", input: { v: 1 } },
      { place: "targets/a.json[1]", input: { v: 2 } },
      { place: "targets/b.yaml", input: { v: 3 } },
      { place: "targets/c.YML[0]", input: { v: 4 } },
      { place: "targets/c.YML[1]", input: { v: 5 } },
    ]);
  });

  test("that is deleted and created again is watched again", async () => {
    await using one = await watchedFile();
    rmSync(one.directory.path, { recursive: true });
    await one.watched.until(() => one.watched.discovery.syncState.error === "no such directory");
    expect(one.watched.discovery.targets).toHaveLength(1);
    mkdirSync(one.directory.path);
    await one.directory.put("a", { v: 7 });
    await one.says({ v: 7 });
  });
});

describe("a file", () => {
  test("whose list broke keeps all its places, also those from before a restart", async () => {
    await using directory = new Directory();
    directory.write("a.json", '[{"v":1},{"v":2}]');
    await using watched = new Watched(directory.discovery());
    await watched.until(() => watched.discovery.targets?.length === 2);
    const lastKnown = watched.discovery.targets ?? [];
    directory.write("a.json", '[{"v":1},');
    await watched.until(() => watched.discovery.targets?.[0]?.issues !== undefined);
    const places = ["targets/a.json[0]", "targets/a.json[1]"];
    expect(watched.discovery.targets?.map(({ place }) => place)).toEqual(places);
    await using again = new Watched(directory.discovery({ lastKnown }));
    await again.until(() => again.discovery.targets !== undefined);
    expect(again.discovery.targets?.map(({ place, issues }) => [place, issues?.length])).toEqual(
      places.map((place) => [place, 1]),
    );
  });

  test("that is too large says so", async () => {
    await using directory = new Directory();
    directory.write("large.json", `"${"x".repeat(1 << 20)}"`);
    await using watched = new Watched(directory.discovery());
    await watched.until(() => watched.discovery.targets !== undefined);
    expect(watched.known?.["large.json"]).toBe("is larger than 1 MiB");
  });

  // The superuser may read every file.
  test.skipIf(process.getuid?.() === 0)("that may not be read says so", async () => {
    await using directory = new Directory();
    directory.write("locked.json", "{}");
    chmodSync(directory.file("locked.json"), 0);
    await using watched = new Watched(directory.discovery());
    await watched.until(() => watched.discovery.targets !== undefined);
    expect(watched.known?.["locked.json"]).toBe("cannot be read (EACCES)");
  });

  test("that takes a secret from another file changes with that file", async () => {
    await using directory = new Directory();
    const key = join(directory.root, "key");
    writeFileSync(key, "first\n");
    await directory.put("a", { headers: { routing_key: { file: "../key" } } });
    await using watched = new Watched(directory.discovery());
    await watched.until(() => watched.discovery.targets?.length === 1);
    expect(watched.discovery.readSecret({ file: "../key" })).toBe("first");
    const [first] = watched.discovery.targets ?? [];
    writeFileSync(key, "second\n");
    await watched.until(() => watched.discovery.targets?.[0] !== first);
    expect(watched.discovery.readSecret({ file: "../key" })).toBe("second");
  });
});
