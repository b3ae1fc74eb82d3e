import type { ServedConsole } from "../../console/served-console.ts";
import type { Endpoint } from "../endpoint.ts";

export const frontPageFacts = {
  method: "GET",
  path: "/",
  role: "open",
  does: "the web page, for a browser; else a list of all endpoints",
} as const;

/** The answer at the address of the service: the web page for a browser, and for other clients a text that lists the endpoints. */
export function frontPage(
  version: string,
  endpoints: readonly Endpoint[],
  page: Pick<ServedConsole, "index">,
): Endpoint {
  const front: Endpoint = {
    ...frontPageFacts,
    answer(request, reply) {
      if (request.headers.accept?.includes("text/html") === true) return page.index(request, reply);
      void reply.type("text/plain; charset=utf-8").header("vary", "accept");
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
