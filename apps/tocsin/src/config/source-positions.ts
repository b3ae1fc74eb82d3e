import { isMap, isSeq, type Document, type LineCounter, type Node } from "yaml";

/** A position in a file, 1-based as in editors. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/**
 * Returns the position of a path such as `targets[2].name` in the text. If the path does not exist, returns the position of its
 * nearest existing ancestor.
 */
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

/** The inverse of core's `formatPath`. */
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
