import type { Issue } from "@tocsin/core";
import { LineCounter, parseDocument } from "yaml";

/** The value of a text, or the reason why it cannot be parsed. No message repeats the text, because it holds credentials. */
export type ParsedText = { readonly value: unknown } | { readonly issues: readonly Issue[] };

/** Parses JSON more strictly than `JSON.parse`, which takes the last of two equal keys: a filter could get lost that way. */
export function parseJson(text: string): ParsedText {
  const json = text.replace(/^\uFEFF/, "");
  if (json.trim() === "") return wrong("is empty");
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return wrong(`is not valid JSON${placeOf(json, error as Error)}`);
  }
  const twice = repeatedKeyAt(json);
  return twice === undefined ? { value } : wrong(`has a key twice${lineOf(json, twice)}`);
}

/** Parses YAML 1.2, one document. JSON is valid YAML. */
export function parseYaml(text: string): ParsedText {
  if (text.trim() === "") return wrong("is empty");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const [first] = [...document.errors, ...document.warnings];
  if (first !== undefined) {
    const { line, col } = lines.linePos(first.pos[0]);
    // The message may quote the text; the error code is clear enough.
    return wrong(`is not valid YAML: ${first.code.toLowerCase().replaceAll("_", " ")} (line ${line}, column ${col})`);
  }
  try {
    return { value: document.toJS() as unknown };
  } catch {
    return wrong("has too many aliases");
  }
}

const wrong = (message: string): ParsedText => ({ issues: [{ path: "", message }] });

/**
 * Returns the position that V8 reports. If V8 quotes the text instead, returns the position of the first character that no JSON
 * token starts with.
 */
function placeOf(json: string, { message }: Error): string {
  const said = / at position (\d+)/.exec(message)?.[1];
  const at = said === undefined ? strangeAt(json) : Number(said);
  return at === undefined ? "" : lineOf(json, at);
}

function lineOf(text: string, at: number): string {
  const before = text.slice(0, at).split("\n");
  return ` (line ${before.length}, column ${(before.at(-1) ?? "").length + 1})`;
}

const token = /\s+|"(?:[^"\\\n]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/y;

function strangeAt(json: string): number | undefined {
  for (let at = 0; at < json.length; at = token.lastIndex) {
    token.lastIndex = at;
    if (!token.test(json)) return at;
  }
  return undefined;
}

/** Returns, for valid JSON, the position of the first key that its object already has. */
function repeatedKeyAt(json: string): number | undefined {
  const objects: (Set<string> | undefined)[] = [];
  for (const { 0: word, index } of json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g)) {
    if (word === "{") objects.push(new Set());
    else if (word === "[") objects.push(undefined);
    else if (word === "}" || word === "]") objects.pop();
    else if (word.endsWith(":")) {
      const key = JSON.parse(word.slice(0, -1)) as string;
      const keys = objects.at(-1);
      if (keys?.has(key)) return index;
      keys?.add(key);
    }
  }
  return undefined;
}
