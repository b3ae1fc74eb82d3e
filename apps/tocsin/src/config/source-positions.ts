import { isMap, isSeq, type Document, type LineCounter, type Node } from "yaml";

/** 1-based, as editors count. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** Where in the text a path such as `targets[2].name` stands; where it is missing, the nearest thing around it. */
export function sourcePositionOf(document: Document, lines: LineCounter, path: string): SourcePosition | undefined {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0];
  for (const step of stepsOf(path)) {
    const next = childOf(node, step);
    if (next === undefined) break;
    offset = next.offset ?? offset;
    node = next.node;
  }
  if (offset === undefined) return undefined;
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

/** The reverse of core's `formatPath`. */
const stepsOf = (path: string): string[] =>
  Array.from(path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([\w-]+)/g), ([, index, quoted, name]) =>
    quoted === undefined ? (index ?? name ?? "") : (JSON.parse(quoted) as string),
  );

function childOf(node: Node | null, step: string): { node: Node | null; offset: number | undefined } | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(step)] as Node | undefined;
    return item && { node: item, offset: item.range?.[0] };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => String((key as { value?: unknown } | null)?.value) === step);
  return pair && { node: pair.value as Node | null, offset: (pair.key as Node).range?.[0] };
}
