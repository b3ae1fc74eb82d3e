import type { Endpoint } from "@tocsin/core";

/** Headers of every request to an endpoint, names and values in turn. Some of them are credentials. */
export function requestHeaders({ headers }: Endpoint, version: string, contentType = "application/json"): string[] {
  const own = Object.entries(headers).flatMap(([name, value]) => [name, value.reveal()]);
  return ["content-type", contentType, "user-agent", `Tocsin/${version}`, ...own];
}
