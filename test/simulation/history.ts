import type {
  AlertView,
  ArrivedVerdict,
  ClaimShapeAnswer,
  ClaimShapeRequest,
  LeaseBatch,
  Reading,
  Report,
  RoutedClaim,
  VerdictEffect,
} from "@tocsin/core/decisions";

/** The operations of the ledger, one line for each fact that matters in a search for a fault. */
export function describeOperation(operation: string, args: readonly unknown[], result: unknown): string[] {
  switch (operation) {
    case "record":
      return (args[0] as readonly RoutedClaim[]).map(({ claim, routes }, n) => {
        const { effect } = (result as readonly { effect: string }[])[n] ?? { effect: "?" };
        const at = routes.map(({ target }) => target).join(",") || "nobody";
        const who = claim.sender ?? claim.source;
        return `${who} says ${claim.alert.fingerprint} ${claim.status} since ${claim.alert.startsAtMs}: ${effect}, for ${at}`;
      });
    case "applyVerdicts":
      return (args[0] as readonly ArrivedVerdict[]).map(({ fingerprint, result: given }, n) => {
        const what = "verdict" in given ? `${given.verdict.severity} ${given.verdict.confidence}` : given.absent;
        return `verdict about ${fingerprint}: ${what}, ${(result as readonly VerdictEffect[])[n]}`;
      });
    case "claimShape":
      return [`${(args[0] as ClaimShapeRequest).owner} asks for a verdict: ${(result as ClaimShapeAnswer).kind}`];
    case "recordReading": {
      const { source, findings } = args[0] as Reading;
      return findings.map(({ says, fingerprint }, n) => {
        const { status } = (result as readonly (AlertView | undefined)[])[n] ?? { status: "unknown" };
        return `${source} shows ${fingerprint} ${says}: ${status}`;
      });
    }
    case "leaseDue":
      return (result as LeaseBatch).leases.map(
        ({ token, action, dedupKey, target, incident, severity }) =>
          `lease ${token}: ${action} ${dedupKey} (${severity}) at ${target}, incident ${incident}`,
      );
    case "settle":
      return (args[0] as readonly Report[]).map(({ lease, outcome }, n) => {
        const applied = (result as readonly boolean[])[n] ? "" : ", too late";
        const how = "detail" in outcome ? ` (${outcome.detail})` : "";
        return `settle ${lease.token}: ${lease.action} at incident ${lease.incident} ${outcome.kind}${how}${applied}`;
      });
    case "useTargets":
    case "reroute":
    case "acknowledge":
    case "release":
      return [`${operation} ${JSON.stringify(args).slice(0, 300)}`];
    default:
      return [];
  }
}
