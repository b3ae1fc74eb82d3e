import type { AlertBody } from "../api/explanation-body.ts";

export interface TargetGroup {
  readonly state: string;
  readonly reason: string;
  readonly targets: readonly string[];
}

const order = ["dead", "due", "candidate", "in_flight", "told", "closed", "not_told"];

/** The targets of an alert by state and reason: problems first, and last those where nothing had to be sent. */
export const groupTargets = ({ targets }: Pick<AlertBody, "targets">): TargetGroup[] =>
  [...Map.groupBy(targets, ({ state, reason }) => `${state} ${reason}`).values()]
    .flatMap((group) => {
      const [first] = group;
      return first ? [{ state: first.state, reason: first.reason, targets: group.map(({ target }) => target) }] : [];
    })
    .toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
