import type { Change } from "@tocsin/core/decisions";
import type { ChangeRecord, FoundChanges } from "./store.ts";

/** The columns of a change that hold JSON. */
export interface ChangeColumns {
  /** Everything except the details: what searches for related changes read. */
  readonly facts: string;
  /** The sender's details, which may have a megabyte. Null: the change has none. */
  readonly details: string | null;
}

export function changeColumnsOf({ change, alert }: Pick<ChangeRecord, "change" | "alert">): ChangeColumns {
  const { customDetails, ...rest } = change;
  const details = customDetails === undefined ? null : JSON.stringify(customDetails);
  return { facts: JSON.stringify({ change: rest, alert }), details };
}

/** @param details null: none, or not read */
export function changeInColumns({ facts, details }: ChangeColumns): Pick<ChangeRecord, "change" | "alert"> {
  const { change, ...rest } = JSON.parse(facts) as Pick<ChangeRecord, "change" | "alert">;
  return { ...rest, change: details === null ? change : { ...change, customDetails: JSON.parse(details) as unknown } };
}

/** A page of changes that has this many bytes of details ends. Details may have a megabyte, and a page a thousand changes. */
export const maxPageBytes = 4_194_304;

/**
 * The query of a page. It reads the lengths of the details first, and the details of the page only. Each row has the number of
 * all changes that were found, up to one more than the limit.
 *
 * @param where the condition for `at` and `key`
 * @param limit the placeholder of one more than the limit
 */
export const pageQuery = (where: string, limit: string): string => `WITH
  found AS (SELECT key, at, coalesce(octet_length(details), 0) AS bytes FROM changes WHERE ${where} ORDER BY at DESC, key DESC LIMIT ${limit}),
  sized AS (SELECT key, sum(bytes) OVER (ORDER BY at DESC, key DESC) - bytes AS bytes_before, count(*) OVER () AS total FROM found)
  SELECT changes.*, total FROM sized JOIN changes ON changes.key = sized.key WHERE bytes_before < ${maxPageBytes}
  ORDER BY at DESC, changes.key DESC`;

/** @param found the records of `pageQuery`, and the number of all that it found */
export function cutPage(found: readonly ChangeRecord[], total: number, limit: number): FoundChanges {
  const records = found.slice(0, limit);
  return { records, more: total > records.length };
}

export function withoutDetails({ change, ...record }: ChangeRecord): ChangeRecord {
  const { customDetails: _, ...rest } = change;
  return { ...record, change: rest };
}

/** Whether two changes are equal, whatever the order of their fields. */
export const isSameChange = (a: Change, b: Change): boolean => textOf(a) === textOf(b);

const textOf = ({ customDetails, ...rest }: Change): string => JSON.stringify([rest, customDetails]);
