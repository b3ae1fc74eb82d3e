import type { ContainerDigest, TemplateDigest } from "./template-digest.ts";

/** Maximum number of lines of a diff; the last one then counts those that were left out. */
const maxLines = 30;

/** Maximum length of one line, UTF-16 units. Names in Kubernetes have up to 253 characters. */
const maxLineLength = 300;

/**
 * Describes the difference of two templates for people, one line per kind of difference: `image web 1.2 → 1.3`, `env of web added:
 * LOG_LEVEL`. It names environment variables and other fields, and shows the values of images and resources only.
 */
export function templateDiff(before: TemplateDigest, after: TemplateDigest): string[] {
  const known = !before.isPartial && !after.isPartial;
  const containers = sorted(before.containers, after.containers);
  const lines = [
    ...containers.flatMap((name) => imageLine(name, at(before.containers, name), at(after.containers, name))),
    ...containers.flatMap((name) => {
      const [old, next] = [at(before.containers, name), at(after.containers, name)];
      if (old === undefined || next === undefined) return [];
      return [...resourceLines(name, old, next), ...(known ? containerLines(name, old, next) : [])];
    }),
    ...(known ? templateLines(before, after) : []),
  ];
  return bounded(lines);
}

function templateLines(before: TemplateDigest, after: TemplateDigest): string[] {
  return [
    ...nameLines("config maps", toRecord(before.configMaps), toRecord(after.configMaps)),
    ...nameLines("secrets", toRecord(before.secrets), toRecord(after.secrets)),
    ...changedLine("also changed", before.rest, after.rest),
  ];
}

const containerLines = (name: string, old: ContainerDigest, next: ContainerDigest): string[] => [
  ...nameLines(`env of ${name}`, old.env, next.env),
  ...changedLine(`changed in ${name}`, old.rest, next.rest),
];

function imageLine(name: string, old: ContainerDigest | undefined, next: ContainerDigest | undefined): string[] {
  if (old === undefined) return [`container ${name} added: ${next?.image ?? ""}`];
  if (next === undefined) return [`container ${name} removed`];
  if (old.image === next.image) return [];
  const [from, to] = [imageParts(old.image), imageParts(next.image)];
  if (from.repository !== to.repository) return [`image ${name} ${old.image} → ${next.image}`];
  return [`image ${name} ${from.version} → ${to.version}`];
}

/** Splits `registry:5000/shop/web:1.2@sha256:…` into its repository and its tag, else its shortened digest. */
export function imageParts(image: string): { readonly repository: string; readonly version: string } {
  const [named = "", digest] = image.split("@");
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const repository = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  // One tag may be pushed again with another content, so the digest counts too.
  const short = digest?.slice(0, "sha256:".length + 12);
  return { repository, version: [tag, short].filter((part) => part !== undefined).join("@") || "latest" };
}

const resourceLines = (name: string, old: ContainerDigest, next: ContainerDigest): string[] =>
  sorted(old.resources, next.resources).flatMap((what) => {
    const [from = "none", to = "none"] = [at(old.resources, what), at(next.resources, what)];
    return from === to ? [] : [`${what} of ${name} ${from} → ${to}`];
  });

function nameLines(what: string, old: Readonly<Record<string, string>>, next: Readonly<Record<string, string>>) {
  const names = sorted(old, next);
  const line = (how: string, some: readonly string[]) => (some.length === 0 ? [] : [`${what} ${how}: ${listed(some)}`]);
  return [
    ...line(
      "added",
      names.filter((name) => at(old, name) === undefined),
    ),
    ...line(
      "removed",
      names.filter((name) => at(next, name) === undefined),
    ),
    ...line(
      "changed",
      names.filter((name) => Object.hasOwn(old, name) && Object.hasOwn(next, name) && old[name] !== next[name]),
    ),
  ];
}

function changedLine(what: string, old: Readonly<Record<string, string>>, next: Readonly<Record<string, string>>) {
  const names = sorted(old, next).filter((name) => at(old, name) !== at(next, name));
  return names.length === 0 ? [] : [`${what}: ${listed(names)}`];
}

/** As many names as fit into a line. */
function listed(names: readonly string[]): string {
  let text = "";
  for (const [index, name] of names.entries()) {
    const longer = text === "" ? name : `${text}, ${name}`;
    if (longer.length > maxLineLength - 60) return `${text} and ${names.length - index} more`;
    text = longer;
  }
  return text;
}

/** Names come from manifests, and one may be that of a property of every object, such as `constructor`. */
const at = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;

const toRecord = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, ""]));

const sorted = (before: object, after: object): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();

function bounded(lines: readonly string[]): string[] {
  const short = lines.map((line) => (line.length > maxLineLength ? `${line.slice(0, maxLineLength - 1)}…` : line));
  if (short.length <= maxLines) return short;
  return [...short.slice(0, maxLines - 1), `and ${short.length - maxLines + 1} more differences`];
}
