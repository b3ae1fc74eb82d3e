import type { IncidentBody } from "../api/incident-body.ts";

/** The target accepted the event, and no receiver reported to Tocsin that the incident exists there. */
export const isPagingUnreported = ({ told, confirmedAt }: Pick<IncidentBody, "told" | "confirmedAt">): boolean =>
  confirmedAt == null &&
  told !== null &&
  told.certain &&
  !told.shadow &&
  (told.event === "trigger" || told.event === "acknowledge");
