export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** A request that did not bring its data, in the words of the service. */
export interface Failure {
  /** HTTP status; 0: no answer came. */
  readonly status: number;
  readonly message: string;
  readonly issues: readonly Issue[];
}

export const noAnswer: Failure = { status: 0, message: "Tocsin does not answer. Check the connection.", issues: [] };

/** Reads the answer's error, whatever sent it: the service, or a proxy in front of it. */
export function failureOf(status: number, body: unknown): Failure {
  const error = (body as { error?: { message?: unknown; issues?: unknown } } | null | undefined)?.error;
  const message = typeof error?.message === "string" ? error.message : `The answer has the status ${status}.`;
  const issues = Array.isArray(error?.issues) ? (error.issues as Issue[]) : [];
  return { status, message, issues };
}

/** The failure in one line. */
export const failureText = ({ message, issues }: Failure): string =>
  [message, ...issues.map((issue) => [issue.path, issue.message].filter((part) => part !== "").join(": "))].join("; ");
