import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readTruth, Simulator } from "../src/index.ts";
import { readFaultScript } from "../src/faults/fault-script.ts";
import { post, trigger } from "./requests.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm"))].map((match) => match[1] ?? "");

describe("examples of the README", () => {
  test("a script of faults, and one as JSON, are read", () => {
    expect(readFaultScript(blocks("faults")[0] ?? "")).toHaveLength(5);
    const [setting = ""] = /\{ "kind".*?\}/.exec(readme) ?? [];
    expect(new Simulator().handle(post("/_sim/faults", [JSON.parse(setting)])).status).toBe(200);
  });

  test("every word of a fault is one", () => {
    const section = readme.slice(readme.indexOf("## Faults"), readme.indexOf("## The oracle"));
    const words = [...section.matchAll(/^\| (`[^|]*)\|/gm)].flatMap((row) =>
      [...(row[1] ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ""),
    );
    expect(words).toHaveLength(13);
    for (const word of words) {
      const clause = word.replace("STATUS", "503").replace("D", "5s");
      expect(readFaultScript(clause)).toHaveLength(1);
    }
  });

  test("a truth is read, and judged", () => {
    const [truth = ""] = blocks("json");
    expect(readTruth(JSON.parse(truth)).events).toHaveLength(3);
    const simulator = new Simulator();
    simulator.handle(post("/_sim/truth", truth));
    expect(simulator.report()).toMatchObject({ judged: true, counts: { lost: 1 } });
  });

  test("every path of the control API is there", () => {
    const simulator = new Simulator();
    simulator.handle(trigger("a"));
    const rows = [...readme.matchAll(/^\| `(GET|POST).*$/gm)].map((match) => (match[0] ?? "").split("|")[1] ?? "");
    const asked = rows.flatMap((row) => {
      const methods = [...row.matchAll(/GET|POST|DELETE/g)].map((match) => match[0]);
      const paths = [...row.matchAll(/\/_sim\/[\w/{}-]+/g)].map((match) => match[0].replace("{id}", "Q0000000000001"));
      return paths.flatMap((path) => methods.map((method) => ({ method, path })));
    });
    expect(asked.length).toBeGreaterThan(20);
    const missing = asked.filter(({ method, path }) => {
      const both = [method, method === "GET" ? "POST" : "GET"];
      return both.every((one) => simulator.handle({ ...post(path, "{}"), method: one }).status === 404);
    });
    expect(missing).toEqual([]);
  });
});
