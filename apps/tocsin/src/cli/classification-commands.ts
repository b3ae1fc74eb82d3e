import type { Command } from "commander";
import type { ClassifyOptions } from "./classify.ts";
import type { EvaluateOptions } from "./evaluate.ts";
import type { Terminal } from "./terminal.ts";

const configOption = ["--config <file>", "configuration; default: tocsin.yaml if it exists"] as const;

/** Commands that try a classifier, without a running service. */
export function describeClassificationCommands(
  program: Command,
  terminal: Terminal,
  finish: (code: number) => void,
): void {
  program
    .command("classify [file]")
    .description(
      "Ask the configured classifier about one alert in JSON, from a file or the standard input; exit code 1 if it gives no verdict",
    )
    .option(...configOption)
    .option("--show-prompt", "also print what is sent to the provider, after redaction")
    .option("--timeout <duration>", "wait at most this long", "30s")
    .option("--json", "print JSON")
    .action(async (file: string | undefined, options: ClassifyOptions) => {
      const { classify } = await import("./classify.ts");
      finish(await classify(terminal, options, file));
    });
  program
    .command("evaluate <file>")
    .description(
      "Score the configured classifier with alerts whose severity is known, one JSON object per line, beside judges without a model; exit code 1 if it gives no verdict at all",
    )
    .option(...configOption)
    .option("--limit <count>", "use only the first alerts of the file")
    .option("--concurrency <count>", "ask about this many alerts at once", "4")
    .option("--timeout <duration>", "wait at most this long for each alert", "30s")
    .option("--json", "print JSON")
    .action(async (file: string, options: EvaluateOptions) => {
      const { evaluate } = await import("./evaluate.ts");
      finish(await evaluate(terminal, options, file));
    });
}
