import type { Endpoint } from "./endpoint.ts";

/** Probes and metrics are for machines beside the service, not for clients that come through a proxy. */
export const isWithoutBasePath = ({ path, isProbe = false }: Pick<Endpoint, "path" | "isProbe">): boolean =>
  isProbe || path === "/metrics";

/** Returns a function that removes the base path from the URL of a request, and leaves other URLs as they are. */
export function basePathRemover(base: string | undefined): (url: string) => string {
  if (base === undefined) return (url) => url;
  const steps = base
    .slice(1)
    .replaceAll(".", String.raw`\.`)
    .split("/");
  // Like the router, accepts doubled slashes.
  const prefix = new RegExp(`^/+${steps.join("/+")}(?=[/?]|$)`);
  return (url) => {
    const [found] = prefix.exec(url) ?? [];
    if (found === undefined) return url;
    const rest = url.slice(found.length);
    return rest.startsWith("/") ? rest : `/${rest}`;
  };
}
