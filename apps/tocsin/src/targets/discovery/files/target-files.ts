import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import type { Issue } from "@tocsin/core";
import { secretFilesIn } from "../../../config/named-files.ts";
import type { TargetDefinition } from "../../target-definition.ts";
import { parseJson, type ParsedText, parseYaml } from "../parsed-text.ts";

const parsers: Readonly<Record<string, (text: string) => ParsedText>> = {
  ".json": parseJson,
  ".yaml": parseYaml,
  ".yml": parseYaml,
};

/** The same limit as for a Kubernetes Secret; no file of targets needs more. */
const largestBytes = 1 << 20;

/**
 * Returns the names of the files that hold targets, in order of precedence. Hidden files, such as `..data` of a mounted Secret,
 * are left out.
 */
export async function targetFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return names.filter((name) => !name.startsWith(".") && extname(name).toLowerCase() in parsers).toSorted();
}

async function regular(file: string) {
  const found = await stat(file, { bigint: true });
  if (!found.isFile()) throw Object.assign(new Error("no file"), { code: "EISDIR" });
  return found;
}

export interface ReadFile {
  /** Hash of the file's text. Another file with the same text has the same content. */
  readonly hash: string;
  readonly targets: readonly TargetDefinition[];
  /** Files that its targets take secrets from. */
  readonly secrets: readonly string[];
}

/**
 * Reads one file: a target, or a list of targets. `places` are the places of the targets that the file held before: when the
 * whole file is broken, all of them may still exist.
 */
export async function readTargetFile(directory: string, name: string, o: { where: string; places: readonly string[] }) {
  const place = join(o.where, name);
  const broken = (text: string, issues: readonly Issue[]): ReadFile => {
    const places = o.places.length === 0 ? [place] : o.places;
    return {
      hash: hashOf(text),
      targets: places.map((one) => ({ place: one, input: undefined, issues })),
      secrets: [],
    };
  };
  let text: string;
  try {
    const file = join(directory, name);
    if ((await regular(file)).size > largestBytes) return broken("large", [issue("is larger than 1 MiB")]);
    text = await readFile(file, "utf8");
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    return broken(code, [issue(`cannot be read (${code})`)]);
  }
  const parsed = parsers[extname(name).toLowerCase()]?.(text) ?? { value: undefined };
  if ("issues" in parsed) return broken(text, parsed.issues);
  const { value } = parsed;
  const targets = Array.isArray(value)
    ? value.map((input: unknown, index): TargetDefinition => ({ place: `${place}[${index}]`, input }))
    : [{ place, input: value }];
  return { hash: hashOf(text), targets, secrets: secretFilesIn(value).map((file) => resolve(directory, file)) };
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("base64");

const issue = (message: string): Issue => ({ path: "", message });
