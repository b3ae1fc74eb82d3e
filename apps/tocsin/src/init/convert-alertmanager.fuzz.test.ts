import fc from "fast-check";
import { expect, test } from "vitest";
import { convert, withRoutes } from "./convert.fixture.ts";

test("random trees are routed alike", () => {
  const matcher = fc
    .tuple(
      fc.constantFrom("x", "y", "severity"),
      fc.constantFrom("=", "!=", "=~", "!~"),
      fc.constantFrom("1", "2", "", "critical"),
    )
    .map(([label, operator, value]) => `'${label}${operator}"${operator.endsWith("~") ? `${value}|2` : value}"'`);
  const route = (children: fc.Arbitrary<string>) =>
    fc
      .tuple(
        fc.constantFrom("root", "a", "b"),
        fc.array(matcher, { maxLength: 3 }),
        fc.boolean(),
        fc.array(children, { maxLength: 3 }),
      )
      .map(
        ([receiver, matchers, goesOn, routes]) =>
          `{ receiver: ${receiver}, matchers: [${matchers.join(", ")}], continue: ${goesOn}, routes: [${routes.join(", ")}] }`,
      );
  const leaf = route(fc.constant("")).map((text) => text.replace(/routes: .*/, "routes: [] }"));
  const grouped = fc.constantFrom("receiver: root", "receiver: root, group_by: [x]");
  fc.assert(
    fc.property(fc.array(route(leaf), { maxLength: 3 }), grouped, (routes, root) => {
      const { compare } = convert(withRoutes(routes.join(", "), root));
      expect(compare()).toMatchObject({ lostCriticals: [], differences: [], invalid: [], untried: [] });
    }),
    { numRuns: 400 },
  );
});
