import { expect, test } from "vitest";
import { filterChange } from "./filter-change.ts";

const event = { environment: "production", branch: "release/2026.1", state: "success", isFinal: true };

test.each([
  [{}, {}, undefined],
  [{}, { isFinal: false }, 'the state "success" is not final'],
  [{}, { isFinal: false, state: undefined }, 'the state "unknown" is not final'],
  [{ states: ["SUCC*"] }, { isFinal: false }, undefined],
  [{ states: ["failure"] }, {}, 'the state "success" is not in filters.states'],
  [{ states: ["failure"] }, { state: undefined }, undefined],
  [{ environments: ["staging", "Production"] }, {}, undefined],
  [{ environments: ["prod"] }, {}, 'the environment "production" is not in filters.environments'],
  [{ environments: ["prod"] }, { environment: undefined }, undefined],
  [{ branches: ["release/*"] }, {}, undefined],
  [{ branches: ["Release/*"] }, {}, 'the branch "release/2026.1" is not in filters.branches'],
  [{ branches: ["release/2026?1"] }, {}, 'the branch "release/2026.1" is not in filters.branches'],
  [{ branches: ["*(x"] }, { branch: "a(x" }, undefined],
  [{ branches: ["main"] }, { branch: "main\n" }, 'the branch "main\\n" is not in filters.branches'],
  [{ branches: ["main"] }, { branch: undefined }, undefined],
])("filters %j decide about an event with %j", (filters, more, expected) => {
  expect(filterChange(filters)({ ...event, ...more })).toBe(expected);
});
