import { type Incident, type Member, type Told, urgency, type Wanted } from "@tocsin/core";
import { epochMs } from "./claims.ts";

type Given = Partial<Omit<Incident, "wanted" | "told">> & {
  readonly wanted?: Partial<Wanted>;
  readonly told?: Partial<Told> | null;
};

export const memberOf = (fingerprint: string, member: Partial<Member> = {}): Member => ({
  fingerprint,
  status: "firing",
  severity: "error",
  startsAtMs: epochMs,
  summary: `${fingerprint} is wrong`,
  ...member,
});

/** An incident that fires and was not delivered yet, except for the fields that a test sets. */
export function incidentOf({ wanted, told, ...given }: Given = {}): Incident {
  return {
    id: 1,
    target: "pagerduty",
    dedupKey: "a",
    endpoint: 1,
    kind: "alert",
    members: [memberOf("a")],
    wanted: {
      status: "firing",
      acknowledged: false,
      severity: "error",
      summary: "a is wrong",
      atMs: epochMs,
      ...wanted,
    },
    told: told ? { event: "trigger", certain: true, severity: "error", atMs: epochMs, ...told } : null,
    opened: told ? told.certain !== false : false,
    state: "due",
    reason: "waiting_turn",
    urgency: urgency.errorTrigger,
    dueAtMs: epochMs,
    dueSinceMs: epochMs,
    flight: null,
    settledToken: null,
    unaccepted: null,
    lateAttempts: [],
    repeat: false,
    renew: false,
    checkKey: false,
    adopted: false,
    attempts: 0,
    failures: 0,
    lastFailure: null,
    confirmedAtMs: epochMs,
    unconfirmed: false,
    retriedForMs: 0,
    manualUntilMs: null,
    fallbackAtMs: null,
    fellBack: false,
    fallbackOf: null,
    acceptedAtMs: epochMs,
    updatedAtMs: epochMs,
    ...given,
  };
}
