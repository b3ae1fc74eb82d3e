import type { Claim } from "@tocsin/core/decisions";
import { alertOf, epochMs } from "../../kit/claims.ts";
import { defaultMergeTerms, MergedAlert } from "../../kit/merged-alert.ts";
import { Random } from "../../kit/random.ts";
import { type SenderKind, senderKinds, type SenderSetup } from "./kinds.ts";
import { Monitoring } from "./monitoring.ts";
import { Timeline } from "./timeline.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

export interface History {
  /** The promises that did not hold. */
  readonly violations: readonly string[];
  /** The claims and their effects, for people. */
  readonly lines: readonly string[];
  readonly ends: number;
}

const activeMs = 2 * hour;
/** Long enough for what ends by silence alone (`staleAfter` below). */
const tailMs = 3 * hour;
const terms = { ...defaultMergeTerms, staleAfter: hour };

/** Simulates the claims that senders of one kind make about one alert, and checks the resulting state of the alert. */
export function playHistory(kind: SenderKind, seed: number): History {
  return new Play(senderKinds[kind], new Random(seed)).run();
}

interface Word {
  readonly atMs: number;
  readonly fires: boolean;
  /** It ended its claim. */
  readonly ends: boolean;
  readonly endsAtMs: number | undefined;
  readonly claim: string;
}

/** Claim of an Alertmanager; those of direct senders are named after these. */
const webhook = "webhook";

class Play {
  readonly #timeline = new Timeline(epochMs);
  readonly #random: Random;
  readonly #setup: SenderSetup;
  readonly #monitoring: Monitoring;
  readonly #alert = new MergedAlert(terms);
  readonly #words: Word[] = [];
  readonly #violations: string[] = [];
  readonly #lines: string[] = [];
  #problem = { fires: false, sinceMs: epochMs };
  #calm = false;

  constructor(kind: (random: Random) => SenderSetup, random: Random) {
    this.#random = random;
    this.#setup = kind(random.fork("setup"));
    this.#monitoring = new Monitoring({
      setup: this.#setup,
      clock: this.#timeline,
      wallMs: () => this.#timeline.monotonic(),
      random: random.fork("monitoring"),
      source: "s",
      names: ["a"],
      alertOf: (name, startsAtMs) => alertOf(name, { startsAtMs }),
      problem: () => this.#problem,
      deliver: (claims, done) => {
        this.#receive(claims);
        done(true);
      },
      note: (what) => this.#note(what),
    });
  }

  run(): History {
    this.#lines.push(JSON.stringify(this.#setup));
    const flip = (): void => {
      this.#turn(!this.#problem.fires);
      const longMs = this.#random.pick([30 * second, 2 * minute, 10 * minute, 40 * minute]);
      this.#timeline.after(this.#random.wait(longMs), () => !this.#calm && flip());
    };
    flip();
    if (this.#repeatsReliably()) this.#watchSilence();
    this.#timeline.runUntil(epochMs + activeMs);
    this.#calm = true;
    this.#monitoring.calm();
    this.#turn(false);
    this.#timeline.runUntil(epochMs + activeMs + tailMs);
    this.#alert.passTo(this.#timeline.monotonic());
    this.#judgeChanges();
    this.#judgeEnd();
    return {
      violations: this.#violations,
      lines: this.#lines,
      ends: this.#alert.changes.filter(({ what }) => what === "ends").length,
    };
  }

  #turn(fires: boolean): void {
    if (this.#problem.fires === fires) return;
    this.#problem = { fires, sinceMs: this.#timeline.monotonic() };
    this.#note(fires ? "the problem begins" : "the problem ends");
  }

  #receive(claims: readonly Claim[]): void {
    const nowMs = this.#timeline.monotonic();
    for (const claim of claims) {
      const { effect, fires } = this.#alert.receive(claim, nowMs);
      const of = claim.sender ?? webhook;
      const ends = !fires && effect === "changed";
      this.#words.push({ atMs: nowMs, fires, ends, endsAtMs: claim.endsAtMs, claim: of });
      const end = claim.endsAtMs === undefined ? "" : ` until ${seconds(claim.endsAtMs)}`;
      this.#note(`${of} ${fires ? "fires" : "resolves"} since ${seconds(claim.alert.startsAtMs)}${end}: ${effect}`);
      if (fires) this.#mustFireSoon(of);
    }
  }

  /** A firing is believed within the hold, unless a resolve of the same claim that is news comes meanwhile. */
  #mustFireSoon(claim: string): void {
    const heard = this.#words.length;
    this.#timeline.after(terms.reorderWindow, () => {
      this.#alert.passTo(this.#timeline.monotonic());
      if (this.#alert.fires) return;
      const before = this.#words.slice(0, heard);
      const excuse = this.#words
        .slice(heard)
        .some((word) => word.claim === claim && !word.fires && isNews(word, before));
      if (!excuse) this.#violate(`a firing of ${claim} was not believed within the hold`);
    });
  }

  /** All that fires is heard again after a repeat. */
  #repeatsReliably(): boolean {
    const { to, loss, incidents } = this.#setup;
    return to === "direct" && loss === 0 && !incidents.includes("clock back");
  }

  /** While a Prometheus fires, there is no silence longer than the hold and one repeat. */
  #watchSilence(): void {
    const { intervalMs, maxDelayMs } = this.#setup;
    // A repeat leaves at the first evaluation that is more than a minute after the last.
    const maxMs = terms.reorderWindow + minute + intervalMs + maxDelayMs;
    const { prometheis } = this.#monitoring;
    const silentSinceMs = prometheis.map(() => Number.POSITIVE_INFINITY);
    const look = (): void => {
      const nowMs = this.#timeline.monotonic();
      this.#alert.passTo(nowMs);
      for (const [n, prometheus] of prometheis.entries()) {
        const isSilent = prometheus.fires("a") && !this.#alert.fires;
        silentSinceMs[n] = isSilent ? Math.min(silentSinceMs[n] ?? nowMs, nowMs) : Number.POSITIVE_INFINITY;
        if (nowMs - (silentSinceMs[n] ?? nowMs) > maxMs) this.#violate(`silent for long while prometheus ${n} fires`);
      }
      this.#timeline.after(5 * second, look);
    };
    look();
  }

  /** Each end has a cause, and each cause makes one end. */
  #judgeChanges(): void {
    const ends = new Set<string>();
    const resolves = this.#words.filter(({ fires }) => !fires);
    for (const { endsAtMs, claim } of resolves) ends.add(`${claim} ${endsAtMs}`);
    let explicit = 0;
    for (const { atMs, what } of this.#alert.changes) {
      if (what !== "ends") continue;
      if (resolves.some((word) => word.ends && word.atMs === atMs)) {
        explicit++;
        continue;
      }
      const last = this.#words.findLast((word) => word.atMs < atMs);
      const firesFor = (claim: string) => this.#words.findLast((word) => word.atMs < atMs && word.claim === claim);
      if (this.#setup.to === "alertmanager") {
        if (last === undefined || last.fires || atMs - last.atMs > terms.doubtfulEnd)
          this.#violate(`ended at ${seconds(atMs)} without a cause`);
      } else {
        const early = [...new Set(this.#words.map(({ claim }) => claim))].some((claim) => {
          const word = firesFor(claim);
          return word?.fires === true && claim !== webhook && word.endsAtMs !== undefined && word.endsAtMs > atMs;
        });
        if (early && this.#setup.skewsMs.every((skewMs) => skewMs <= 60_000))
          this.#violate(`ended at ${seconds(atMs)} before the end that its sender named`);
      }
    }
    if (explicit > ends.size) this.#violate(`${explicit} resolves for ${ends.size} ends`);
  }

  /** No page is open for ever, unless the last word of an Alertmanager was that it fires. */
  #judgeEnd(): void {
    if (!this.#alert.fires) return;
    const last = this.#words.findLast(({ claim }) => claim === webhook);
    if (last?.fires && this.#monitoring.mayForgetEnds) return;
    this.#violate("is open for ever");
  }

  #violate(what: string): void {
    this.#violations.push(what);
    this.#note(`VIOLATION: ${what}`);
  }

  #note(what: string): void {
    this.#alert.passTo(this.#timeline.monotonic());
    const state = this.#alert.fires ? "*" : " ";
    this.#lines.push(`${seconds(this.#timeline.monotonic()).padStart(9)} ${state} ${what}`);
  }
}

/** A resolve that names an end which none before has named; at an Alertmanager any resolve may cancel a held firing. */
const isNews = ({ claim, endsAtMs }: Word, before: readonly Word[]): boolean =>
  claim === webhook || !before.some((word) => !word.fires && word.claim === claim && word.endsAtMs === endsAtMs);

const seconds = (atMs: number): string => ((atMs - epochMs) / second).toFixed(1);
