export interface Issue {
  /** The place, such as `faults[2].share`. Empty: the whole setting. */
  readonly path: string;
  /** Says which value is expected. */
  readonly message: string;
}

/** A setting of the simulator is invalid. `issues` lists every fault. */
export class SettingError extends Error {
  readonly code = "invalid_setting";
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    super(issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; "));
    this.name = "SettingError";
    this.issues = issues;
  }
}
