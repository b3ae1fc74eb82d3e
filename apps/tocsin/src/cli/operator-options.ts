/** Options of every command that calls a running service. */
export interface OperatorOptions {
  readonly url: string;
  readonly token?: string;
  readonly ca?: string;
  readonly json?: boolean;
}

/** Options of `explain` and `alerts list`, which select the alerts to show. */
export interface AlertOptions extends OperatorOptions {
  readonly matcher?: readonly string[];
  readonly limit: string;
  readonly cursor?: string;
}

export interface ListOptions extends OperatorOptions {
  readonly target?: string;
  readonly reason?: string;
  readonly limit?: string;
  readonly cursor?: string;
}

/** Options of `incidents list`. */
export interface IncidentListOptions extends AlertOptions {
  readonly state?: string;
  readonly target?: string;
  readonly fingerprint?: string;
  readonly severity?: string;
  readonly reason?: string;
  readonly source?: string;
  readonly kind?: string;
  /** A duration back from now, or an instant. */
  readonly since?: string;
  readonly q?: string;
}

/** Options of `changes list`. */
export interface ChangeListOptions extends AlertOptions {
  readonly since?: string;
}

export interface BackupOptions extends OperatorOptions {
  readonly to: string;
}

/** Options of `deadletters replay`. */
export interface ReplayOptions extends OperatorOptions {
  readonly all?: boolean;
  readonly target?: string;
  readonly reason?: string;
  readonly before?: string;
  readonly matcher?: readonly string[];
  readonly dryRun?: boolean;
}

/** Options of `drill`. */
export interface DrillOptions extends OperatorOptions {
  readonly target?: string;
  readonly severity: string;
  readonly label?: readonly string[];
  readonly wait: string;
  readonly acknowledge: boolean;
}
