/** A screen with what its path names. */
export type Route =
  | { readonly screen: "now" | "incidents" | "alerts" | "targets" | "deadletters" | "whatif" | "unknown" }
  | { readonly screen: "incident"; readonly id: number }
  | { readonly screen: "target"; readonly name: string }
  | { readonly screen: "dead-letter"; readonly id: number };

const lists = ["incidents", "alerts", "targets", "deadletters", "whatif"] as const;

/** @param path without the base path, such as `incidents/5` */
export function parseRoute(path: string): Route {
  const [first = "", ...rest] = path.split("/").filter((step) => step !== "");
  if (first === "") return { screen: "now" };
  const list = lists.find((name) => name === first);
  if (list !== undefined && rest.length === 0) return { screen: list };
  const [second = ""] = rest;
  const id = /^\d{1,15}$/.test(second) && rest.length === 1 ? Number(second) : undefined;
  if (list === "incidents" && id !== undefined) return { screen: "incident", id };
  if (list === "deadletters" && id !== undefined) return { screen: "dead-letter", id };
  // A target of a Secret is named `namespace/name`.
  if (list === "targets" && rest.length <= 2) return { screen: "target", name: rest.map(decoded).join("/") };
  return { screen: "unknown" };
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

/** The path of a target, of which the API has the same form. */
export const targetPath = (name: string): string => `targets/${name.split("/").map(encodeURIComponent).join("/")}`;
