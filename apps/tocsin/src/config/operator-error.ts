/** An error that the person who started the program can correct. Only the message is shown, no stack. */
export class OperatorError extends Error {
  override readonly name = "OperatorError";
}

/** An option has an invalid value. Nothing was done. */
export class UsageError extends OperatorError {}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left on the device",
  ENOENT: "no such file or directory",
  ENOTDIR: "a part of the path is a file, not a directory",
  EEXIST: "a file with this name exists",
  EISDIR: "it is a directory",
};

/** An error of the operating system, such as of a file that cannot be opened. */
export const isSystemError = (error: unknown): error is NodeJS.ErrnoException & { readonly code: string } =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === "string";

/** Describes in words why the operating system refused. */
export function systemReason(error: unknown): string {
  if (!isSystemError(error)) return error instanceof Error ? error.message : String(error);
  return reasons[error.code] ?? error.code;
}
