interface Row {
  readonly id: number;
  readonly updatedAt: string;
}

/** A page of a list that stays in place while its rows change. */
export interface LiveRows<R extends Row> {
  /** In the order in which they were first shown. */
  readonly rows: readonly R[];
  /** Changed incidents that are not on the page: they may belong to it after a refresh. */
  readonly elsewhere: ReadonlySet<number>;
  /** Rows that the service did not return when the page was read again: they may not match the filters any more. */
  readonly left: ReadonlySet<number>;
}

export const startRows = <R extends Row>(rows: readonly R[]): LiveRows<R> => ({
  // A page read while rows move may repeat one.
  rows: [...new Map(rows.map((row) => [row.id, row])).values()],
  elsewhere: new Set(),
  left: new Set(),
});

/** The count of `elsewhere` stops here: only "many" matters beyond it. */
const mostElsewhere = 1_000;

/** Replaces rows by newer ones. No row appears, disappears or moves. An older copy, from another replica, changes nothing. */
export function mergeRows<R extends Row>(live: LiveRows<R>, changed: readonly R[]): LiveRows<R> {
  if (changed.length === 0) return live;
  const newest = new Map<number, R>();
  for (const row of changed) {
    const known = newest.get(row.id);
    if (known === undefined || known.updatedAt <= row.updatedAt) newest.set(row.id, row);
  }
  const elsewhere = new Set(live.elsewhere);
  const ids = new Set(live.rows.map(({ id }) => id));
  for (const id of newest.keys()) if (!ids.has(id) && elsewhere.size < mostElsewhere) elsewhere.add(id);
  const rows = live.rows.map((row) => {
    const next = newest.get(row.id);
    return next !== undefined && isNewer(next, row) ? next : row;
  });
  return { ...live, rows, elsewhere };
}

/** A reason may change without an update. The same row read again keeps its object, so that it is not drawn again. */
const isNewer = <R extends Row>(next: R, row: R): boolean =>
  next.updatedAt > row.updatedAt || (next.updatedAt === row.updatedAt && JSON.stringify(next) !== JSON.stringify(row));

/** Applies the same page, read again after changes were missed. */
export function rereadRows<R extends Row>(live: LiveRows<R>, page: readonly R[]): LiveRows<R> {
  const merged = mergeRows(live, page);
  const present = new Set(page.map(({ id }) => id));
  return { ...merged, left: new Set(live.rows.map(({ id }) => id).filter((id) => !present.has(id))) };
}

/** How many rows a refresh may bring or remove. */
export const pendingRows = ({ elsewhere, left }: Pick<LiveRows<Row>, "elsewhere" | "left">): number =>
  elsewhere.size + left.size;
