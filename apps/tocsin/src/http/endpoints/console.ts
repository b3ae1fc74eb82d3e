import type { ServedConsole } from "../../console/served-console.ts";
import { type Endpoint, paramOf } from "../endpoint.ts";

/** The paths of the page's screens. The page reads its address, so all of them answer the same file. */
const screens = [
  "/incidents",
  "/incidents/:id",
  "/alerts",
  "/targets",
  "/targets/:name",
  // A target of a Secret: its namespace and its name.
  "/targets/:name/:short",
  "/deadletters",
  "/deadletters/:id",
  "/whatif",
];

/** The files of the web page. They contain no data, so they need no login. */
export function consoleEndpoints(page: Pick<ServedConsole, "index" | "asset">): Endpoint[] {
  return [
    ...screens.map((path): Endpoint => ({
      method: "GET",
      path,
      role: "open",
      does: "a screen of the web page",
      answer: (request, reply) => page.index(request, reply),
    })),
    {
      method: "GET",
      path: "/assets/:file",
      role: "open",
      does: "a file of the web page",
      answer: (request, reply) => page.asset(request, reply, paramOf(request, "file")),
    },
  ];
}
