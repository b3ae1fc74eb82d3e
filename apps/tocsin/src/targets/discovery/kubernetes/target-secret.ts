import { type Issue, secretKeysOf } from "@tocsin/core";
import { targetTypes } from "@tocsin/publishers";
import type { TargetDefinition } from "../../target-definition.ts";
import { parseJson } from "../parsed-text.ts";

/** The fields of a Secret that discovery reads. */
export interface SecretObject {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    /** RFC 3339, UTC. */
    readonly creationTimestamp?: string | null;
  };
  /** Base64. Absent when the Secret is empty. */
  readonly data?: Readonly<Record<string, string>>;
}

/** Entries that may hold a whole target. The first is the current layout; older publishers of alerts used the others. */
const documents = ["target.json", "config.json", "config"] as const;

/**
 * Entries that may hold the target's credential beside the document: the names that target types use, and those of older
 * publishers.
 */
const credentials: readonly string[] = [...secretKeysOf(targetTypes), "token"];

/** A Secret without such an entry is one target in the oldest layout, in which each entry is a key of the target. */
const flatKeys = ["type", "url"] as const;

/**
 * Maximum size of a target with its credentials. A Secret may hold 1 MiB, and everything that is read of it stays in memory.
 */
const maxBytes = 256 << 10;

/** Approximate memory of a JSON value besides its text, in bytes. */
const valueBytes = 40;

/**
 * Reads the target of a Secret: the entry `target.json`, with credentials in other entries. It also reads the older layouts,
 * with a warning; docs/kubernetes.md describes them.
 */
export function targetOfSecret({ metadata = {}, data = {} }: SecretObject): TargetDefinition {
  const { name = "", namespace = "" } = metadata;
  const read = entriesOf(data);
  if (bytesOf(read) > maxBytes) {
    const message = `the target and its credentials are larger than ${maxBytes / 1_024} KiB`;
    return { place: `${namespace}/${name}`, name, namespace, input: undefined, issues: [issue("", message)] };
  }
  const texts = new Map(read.map(([entry, value]) => [entry, Buffer.from(value, "base64").toString()]));
  const beside = Object.fromEntries(
    credentials.flatMap((entry) => (texts.has(entry) ? [[entry, texts.get(entry)]] : [])),
  );
  return { place: `${namespace}/${name}`, name, namespace, beside, ...inputOf(texts) } as TargetDefinition;
}

/** Returns the approximate memory of a Secret's target, in bytes. Many small values take more than their text. */
export function weightOf({ data = {} }: SecretObject): number {
  const read = entriesOf(data);
  const bytes = bytesOf(read);
  if (bytes > maxBytes) return 0;
  let values = 0;
  for (const [, value] of read) {
    for (const byte of Buffer.from(value, "base64")) if (byte === comma || byte === brace || byte === bracket) values++;
  }
  return bytes + values * valueBytes;
}

const [comma, brace, bracket] = Buffer.from(",{[");

type Entries = readonly (readonly [entry: string, base64: string])[];

/** The entries that are read: a document and credentials; in the oldest layout, all entries. */
function entriesOf(data: Readonly<Record<string, string>>): Entries {
  const known = documents.some((entry) => entry in data) || !flatKeys.some((key) => key in data);
  const relevant = new Set<string>([...documents, ...credentials]);
  return Object.entries(data).filter(([entry]) => !known || relevant.has(entry));
}

const bytesOf = (entries: Entries): number =>
  entries.reduce((bytes, [, base64]) => bytes + Buffer.byteLength(base64, "base64"), 0);

type Input = Pick<TargetDefinition, "input" | "issues" | "warnings">;

function inputOf(texts: ReadonlyMap<string, string>): Input {
  const [entry, ...others] = documents.filter((one) => texts.has(one));
  if (entry !== undefined) {
    const older = entry === "target.json" ? [] : [issue(entry, `is an older layout; rename the entry to target.json`)];
    const ignored = others.map((one) => issue(one, `is ignored, because the Secret has ${entry}`));
    return { ...documentOf(entry, texts.get(entry) ?? ""), warnings: [...older, ...ignored] };
  }
  if (!flatKeys.some((key) => texts.has(key))) {
    return { input: undefined, issues: [issue("target.json", "is required: this entry holds the target")] };
  }
  const fields = [...texts].filter(([key]) => !credentials.includes(key));
  const input = Object.fromEntries(fields.map(([key, text]) => [key, valueOf(text.trim())]));
  return { input, warnings: [issue("", "one entry per key is an older layout; put them into target.json")] };
}

function documentOf(entry: string, text: string): Pick<Input, "input" | "issues"> {
  const parsed = parseJson(text);
  if ("value" in parsed) return { input: parsed.value };
  const twice = "value" in parseJson(Buffer.from(text.trim(), "base64").toString());
  const message = twice ? "is base64 twice: values under stringData must not be encoded" : undefined;
  return { input: undefined, issues: parsed.issues.map((found) => issue(entry, message ?? found.message)) };
}

/** Reads a key's value in the oldest layout: a text, `true`, `false`, or JSON if the key expects more. */
function valueOf(text: string): unknown {
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  if (!/^[{[]/.test(text)) return text;
  const parsed = parseJson(text);
  return "value" in parsed ? parsed.value : text;
}

const issue = (path: string, message: string): Issue => ({ path, message });
