import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";

const encodings = ["br", "gzip"] as const;
type Encoding = (typeof encodings)[number];

/** A file of the page, in the form that an answer has. */
export interface ConsoleFile {
  readonly type: string;
  /** Its name changes with its content. */
  readonly isHashed: boolean;
  readonly content: Readonly<Record<Encoding | "identity", Buffer>>;
  readonly etag: string;
}

/** The built page, in memory. It has about 100 kB. */
export interface ConsolePage {
  readonly index: ConsoleFile;
  /** The other files, by their path below the page's folder. */
  readonly files: ReadonlyMap<string, ConsoleFile>;
}

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Reads the built page and compresses it. `basePath`: the path below which browsers see it. */
export async function readConsolePage(folder: string, basePath = ""): Promise<ConsolePage> {
  const index = await readFile(join(folder, "index.html"), "utf8");
  const names = await readdir(join(folder, "assets"));
  const files = names.map(async (name): Promise<[string, ConsoleFile]> => {
    const path = `assets/${name}`;
    return [path, await fileOf(path, await readFile(join(folder, path)))];
  });
  return {
    index: await fileOf("index.html", Buffer.from(atBasePath(index, basePath))),
    files: new Map(await Promise.all(files)),
  };
}

/**
 * The page answers at paths of different depth, so it names its files by absolute paths; the policy forbids `<base>`. Scripts of the
 * page find the base path in an attribute.
 */
const atBasePath = (html: string, basePath: string): string =>
  html.replaceAll(/(?<= (?:href|src)=")\.(?=\/)/g, basePath).replace("<html", `<html data-base="${basePath}"`);

async function fileOf(path: string, identity: Buffer): Promise<ConsoleFile> {
  const [br, gzipped] = await Promise.all([promisify(brotliCompress)(identity), compressed(identity, { level: 9 })]);
  return {
    type: types[extname(path)] ?? "application/octet-stream",
    isHashed: /-[\w-]{8,}\.\w+$/.test(path),
    content: { identity, br, gzip: gzipped },
    etag: createHash("sha256").update(identity).digest("base64url").slice(0, 22),
  };
}

const compressed = promisify<Buffer, object, Buffer>(gzip);

/** Returns the best encoding that a client accepts. */
export function encodingFor(acceptEncoding = ""): Encoding | "identity" {
  const accepted = acceptEncoding
    .split(",")
    .map((one) => one.split(";").map((part) => part.trim().toLowerCase()))
    .flatMap(([name = "", ...parameters]) => (parameters.some((one) => /^q=0(?:\.0*)?$/.test(one)) ? [] : [name]));
  return encodings.find((encoding) => accepted.includes(encoding)) ?? "identity";
}
