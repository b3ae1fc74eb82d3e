import type { Issue } from "@tocsin/core";
import { LineCounter, parseDocument } from "yaml";

/** What a text holds, or why nobody can tell. No message repeats the text: it holds credentials. */
export type ParsedText = { readonly value: unknown } | { readonly issues: readonly Issue[] };

/** JSON, more strictly than `JSON.parse`, which takes the last of two equal keys: a filter could vanish so. */
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

/** YAML 1.2, one document. JSON is YAML too. */
export function parseYaml(text: string): ParsedText {
  if (text.trim() === "") return wrong("is empty");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const [first] = [...document.errors, ...document.warnings];
  if (first !== undefined) {
    const { line, col } = lines.linePos(first.pos[0]);
    // Its message may quote the text; its code is words enough.
    return wrong(`is not valid YAML: ${first.code.toLowerCase().replaceAll("_", " ")} (line ${line}, column ${col})`);
  }
  try {
    return { value: document.toJS() as unknown };
  } catch {
    return wrong("has too many aliases");
  }
}

const wrong = (message: string): ParsedText => ({ issues: [{ path: "", message }] });

/** Where V8 says it is wrong; where it quotes the text instead, the first thing that JSON has no word for. */
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

/** Of valid JSON: where a key begins that its object had before. */
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
