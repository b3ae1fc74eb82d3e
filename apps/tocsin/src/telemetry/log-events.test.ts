import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { logEvents } from "./log-events.ts";

const source = join(import.meta.dirname, "..");
const texts = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !/\.(test|fixture)\.ts$|log-events\.ts$/.test(path))
  .map((path) => readFileSync(join(source, path), "utf8"));

/** Written as `target_${state}`, and as the kind of a change of state. */
const composed = ["target_unauthorized", "target_misconfigured", "dead_letter"];

test("every event in the list is logged somewhere", () => {
  const unused = Object.keys(logEvents).filter(
    (name) => !composed.includes(name) && !texts.some((text) => text.includes(`event: "${name}"`)),
  );
  expect(unused).toEqual([]);
});

test("every event is described in whole sentences", () => {
  const incomplete = Object.entries(logEvents).filter(([, { when }]) => !/^[A-Z].*\.$/.test(when));
  expect(incomplete).toEqual([]);
});
