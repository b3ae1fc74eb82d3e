import fc from "fast-check";

/** Returns random JSON with these texts, and objects with these keys, which readers look at. */
export const anyJson = (keys: readonly string[], text: fc.Arbitrary<string>): fc.Arbitrary<unknown> =>
  fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      text,
      fc.double(),
      fc.integer(),
      fc.constant(null),
      fc.boolean(),
      tie("list"),
      tie("object"),
    ),
    list: fc.array(tie("value"), { maxLength: 4 }),
    object: fc.dictionary(fc.constantFrom(...keys), tie("value"), { maxKeys: 25 }),
  })).value;
