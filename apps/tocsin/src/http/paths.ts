import type { Endpoint } from "./endpoint.ts";

/** The path of a request: without query, doubled slashes and a final slash. */
export function pathOf(url: string): string {
  const [path = ""] = url.split("?", 1);
  return path.replace(/\/{2,}/g, "/").replace(/(?<=.)\/$/, "");
}

/** The endpoints that have a path, whatever their methods. */
export function endpointsAt(path: string, endpoints: readonly Endpoint[]): Endpoint[] {
  const steps = path.split("/");
  return endpoints.filter((endpoint) => {
    const pattern = endpoint.path.split("/");
    return pattern.length === steps.length && pattern.every((step, at) => step.startsWith(":") || step === steps[at]);
  });
}

/** There, Alertmanager's clients such as amtool expect an error to be one JSON string. */
export const isAlertmanagerApi = (url: string): boolean => /^\/api\/v2(?:\/|$)/.test(pathOf(url));
