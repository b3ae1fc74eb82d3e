type Cell = string | number | null | undefined;

/** Formats rows under headings, with columns as wide as their longest cell. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cells = [headings, ...rows.map((row) => row.map(printable))];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** Removes control sequences: texts of alerts are untrusted, and a terminal would run them. */
export const printable = (value: Cell): string => String(value ?? "").replace(/\p{C}/gu, "�");
