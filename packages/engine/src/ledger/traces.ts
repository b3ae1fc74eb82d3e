import type { Incident } from "@tocsin/core/decisions";
import type { LedgerContext } from "./ledger-context.ts";
import type { AlertRecord } from "./store.ts";

/** Runs a part of an operation with this trace. Undefined: with the trace that the operation has, if it has one. */
export function withTrace<T>(context: LedgerContext, trace: string | undefined, run: () => T): T {
  if (trace === undefined) return run();
  const before = context.trace;
  context.trace = trace;
  try {
    return run();
  } finally {
    context.trace = before;
  }
}

/** The traces of the alert's incidents, without this one. */
export function linkedTraces(context: LedgerContext, alert: AlertRecord | undefined, own: string): string[] {
  const traces = alert?.incidents.map((id) => context.store.incident(id)?.trace) ?? [];
  return traces.filter((trace) => trace !== undefined && trace !== own) as string[];
}

/** The field `trace`, if there is one. */
export const traceOf = ({ trace }: Pick<Incident, "trace">): { readonly trace?: string } =>
  trace === undefined ? {} : { trace };
