import type { Change } from "@tocsin/core/decisions";
import type { ChangeRecord } from "./store.ts";

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

export function withoutDetails({ change, ...record }: ChangeRecord): ChangeRecord {
  const { customDetails: _, ...rest } = change;
  return { ...record, change: rest };
}

/** Whether two changes are equal, whatever the order of their fields. */
export const isSameChange = (a: Change, b: Change): boolean => textOf(a) === textOf(b);

const textOf = ({ customDetails, ...rest }: Change): string => JSON.stringify([rest, customDetails]);
