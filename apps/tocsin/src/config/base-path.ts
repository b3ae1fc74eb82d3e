import { z } from "zod";

/** First steps of the service's own paths. A base path that begins with one would hide these paths. */
const ownSteps = new Set([
  ..."api metrics healthz readyz -".split(" "),
  // The web page.
  ..."alerts assets deadletters incidents targets whatif".split(" "),
]);

/** The schema of `server.basePath`. */
export const basePath = () =>
  z
    .string()
    .regex(/^(?:\/[\w~-][\w.~-]*)+$/, 'expected a path such as "/tocsin", without a slash at its end')
    .refine((path) => !ownSteps.has(path.split("/")[1] ?? ""), {
      error: 'must not begin with a path of the service itself, such as "/api"',
    });
