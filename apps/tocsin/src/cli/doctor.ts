import type { problemBody } from "../http/endpoints/health.ts";
import { OperatorError } from "../config/operator-error.ts";
import { callApi } from "./api.ts";
import { print } from "./operate.ts";
import type { OperatorOptions } from "./operator-options.ts";
import { printable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

interface HealthBody {
  readonly ok: boolean;
  readonly problems: readonly ReturnType<typeof problemBody>[];
}

/** `tocsin doctor`: prints the current problems of a running service. Exit code 1 if there are any. */
export async function doctor(terminal: Terminal, options: OperatorOptions): Promise<void> {
  const answer = (await callApi(options, "GET", "health")) as HealthBody;
  print(terminal, options, answer, answer.ok ? "No problem was found.\n" : answer.problems.map(problemText).join("\n"));
  const count = answer.problems.length;
  if (!answer.ok) throw new OperatorError(count === 1 ? "1 problem was found" : `${count} problems were found`);
}

const problemText = ({ condition, severity, summary, since, noticed, fix }: HealthBody["problems"][number]): string =>
  [`${severity}: ${summary}`, `  condition: ${condition}, ${noticed ? "noticed" : "since"} ${since}`, `  fix: ${fix}`]
    .map((line) => `${printable(line)}\n`)
    .join("");
