import { json } from "../exchange.ts";
import type { SimulatorAnswer, SimulatorRequest } from "../exchange.ts";
import type { IncidentRow } from "../rows.ts";
import type { SimulatorControls } from "./simulator-controls.ts";

const maxIncidents = 200;
const maxOthers = 50;

const isOpen = (row: IncidentRow): boolean => row.status !== "resolved";

const latest = <Row>(rows: readonly Row[], most = maxOthers): Row[] => rows.slice(-most).toReversed();

/** The data of the dashboard: the latest rows. Answers 304 while nothing has changed. */
export function overview(simulator: SimulatorControls, request: SimulatorRequest): SimulatorAnswer {
  const etag = `"${simulator.version}"`;
  if (request.headers["if-none-match"] === etag) return { status: 304, headers: { etag }, body: "" };
  const incidents = simulator.incidents();
  const shown = [...latest(incidents.filter(isOpen), maxIncidents), ...latest(incidents.filter((row) => !isOpen(row)))];
  return json(
    200,
    {
      open: incidents.filter(isOpen).length,
      total: incidents.length,
      incidents: shown.slice(0, maxIncidents).map(({ events, ...row }) => ({ ...row, events: events.length })),
      refused: latest(simulator.refused()),
      messages: latest(simulator.messages()),
      changes: latest(simulator.changes()),
      faults: simulator.faults(),
      limits: simulator.limits(),
    },
    { etag },
  );
}
