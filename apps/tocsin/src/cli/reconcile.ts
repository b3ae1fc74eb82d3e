import type { TargetReport } from "../reconcile/reconcile-target.ts";
import { OperatorError } from "../config/operator-error.ts";
import { callApi } from "./api.ts";
import { print } from "./operate.ts";
import type { OperatorOptions } from "./operator-options.ts";
import { printable, table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

export interface ReconcileCommandOptions extends OperatorOptions {
  readonly target?: string;
  readonly apply?: boolean;
}

interface ReconciliationBody {
  readonly running: boolean;
  readonly targets: readonly (Pick<TargetReport, "target"> & Partial<TargetReport>)[];
}

const lookEveryMs = 500;

/** `tocsin reconcile`: compares, waits for the end, and lists the differences. Exit code 1 if a target could not be compared completely. */
export async function reconcile(terminal: Terminal, options: ReconcileCommandOptions): Promise<void> {
  const query = options.target === undefined ? "" : `?target=${encodeURIComponent(options.target)}`;
  const path = options.apply === true ? "reconcile/apply" : "reconcile";
  let answer = (await callApi(options, "POST", `${path}${query}`)) as ReconciliationBody;
  while (answer.running) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    answer = (await callApi(options, "GET", "reconcile")) as ReconciliationBody;
  }
  print(terminal, options, answer, reconciliationText(answer, options.apply === true));
  const failed = answer.targets.filter(({ incomplete }) => incomplete !== undefined);
  if (failed.length > 0)
    throw new OperatorError(
      failed.map(({ target, incomplete }) => `${target} could not be compared completely: ${incomplete}`).join("\n"),
    );
}

function reconciliationText({ targets }: ReconciliationBody, apply: boolean): string {
  const rows = targets.flatMap(({ target, differences = [] }) =>
    differences.map(({ incident, dedupKey, difference, by, repair }) => [
      target,
      incident,
      printable(dedupKey),
      difference === "orphan" ? "open there, has ended" : `fires, closed there${by === undefined ? "" : ` by ${by}`}`,
      repairText[repair],
    ]),
  );
  if (rows.length === 0) return "No difference was found.\n";
  const hint = apply ? "" : "Nothing was changed. Repair with --apply.\n";
  return `${table(["TARGET", "INCIDENT", "DEDUP KEY", "DIFFERENCE", "REPAIR"], rows)}${hint}`;
}

const repairText = {
  none: "",
  sent: "queued",
  held: "a person's resolve holds",
  skipped: "skipped, it changed meanwhile",
} as const;
