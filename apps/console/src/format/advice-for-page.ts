/**
 * Leaves out the sentences of an advice that begin with a command of the command line, because the page shows what the command
 * would show. If nothing else is left, the advice stays whole.
 */
export function adviceForPage(advice: string): string {
  const rest = advice
    .split(/(?<=\.) (?=[A-Z`])/)
    .filter((sentence) => !sentence.startsWith("`tocsin "))
    .join(" ");
  return rest === "" ? advice : rest;
}
