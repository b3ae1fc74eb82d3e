import type { Served } from "../../server/exchange.ts";
import type { Region } from "../../state/region.ts";
import type { SimulatorState } from "../../state/state.ts";

/** An authorized request with a valid body. */
export interface Visit {
  readonly state: SimulatorState;
  readonly region: Region;
  readonly key: string;
  readonly atMs: number;
  readonly query: URLSearchParams;
  /** The id in the path. */
  readonly id?: string | undefined;
  /** `data.attributes`. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

export type Handle = (visit: Visit) => Served;
