import { readFileSync } from "node:fs";

export interface Example {
  /** The heading above it. */
  title: string;
  language: "ts" | "js";
  code: string;
  /** The output that its comments promise, on one line. */
  prints: string;
}

/** The examples of the README. A comment after a `console.log` holds the text that it must print. */
export function readmeExamples(): Example[] {
  const text = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  return Array.from(text.matchAll(/^```(ts|js)\n(.*?)^```/gms), ({ 1: language, 2: code = "", index }, nth) => {
    const headings = Array.from(text.slice(0, index).matchAll(/^#+ (.*)/gm), ([, title]) => title);
    const prints = Array.from(code.matchAll(/console\.log\(.*\/\/ (.*)$/gm), ([, expected]) => expected);
    return {
      title: `${nth + 1}, ${headings.at(-1)}`,
      language: language as "ts" | "js",
      code,
      prints: prints.join(" "),
    };
  });
}
