/** Paths of public APIs that targets send to. None holds a credential. */
const known = new Set([
  "/v2/enqueue",
  "/v2/change/enqueue",
  "/api/chat.postMessage",
  "/api/chat.update",
  "/api/v2/alerts",
  "/v1/alerts",
]);

/**
 * The path of a request as spans show it: a well-known path as it is, any other as `/{path}`. The path and the query of a target
 * may be a credential, so nothing of an unknown path is shown.
 */
export function urlTemplate(path: string): string {
  const end = path.indexOf("?");
  const pathname = end === -1 ? path : path.slice(0, end);
  return known.has(pathname) ? pathname : "/{path}";
}
