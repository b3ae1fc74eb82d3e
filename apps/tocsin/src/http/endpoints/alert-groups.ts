import type { Alert } from "@tocsin/core";
import type { FiringAlert } from "./firing-alerts.ts";

interface Group {
  readonly labels: Alert["labels"];
  readonly receiver: string;
  readonly alerts: string[];
}

/** Builds `alertGroups` of Alertmanager's API: one group for each receiver and each set of values of its `group_by`. */
export class AlertGroups {
  readonly #groups = new Map<string, Group>();
  readonly #groupByOf: (receiver: string) => readonly string[];

  constructor(groupByOf: (receiver: string) => readonly string[]) {
    this.#groupByOf = groupByOf;
  }

  add({ labels, json }: FiringAlert, receivers: readonly string[]): void {
    for (const receiver of receivers) {
      const shared = groupLabels(labels, this.#groupByOf(receiver));
      const key = JSON.stringify([receiver, Object.entries(shared).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
      const group = this.#groups.get(key);
      if (group === undefined) this.#groups.set(key, { labels: shared, receiver, alerts: [json] });
      else group.alerts.push(json);
    }
  }

  json(): string {
    const groups = Array.from(this.#groups.values(), ({ labels, receiver, alerts }) => {
      const rest = JSON.stringify({ labels, receiver: { name: receiver } });
      return `{"alerts":[${alerts.join(",")}],${rest.slice(1)}`;
    });
    return `[${groups.join(",")}]`;
  }
}

/** Labels that the alert lacks are left out. Without `group_by`, every alert is a group of its own: all its labels identify it. */
function groupLabels(labels: Alert["labels"], groupBy: readonly string[]): Alert["labels"] {
  if (groupBy.length === 0 || groupBy.includes("...")) return labels;
  return Object.fromEntries(Object.entries(labels).filter(([name]) => groupBy.includes(name)));
}
