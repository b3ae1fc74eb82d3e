import type { PostedAlert } from "./alerts.ts";

/** The same alerts for `/api/v2/alerts`, where firing is an end in the future. */
export const directBody = (alerts: readonly PostedAlert[]): string =>
  JSON.stringify(
    alerts.map(({ status, labels, annotations, startsAt, endsAt, generatorURL }) => ({
      labels,
      annotations,
      startsAt,
      endsAt: status === "resolved" ? endsAt : new Date(Date.now() + 600_000).toISOString(),
      generatorURL,
    })),
  );
