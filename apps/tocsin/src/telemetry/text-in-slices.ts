/** Number of lines that are built before other work gets a turn. */
const linesPerSlice = 1_000;

/** Gives other work a turn. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Writes the text of all metrics in slices; `pause` is awaited between two slices. */
export async function textInSlices(
  metrics: Iterable<{ lines(): Iterable<string> }>,
  pause: () => Promise<void>,
): Promise<readonly string[]> {
  const slices: string[] = [];
  let lines: string[] = [];
  for (const metric of metrics) {
    for (const text of metric.lines()) {
      lines.push(text);
      if (lines.length < linesPerSlice) continue;
      slices.push(lines.join(""));
      lines = [];
      await pause();
    }
  }
  slices.push(lines.join(""));
  return slices;
}
