import { printable } from "./table.ts";

export type VerifyResult = "ok" | "failed" | "skipped";

/** One step of `tocsin verify`. */
export interface VerifyStep {
  readonly step: string;
  readonly result: VerifyResult;
  /** The finding. */
  readonly detail: string;
  /** Advice for the operator. Absent: the step is ok. */
  readonly fix?: string;
}

/** The steps of `tocsin verify`, in order. Each is printed as soon as it ended. */
export class VerifyReport {
  readonly steps: VerifyStep[] = [];
  readonly #out: (text: string) => void;

  constructor(out: (text: string) => void) {
    this.#out = out;
  }

  add(step: string, result: VerifyResult, { detail, fix }: { readonly detail: string; readonly fix?: string }): void {
    this.steps.push({ step, result, detail, ...(fix !== undefined && { fix }) });
    const lines = [`${result.padEnd(7)}  ${step}: ${detail}`, ...(fix === undefined ? [] : [`         fix: ${fix}`])];
    this.#out(lines.map((line) => `${printable(line)}\n`).join(""));
  }

  get failed(): readonly VerifyStep[] {
    return this.steps.filter(({ result }) => result === "failed");
  }
}
