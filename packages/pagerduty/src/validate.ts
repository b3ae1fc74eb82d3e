import { type Issue, PagerDutyValidationError } from "./errors.ts";

/** Adds an issue for each fault of a value. `undefined` is a fault unless the check is `optional`. */
export type Check = (value: unknown, path: string, issues: Issue[]) => void;

/** @throws PagerDutyValidationError with every issue */
export function validate(check: Check, value: unknown, code: PagerDutyValidationError["code"]): void {
  const issues: Issue[] = [];
  check(value, "", issues);
  if (issues.length > 0) throw new PagerDutyValidationError(code, issues);
}

/** A check by a test that returns true or false. */
export function is(test: (value: unknown) => boolean, message: string): Check {
  return (value, path, issues) => {
    if (!test(value)) issues.push({ path, message: value === undefined ? `missing: ${message}` : message });
  };
}

export function optional(check: Check): Check {
  return (value, path, issues) => {
    if (value !== undefined) check(value, path, issues);
  };
}

/** An object with these fields and no others: with a misspelt `dedupkey` each call would silently open another alert. */
export function record(fields: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(fields);
  return (value, path, issues) => {
    if (!isRecord(value)) return void issues.push({ path, message: "must be an object" });
    for (const [name, check] of checks) check(value[name], join(path, name), issues);
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(fields, name)) issues.push({ path: join(path, name), message: "is not known here" });
    }
  };
}

export function list(check: Check): Check {
  return (value, path, issues) => {
    if (!Array.isArray(value)) return void issues.push({ path, message: "must be an array" });
    value.forEach((item, index) => check(item, `${path}[${index}]`, issues));
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
