import type { Fields } from "../../changes/sources/fields.ts";

/** Whether `incident.resolved` reports that a person merged the incident into another one. */
export const isMerge = (fields: Fields): boolean =>
  fields.text("event.data.resolve_reason.type")?.startsWith("merge") === true;
