import { type Issue, secretKeysOf } from "@tocsin/core";
import { targetTypes } from "@tocsin/publishers";

import type { WrittenTarget } from "../../written-target.ts";
import { parseJson } from "../parse-text.ts";

/** As much of a Secret as is looked at. */
export interface SecretObject {
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly resourceVersion?: string };
  /** Base64. Absent where it is empty. */
  readonly data?: Readonly<Record<string, string>>;
}

/** Where a whole target is written. The first is today's; the others were used by older publishers of alerts. */
const documents = ["target.json", "config.json", "config"] as const;

/** Credentials that may stand beside the target: what some type calls one, and what older publishers did. */
const credentials: readonly string[] = [...secretKeysOf(targetTypes), "token"];

/** A Secret without such an entry is one target in the oldest layout: each entry a key of it. */
const flatKeys = ["type", "url"] as const;

/**
 * Reads the target that a Secret holds: entry `target.json`, credentials beside it. The older layouts are read too, and say
 * so; docs/kubernetes.md describes them.
 */
export function targetOfSecret({ metadata = {}, data = {} }: SecretObject): WrittenTarget {
  const { name = "", namespace = "" } = metadata;
  const texts = new Map(Object.entries(data).map(([entry, value]) => [entry, Buffer.from(value, "base64").toString()]));
  const beside = Object.fromEntries(
    credentials.flatMap((entry) => (texts.has(entry) ? [[entry, texts.get(entry)]] : [])),
  );
  return { place: `${namespace}/${name}`, name, namespace, beside, ...inputOf(texts) } as WrittenTarget;
}

type Input = Pick<WrittenTarget, "input" | "issues" | "warnings">;

function inputOf(texts: ReadonlyMap<string, string>): Input {
  const [entry, ...others] = documents.filter((one) => texts.has(one));
  if (entry !== undefined) {
    const older = entry === "target.json" ? [] : [issue(entry, `is an older layout; name the entry target.json`)];
    const ignored = others.map((one) => issue(one, `is not looked at, since there is ${entry}`));
    return { ...documentOf(entry, texts.get(entry) ?? ""), warnings: [...older, ...ignored] };
  }
  if (!flatKeys.some((key) => texts.has(key))) {
    return { input: undefined, issues: [issue("target.json", "required: the entry that holds the target")] };
  }
  const fields = [...texts].filter(([key]) => !credentials.includes(key));
  const input = Object.fromEntries(fields.map(([key, text]) => [key, valueOf(text.trim())]));
  return { input, warnings: [issue("", "one entry per key is an older layout; put them into target.json")] };
}

function documentOf(entry: string, text: string): Pick<Input, "input" | "issues"> {
  const parsed = parseJson(text);
  if ("value" in parsed) return { input: parsed.value };
  const twice = "value" in parseJson(Buffer.from(text.trim(), "base64").toString());
  const message = twice ? "is base64 twice: what is under stringData must not be encoded" : undefined;
  return { input: undefined, issues: parsed.issues.map((found) => issue(entry, message ?? found.message)) };
}

/** A key's value in the oldest layout: a text, `true`, `false`, or JSON where the key wants more. */
function valueOf(text: string): unknown {
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  if (!/^[{[]/.test(text)) return text;
  const parsed = parseJson(text);
  return "value" in parsed ? parsed.value : text;
}

const issue = (path: string, message: string): Issue => ({ path, message });
