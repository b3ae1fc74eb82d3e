import type { IncidentState, Reason } from "@tocsin/core";

interface Explanation {
  readonly meaning: string;
  /** The action for an operator; absent: nothing is needed. */
  readonly remedy?: string;
}

/** From the closed lists: a state or reason without a text does not compile. */
export const stateTexts: Readonly<Record<IncidentState, string>> = {
  candidate: "The alert waits for a classification before anything is sent.",
  due: "An event must be sent. The reason shows the cause of the wait.",
  in_flight: "A request to the target is under way.",
  told: "The target has accepted the last event, and the incident is open there.",
  closed: "The target has accepted the end of the incident.",
  not_told: "Nothing was sent to this target, and nothing has to be. The reason shows the cause.",
  dead: "Tocsin has stopped trying. A dead letter keeps the event and the answer.",
};

export const reasonTexts: Readonly<Record<Reason, Explanation>> = {
  delivered: { meaning: "The target accepted the event." },
  filtered: {
    meaning: "A filter of the target does not match the alert. The detail names the filter.",
    remedy: "If the alert should page, change the target's `filters`. Firing alerts are routed again at once.",
  },
  target_disabled: {
    meaning: "The target has `enabled: false`.",
    remedy: "Set `enabled: true`. Incidents that were opened before are still resolved.",
  },
  target_invalid: {
    meaning: "The definition of the target has errors, so it cannot receive alerts.",
    remedy: "`tocsin targets show NAME` lists every error with its path. Correct it; a restart is not needed.",
  },
  self_target: {
    meaning: "The target is this service itself: its own port at an address of its host, or `server.publicUrl`.",
    remedy: "Give the target the URL of its receiver.",
  },
  no_changes: {
    meaning:
      "The target receives no changes: its `changes` is false, or its receiver has no place for an event without an end.",
    remedy: "Set `changes: true` on the target if it should receive them. The detail says whether that is possible.",
  },
  shadow: {
    meaning: "The target has `mode: shadow`. Everything was done except sending.",
    remedy: "Set `mode: live` when the target should page.",
  },
  no_target: {
    meaning: "No target can receive the alert, or the target was removed before anything was sent.",
    remedy: "Add a target. `tocsin targets list` shows the present ones with their errors.",
  },
  duplicate: { meaning: "The alert repeats a known state. Nothing has to be sent." },
  superseded: { meaning: "A later event made this one unnecessary." },
  resolved_before_told: {
    meaning: "The alert ended before anything was sent.",
    remedy: "If such alerts should page, set `page_resolved: critical` or `always` on the target.",
  },
  suppressed_noise: {
    meaning: "A classification judged the alert as noise, and the target has `exclude_noise: true`.",
  },
  would_tell: { meaning: "Answer of a dry run: the alert would be sent to this target." },
  waiting_turn: { meaning: "More urgent work is sent first. Normally this lasts milliseconds." },
  waiting_limit: {
    meaning: "The rate limit of the credential has no room. Critical alerts have a share of their own.",
    remedy: "Group alerts (`group_by`), filter more, or spread targets over several routing keys.",
  },
  waiting_pause: {
    meaning: "The receiver answered 429. The credential pauses for `Retry-After`, or for 30 s.",
    remedy: "Look for other programs that use the same key.",
  },
  waiting_retry: {
    meaning: "The last attempt failed. The next one follows after a growing wait of at most 5 min.",
    remedy: "`tocsin incidents show ID` shows the last failure. Check the receiver and the network.",
  },
  waiting_breaker: {
    meaning: "Several attempts in a row failed, so only one probe at a time is sent. Nothing is lost.",
    remedy:
      "Check the receiver and the network. `tocsin targets show NAME` shows the last failure and when the next event is tried. `tocsin targets test NAME` does not try earlier: its event is sent if that time comes within 10 s.",
  },
  waiting_auth: {
    meaning: "The receiver refuses the credential or the address (401, 403, 404, 405, or an unknown routing key).",
    remedy:
      "Correct the key or URL of the target. Tocsin then tries the target at once. Without a correction it tries every 60 s.",
  },
  waiting_classification: { meaning: "The classification has not answered yet. Its budget bounds the wait." },
  change_running: {
    meaning: "The change, such as a rollout, has not ended. It is sent at its end, or after 10 min as still running.",
  },
  in_flight: { meaning: "A request is under way." },
  ambiguous: {
    meaning:
      "A request left, but no certain answer came (a lost connection, a timeout, or a 5xx), so the receiver may have accepted it. It is repeated.",
  },
  source_silent: {
    meaning: "The alert should have ended by its `endsAt`, but its source has sent nothing since. It stays open.",
    remedy: "Check the source (Prometheus). The alert ends when the source is heard again, at most 24 h later.",
  },
  stale: {
    meaning: "No source has confirmed the alert for `delivery.staleAfter` (24 h). It stays open; no reminder is sent.",
    remedy:
      "If the problem is over, `tocsin incidents resolve ID`. See [Alertmanager](alertmanager.md) for the usual cause.",
  },
  unconfirmed: {
    meaning:
      "Delivered, with one of two doubts. The source: a reminder is due, but no source has confirmed the alert lately, so the reminder waits for the next confirmation. Or the receiver: the target has `confirm_within`, and the receiver has not reported that an incident of this critical exists, so the fallback received it too. In the second case the history has a line `unconfirmed`, and `tocsin doctor` shows `critical_unconfirmed`.",
    remedy:
      "The receiver: look there for an event rule that suppresses the event, a disabled service, or the key of another team. See [Canary](canary.md).",
  },
  silenced: {
    meaning:
      "Alertmanager still has the alert, but silences or inhibits it. The incident stays open; no reminder is sent.",
    remedy: "Nothing, or expire the silence. See [Alertmanager](alertmanager.md).",
  },
  expired: { meaning: "A direct alert was not repeated before its `endsAt`, and ended." },
  fallback: { meaning: "This target is the fallback of another one that did not accept a critical alert in time." },
  dead_invalid: {
    meaning: "The receiver refused the event permanently.",
    remedy: "`tocsin deadletters show ID` shows the event and the answer. Correct the target, then replay it.",
  },
  dead_expired: {
    meaning: "All attempts failed for `delivery.retry.giveUpAfter` (24 h), or 30 days for a resolve.",
    remedy: "Correct the target, then `tocsin deadletters replay ID`. A repeat of the alert also starts again.",
  },
  orphaned_key: {
    meaning:
      "The incident was opened with an earlier key or URL of the target, and events cannot be sent there any more: the receiver refuses that key now, or Tocsin cannot decrypt it because the ledger's key file (or entry of `ledger.encryptionKey`) was lost. So the resolve of the incident waits. `tocsin explain` says which of both it is.",
    remedy:
      "If the receiver refuses the key, enable it until the incident is closed. If the ledger's key was lost, restore it from a backup and restart Tocsin. In both cases you can resolve the incident at the receiver manually instead.",
  },
  bug: {
    meaning: "Tocsin failed in an unexpected way while it prepared or sent the event. It is tried again.",
    remedy: "Report it with the log line that has this reason.",
  },
};
