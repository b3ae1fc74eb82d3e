import { PagerDutyValidationError } from "../errors.ts";

/**
 * Stands in for `openSocketTransport` where there is no `node:net`.
 *
 * @throws PagerDutyValidationError
 */
export function openSocketTransport(): never {
  const message = "is needed: this runtime has no node:net";
  throw new PagerDutyValidationError("invalid_options", [{ path: "fetch", message }]);
}
