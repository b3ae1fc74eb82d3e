/** A part of Alertmanager's configuration that the result does not have, or has in another way. */
export interface Remark {
  /** `left_out`: an integration or route is missing. `changed`: check it. `keep`: it stays in Alertmanager, in front of Tocsin. */
  readonly kind: "left_out" | "changed" | "keep";
  /** Its place in Alertmanager's file. */
  readonly path: string;
  readonly reason: string;
  readonly advice: string;
}
