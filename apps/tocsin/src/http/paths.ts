import type { Endpoint } from "./endpoint.ts";

/** Returns the path of a request without query, doubled slashes and a final slash. */
export function pathOf(url: string): string {
  const [path = ""] = url.split("?", 1);
  return path.replace(/\/{2,}/g, "/").replace(/(?<=.)\/$/, "");
}

/** Returns the endpoints of a path, for all methods. */
export function endpointsAt(path: string, endpoints: readonly Endpoint[]): Endpoint[] {
  const steps = path.split("/");
  return endpoints.filter((endpoint) => {
    const pattern = endpoint.path.split("/");
    return pattern.length === steps.length && pattern.every((step, at) => step.startsWith(":") || step === steps[at]);
  });
}

/** Whether a path is one of Alertmanager's API. Its clients, such as amtool, expect an error to be one JSON string. */
export const isAlertmanagerApi = (url: string): boolean => /^\/api\/v2(?:\/|$)/.test(pathOf(url));
