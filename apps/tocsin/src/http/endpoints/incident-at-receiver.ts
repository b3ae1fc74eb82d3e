import type { Ledger } from "@tocsin/core";
import type { PagerDutyRest, RestIncident, RestResult } from "@tocsin/publishers";
import type { Callback } from "../../callbacks/callback.ts";
import { coveredBy } from "../../callbacks/covered-by.ts";
import { fullNames } from "../../callbacks/full-names.ts";
import type { Endpoint } from "../endpoint.ts";
import { notFound } from "../problem.ts";
import { idOf } from "./incidents.ts";

export interface IncidentAtReceiver {
  readonly ledger: Pick<Ledger, "incident">;
  readonly targets: {
    find(name: string): { readonly name: string } | undefined;
    restClientOf(name: string): Pick<PagerDutyRest, "findIncident"> | undefined;
  };
  /** The callbacks of the configuration in use. */
  readonly callbacks: () => readonly Pick<Callback, "targets">[];
}

/** Looks an incident up in the API of its receiver. It reads there, within the limit of calls that all look-ups share. */
export const incidentAtReceiverEndpoint = ({ ledger, targets, callbacks }: IncidentAtReceiver): Endpoint => ({
  method: "GET",
  path: "/api/v1/incidents/:id/receiver",
  role: "read",
  does: "looks an incident up in the API of its receiver (rest_token), and says whether a callback reports about its target",
  async answer(request) {
    const found = await ledger.incident(idOf(request, "incident"));
    if (found === undefined) throw notFound("incident");
    const { id, target, dedupKey } = found.view.incident;
    const result = await targets.restClientOf(target)?.findIncident(dedupKey, { resolved: true });
    return {
      id,
      target,
      dedupKey,
      callback: fullNames(coveredBy(callbacks()), (name) => targets.find(name)).includes(target),
      lookUp: result === undefined ? null : lookUpBody(result),
    };
  },
});

const lookUpBody = (result: RestResult<RestIncident | null>) =>
  result.ok
    ? { incident: result.value && { id: result.value.id, status: result.value.status } }
    : { failure: { reason: result.failure.reason, detail: result.failure.detail } };
