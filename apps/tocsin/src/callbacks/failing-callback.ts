/** A callback that fails, and since when (ms since epoch), for the health of the service. `error` holds no secret. */
export interface FailingCallback {
  /** Its name. */
  readonly callback: string;
  readonly error: string;
  readonly sinceMs: number;
}
