import { type Matcher, parseMatchers } from "@tocsin/core";

export type Operator = Matcher["operator"];

/**
 * Makes a matcher of its parts.
 *
 * @throws InvalidPattern for a regular expression that RE2 refuses
 */
export const matcherOf = (label: string, operator: Operator, value: string): Matcher =>
  parseMatchers(`${quoted(label)}${operator}${quoted(value)}`)[0]!;

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`;

const opposites = { "=": "!=", "!=": "=", "=~": "!~", "!~": "=~" } as const;

export const opposite = ({ label, operator, value }: Matcher): Matcher => matcherOf(label, opposites[operator], value);

/** The text of a matcher as people write it: `team="shop"`. Equal texts mean equal matchers. */
export const matcherText = ({ label, operator, value }: Matcher): string =>
  `${/^[A-Za-z_]\w*$/.test(label) ? label : quoted(label)}${operator}${quoted(value)}`;
