import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseDocument } from "yaml";

/** Maximum depth; no configuration and no target is deeper. */
const maxDepth = 32;

/** Returns the path of every `{ file: … }` in a parsed document, as written. */
export function secretFilesIn(value: unknown, depth = 0): string[] {
  if (typeof value !== "object" || value === null || depth > maxDepth) return [];
  const { file } = value as { file?: unknown };
  if (typeof file === "string" && Object.keys(value).length === 1) return [file];
  return Object.values(value).flatMap((inner) => secretFilesIn(inner, depth + 1));
}

/**
 * Returns the configuration file and every file that it names: secrets, certificates, kubeconfigs; but not the directories
 * of `discovery.files`, which have their own watch. Works for a configuration with mistakes too, because a repair of one of
 * these files may make it valid.
 */
export function namedFiles(configFile: string): string[] {
  const input = parsed(configFile);
  const named = [...secretFilesIn(input), ...kubeconfigsIn(input)];
  return [...new Set([configFile, ...named.map((path) => resolve(dirname(configFile), path))])];
}

function parsed(configFile: string): unknown {
  try {
    return parseDocument(readFileSync(configFile, "utf8")).toJS();
  } catch {
    // The file is missing or not YAML; the reload reports it.
    return undefined;
  }
}

function kubeconfigsIn(input: unknown): string[] {
  type Block = { readonly kubernetes?: { readonly kubeconfig?: unknown } | null } | null;
  const { discovery, changes } = (input ?? {}) as { readonly discovery?: Block; readonly changes?: Block };
  return [discovery?.kubernetes?.kubeconfig, changes?.kubernetes?.kubeconfig].filter(
    (path) => typeof path === "string",
  );
}
