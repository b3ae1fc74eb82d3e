import { fileURLToPath } from "node:url";

/** Returns the folder of the built page. A package contains it; in a checkout it is built when it is needed first. */
export async function consoleFolder(): Promise<string> {
  if (!import.meta.url.endsWith(".ts")) return fileURLToPath(new URL("./console/", import.meta.url));
  const { builtFromSources } = await import("./built-from-sources.ts");
  return builtFromSources(fileURLToPath(new URL("../../../../", import.meta.url)));
}
