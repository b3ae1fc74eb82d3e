type Cell = string | number | null | undefined;

/** Rows under their headings, columns as wide as they must be. */
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

/** Texts of alerts come from anywhere; a terminal must not obey what stands in them. */
export const printable = (value: Cell): string => String(value ?? "").replace(/\p{C}/gu, "�");
