import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { elfNeeds } from "./elf.ts";
import type { Entry } from "./tar.ts";

export const architectures = ["amd64", "arm64"] as const;
export type Architecture = (typeof architectures)[number];

/** The directory of libraries in Debian. */
const libraryFolders: Readonly<Record<Architecture, string>> = {
  amd64: "x86_64-linux-gnu",
  arm64: "aarch64-linux-gnu",
};

/** Debian's packages that hold the libraries of Node and the authorities. */
export const debianPackages = ["ca-certificates", "libatomic1", "libc6", "libgcc-s1", "libstdc++6"] as const;

/** The user of the service; the same as in distroless images and in deploy/k8s. */
export const user = 65_532;

export interface RootFsSources {
  readonly architecture: Architecture;
  /** Folder of the npm package with Node's binary. */
  readonly node: string;
  /** Root of a Debian system of that architecture, such as `/`, with the packages above. */
  readonly debian: string;
  /** Folder with `dist`, `LICENSE` and `THIRD-PARTY-LICENSES` of the program. */
  readonly program: string;
}

/** Returns every file and directory of the image. The result depends on the content of the sources alone. */
export function rootFs({ architecture, node, debian, program }: RootFsSources): Entry[] {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, "../../apps/tocsin/package.json"), "utf8")) as {
    readonly name: string;
    readonly version: string;
    readonly license: string;
  };
  const { name, version, license } = manifest;
  const binary = readFileSync(join(node, "bin/node"));
  const dist = readdirSync(join(program, "dist"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name: file }) => join(parentPath, file))
    .toSorted()
    .map((file) => text(join("opt/tocsin", relative(program, file)), file));
  const files: Entry[] = [
    { path: "usr/bin/node", mode: 0o755, content: binary },
    ...librariesOf(binary, architecture, debian),
    script("usr/bin/tocsin", tocsin),
    script("usr/bin/tocsin-health", health),
    ...dist,
    text("opt/tocsin/LICENSE", join(program, "LICENSE")),
    text("opt/tocsin/THIRD-PARTY-LICENSES", join(program, "THIRD-PARTY-LICENSES")),
    written("opt/tocsin/package.json", `${JSON.stringify({ name, version, license, type: "module" })}\n`),
    text("usr/share/doc/node/copyright", join(node, "LICENSE")),
    ...debianPackages.map((one) =>
      text(`usr/share/doc/${one}/copyright`, join(debian, `usr/share/doc/${one}/copyright`)),
    ),
    written("etc/ssl/certs/ca-certificates.crt", authoritiesIn(debian)),
    written("etc/passwd", `root:x:0:0:root:/:/nologin\ntocsin:x:${user}:${user}:tocsin:/data:/nologin\n`),
    written("etc/group", `root:x:0:\ntocsin:x:${user}:\n`),
    written("etc/nsswitch.conf", "hosts: files dns\n"),
  ];
  const parents = new Set(files.flatMap(({ path }) => parentsOf(path)));
  return [
    ...files,
    ...[...parents].map((path) => ({ path, mode: 0o755 })),
    { path: "data", mode: 0o700, owner: user },
    { path: "tmp", mode: 0o1777 },
  ];
}

/** Signals of a process without a parent are ignored unless it handles them: these end a command that handles none. */
const tocsin = `#!/usr/bin/node --max-semi-space-size=8
for (const [signal, number] of [["SIGINT", 2], ["SIGTERM", 15]])
  process.on(signal, () => process.listenerCount(signal) === 1 && process.exit(128 + number));
import("/opt/tocsin/dist/main.js");
`;

const health = `#!/usr/bin/node
const url = process.env.TOCSIN_HEALTH_URL ?? "http://127.0.0.1:9877/healthz";
fetch(url, { signal: AbortSignal.timeout(4_000) }).then(({ ok }) => process.exit(ok ? 0 : 1), ({ message }) => {
  console.error(url + ": " + message);
  process.exit(1);
});
`;

const written = (path: string, content: string): Entry => ({ path, mode: 0o644, content: Buffer.from(content) });
const text = (path: string, from: string): Entry => ({ path, mode: 0o644, content: readFileSync(from) });
const script = (path: string, content: string): Entry => ({ ...written(path, content), mode: 0o755 });

const parentsOf = (path: string): string[] => {
  const parent = dirname(path);
  return parent === "." ? [] : [parent, ...parentsOf(parent)];
};

/** The libraries that a program loads, with those that these load, and the loader at the place that the program names. */
function librariesOf(program: Buffer, architecture: Architecture, debian: string): Entry[] {
  const folder = libraryFolders[architecture];
  const { interpreter = "", libraries } = elfNeeds(program);
  const loader = basename(interpreter);
  const found = new Map<string, Buffer>();
  const waiting = [loader, ...libraries];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    const content = libraryIn(debian, folder, name);
    found.set(name, content);
    waiting.push(...elfNeeds(content).libraries);
  }
  return Array.from(found, ([name, content]) => ({
    path: name === loader ? interpreter.slice(1) : `usr/lib/${folder}/${name}`,
    mode: 0o755,
    content,
  }));
}

function libraryIn(debian: string, folder: string, name: string): Buffer {
  for (const place of [`lib/${folder}`, `usr/lib/${folder}`]) {
    try {
      return readFileSync(join(debian, place, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw new Error(`${name}: not in ${debian}`);
}

/** The authorities that Debian trusts, as one file. */
function authoritiesIn(debian: string): string {
  const folder = join(debian, "usr/share/ca-certificates/mozilla");
  const names = readdirSync(folder).filter((name) => name.endsWith(".crt"));
  return names
    .toSorted()
    .map((name) => `${readFileSync(join(folder, name), "utf8").trim()}\n`)
    .join("");
}
