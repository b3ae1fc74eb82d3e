import type { Endpoint } from "../endpoint.ts";

/** Statuses of errors that follow from the kind of an endpoint: its role, its host and its body are checked before it is called. */
export const errorStatusesOf = ({ method, role, isProbe = false }: Pick<Endpoint, "method" | "role" | "isProbe">) => [
  ...(role === "open" ? [] : [401, 403]),
  ...(method === "GET" ? [] : [400, 413, 415]),
  // Probes may use any host name.
  ...(isProbe ? [] : [421]),
  500,
  503,
];
