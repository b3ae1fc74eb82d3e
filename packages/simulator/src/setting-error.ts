export interface Issue {
  /** Where: `faults[2].share`. Empty for the whole. */
  readonly path: string;
  /** What was expected instead. */
  readonly message: string;
}

/** A setting of the simulator that cannot be read. `issues` lists all of it. */
export class SettingError extends Error {
  readonly code = "invalid_setting";
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    super(issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; "));
    this.name = "SettingError";
    this.issues = issues;
  }
}
