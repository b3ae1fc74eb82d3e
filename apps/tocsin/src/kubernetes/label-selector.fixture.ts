type Labels = Readonly<Record<string, string>>;

/** Equality and set requirements, joined by commas: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ */
export function parseSelector(text: string): (labels: Labels) => boolean {
  const requirements = (text.match(/(?:[^,(]|\([^)]*\))+/g) ?? []).map(parseRequirement);
  return (labels) => requirements.every((holds) => holds(labels));
}

function parseRequirement(text: string): (labels: Labels) => boolean {
  const set = /^\s*(\S+)\s+(in|notin)\s+\(([^)]*)\)\s*$/.exec(text);
  if (set) {
    const [, key = "", operator, list = ""] = set;
    const values = list.split(",").map((value) => value.trim());
    return (labels) => (key in labels && values.includes(labels[key] ?? "")) === (operator === "in");
  }
  const equal = /^\s*([^\s!=]+)\s*(==?|!=)\s*(\S*)\s*$/.exec(text);
  if (equal) {
    const [, key = "", operator, value] = equal;
    return (labels) => (labels[key] === value) === (operator !== "!=");
  }
  const [, not, key = ""] = /^\s*(!?)\s*([^\s!=(]+)\s*$/.exec(text) ?? [];
  if (key === "") throw new Error(`cannot parse the selector ${text}`);
  return (labels) => key in labels === (not === "");
}
