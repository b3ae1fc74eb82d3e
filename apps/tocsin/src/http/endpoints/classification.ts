import type { Classifications } from "../../classification/classifications.ts";
import type { Endpoint } from "../endpoint.ts";
import { isoTime } from "../iso-time.ts";

export interface ClassificationEndpointOptions {
  readonly classifications: Pick<Classifications, "service" | "scorecard">;
}

/** How alerts are classified now, and what the verdicts did since this process started. */
export const classificationEndpoint = ({ classifications }: ClassificationEndpointOptions): Endpoint => ({
  method: "GET",
  path: "/api/v1/classification",
  role: "read",
  does: "shows how alerts are classified, and how verdicts compare with labels, per model",
  async answer() {
    const { service, scorecard } = classifications;
    const usedUntilMs = service?.budgetUsedUntilMs;
    return {
      provider: service?.settings.provider ?? "none",
      model: service?.model ?? null,
      apply: service?.settings.apply ?? null,
      breaker: service?.breaker.state ?? null,
      budgetUsedUntil: usedUntilMs === undefined ? null : isoTime(usedUntilMs),
      outcomes: scorecard?.outcomes ?? {},
      models: scorecard?.models ?? [],
    };
  },
});
