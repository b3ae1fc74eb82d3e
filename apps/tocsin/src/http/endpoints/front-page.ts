import type { Endpoint } from "../endpoint.ts";

/** The page for a person who opens the address in a browser: it shows that the service runs, and lists the endpoints. */
export function frontPage(version: string, endpoints: readonly Endpoint[]): Endpoint {
  const front: Endpoint = {
    method: "GET",
    path: "/",
    role: "open",
    does: "this page",
    answer: (_request, reply) => {
      void reply.type("text/plain; charset=utf-8");
      return text;
    },
  };
  const lines = [front, ...endpoints].map(
    ({ method, path, does, role }) =>
      `${method.padEnd(6)} ${path.padEnd(38)} ${does}${role === "open" ? "" : ` (${role})`}`,
  );
  const text = `Tocsin ${version} runs here.\n\n${lines.join("\n")}\n`;
  return front;
}
