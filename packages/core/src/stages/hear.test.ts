import { epochMs as t0, firing, resolved, type Saying } from "@tocsin/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Claim, ClaimState } from "../model/claim.ts";
import { hear, type Heard, resolveTimeoutMs, skewToleranceMs } from "./hear.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const reorderWindow = 10 * second;
const year = 365 * 24 * 60 * minute;

/** One claimant speaks, at these instants. The last is what counts. */
function speak(...words: readonly (readonly [atMs: number, claim: Claim])[]): Heard {
  let heard: Heard | undefined;
  for (const [atMs, claim] of words) heard = hear(heard?.state, claim, atMs, { reorderWindow });
  if (!heard) throw new Error("nobody spoke");
  return heard;
}

const fires = (atMs: number, saying: Saying = {}) => [atMs, firing("a", { startsAtMs: t0, ...saying })] as const;
const ends = (atMs: number, saying: Saying = {}) => [atMs, resolved("a", { startsAtMs: t0, ...saying })] as const;

describe("within one claim", () => {
  it("the first word counts, whatever it is", () => {
    expect(speak(fires(t0))).toMatchObject({ effect: "changed", state: { status: "firing" } });
    expect(speak(ends(t0))).toMatchObject({ effect: "changed", state: { status: "resolved", ended: "explicit" } });
  });

  it("a repeat confirms, and nothing else", () => {
    expect(speak(fires(t0), fires(t0 + minute))).toMatchObject({
      effect: "confirmed",
      state: { status: "firing", heardAtMs: t0 + minute },
    });
    expect(speak(fires(t0), ends(t0 + second), ends(t0 + minute))).toMatchObject({
      effect: "confirmed",
      state: { status: "resolved", endedAtMs: t0 + second },
    });
  });

  it("a newer startsAt wins", () => {
    const again = fires(t0 + 2 * second, { startsAtMs: t0 + 2 * second });
    expect(speak(fires(t0), ends(t0 + second), again)).toMatchObject({
      effect: "changed",
      state: { status: "firing", effectiveStartsAtMs: t0 + 2 * second },
    });
  });

  it("an older firing never re-opens", () => {
    const late = fires(t0 + 3 * minute, { startsAtMs: t0 - minute });
    expect(speak(fires(t0), ends(t0 + minute), late)).toMatchObject({
      effect: "ignored",
      state: { status: "resolved" },
    });
  });

  it("an older resolve does not end what fires since", () => {
    const late = ends(t0 + 2 * minute, { startsAtMs: t0 });
    const newer = fires(t0 + minute, { startsAtMs: t0 + minute });
    expect(speak(fires(t0), newer, late)).toMatchObject({ effect: "ignored", state: { status: "firing" } });
  });

  it("an ignored word still says that its claimant lives", () => {
    expect(speak(fires(t0), fires(t0 + minute, { startsAtMs: t0 - minute })).state.heardAtMs).toBe(t0 + minute);
  });

  it("a resolve of an episode whose firing was never heard ends it all the same", () => {
    expect(speak(fires(t0), ends(t0 + 2 * minute, { startsAtMs: t0 + minute }))).toMatchObject({
      effect: "changed",
      state: { status: "resolved" },
    });
  });
});

describe("the reorder window", () => {
  it("holds a firing that arrives shortly after an explicit resolve of the same startsAt, for the rest of the window", () => {
    expect(speak(fires(t0), ends(t0 + minute), fires(t0 + minute + 4 * second))).toMatchObject({
      effect: "held",
      state: { status: "resolved", heldUntilMs: t0 + minute + reorderWindow },
    });
  });

  it("believes at once a firing that arrives when it is over", () => {
    expect(speak(fires(t0), ends(t0 + minute), fires(t0 + minute + reorderWindow))).toMatchObject({
      effect: "changed",
      state: { status: "firing" },
    });
    expect(speak(fires(t0), ends(t0 + minute), fires(t0 + minute + reorderWindow - 1)).effect).toBe("held");
  });

  it("drops the held firing when another resolve comes, and begins anew", () => {
    const { state } = speak(fires(t0), ends(t0 + minute), fires(t0 + minute + second), ends(t0 + minute + 2 * second));
    expect(state).toMatchObject({ status: "resolved", endedAtMs: t0 + minute + 2 * second });
    expect(state.heldUntilMs).toBeUndefined();
  });

  it("holds nothing that has a newer startsAt", () => {
    const newer = fires(t0 + minute + second, { startsAtMs: t0 + minute });
    expect(speak(fires(t0), ends(t0 + minute), newer).effect).toBe("changed");
  });

  it("does not restart with each repeat of the resolve", () => {
    const repeated = speak(
      fires(t0),
      ends(t0 + minute),
      ends(t0 + minute + 9 * second),
      fires(t0 + minute + 11 * second),
    );
    expect(repeated.effect).toBe("changed");
  });

  it("holds the first word of a claimant about an episode that another has just ended", () => {
    const direct = speak(fires(t0, { sender: "10.0.0.1" }), ends(t0 + minute, { sender: "10.0.0.1" })).state;
    const say = (previous: ClaimState | undefined, [atMs, claim]: readonly [number, Claim]) =>
      hear(previous, claim, atMs, { reorderWindow }, { direct });
    const late = say(undefined, fires(t0 + minute + second));
    expect(late).toMatchObject({
      effect: "held",
      state: { status: "resolved", heldUntilMs: t0 + minute + reorderWindow },
    });
    expect(late.state).not.toHaveProperty("sender");
    expect(say(late.state, ends(t0 + minute + 2 * second)).state).not.toHaveProperty("heldUntilMs");
    const another = fires(t0 + minute + second, { startsAtMs: t0 + minute });
    expect(say(undefined, another).effect, "another episode").toBe("changed");
    expect(say(undefined, fires(t0 + minute + reorderWindow)).effect, "the window is over").toBe("changed");
    const before = speak(fires(t0 - minute, { startsAtMs: t0 - minute })).state;
    expect(say(before, fires(t0 + minute + second)).effect, "it fired all the time").toBe("confirmed");
    const silent = { direct: { ...direct, ended: "inferred" } } as const;
    const [atMs, claim] = fires(t0 + minute + second);
    expect(hear(undefined, claim, atMs, { reorderWindow }, silent).effect, "nobody said so").toBe("changed");
  });

  it("keeps the end of a direct claim, so that it expires once believed", () => {
    const direct = { sender: "10.0.0.1" };
    const held = speak(
      fires(t0, { ...direct, endsAtMs: t0 + 4 * minute }),
      ends(t0 + minute, { ...direct, endsAtMs: t0 + minute }),
      fires(t0 + minute + second, { ...direct, endsAtMs: t0 + 5 * minute }),
    );
    expect(held).toMatchObject({ effect: "held", state: { expiresAtMs: t0 + 5 * minute } });
  });
});

describe("direct claims", () => {
  const sender = "10.0.0.1";

  it("end at endsAt", () => {
    expect(speak(fires(t0, { sender, endsAtMs: t0 + 4 * minute })).state.expiresAtMs).toBe(t0 + 4 * minute);
  });

  it("without endsAt end five minutes after receipt", () => {
    expect(speak(fires(t0 + second, { sender })).state.expiresAtMs).toBe(t0 + second + resolveTimeoutMs);
  });

  it("are moved on by each repeat", () => {
    const repeated = speak(
      fires(t0, { sender, endsAtMs: t0 + minute }),
      fires(t0 + second, { sender, endsAtMs: t0 + 2 * minute }),
    );
    expect(repeated.state.expiresAtMs).toBe(t0 + 2 * minute);
  });

  it("that ended by silence are re-opened by any later firing, even of an older start", () => {
    const silent: ClaimState = {
      ...speak(fires(t0, { sender })).state,
      status: "resolved",
      ended: "inferred",
      endedAtMs: t0 + minute,
    };
    const claim = firing("a", { startsAtMs: t0 - minute, sender });
    expect(hear(silent, claim, t0 + minute + 1, { reorderWindow })).toMatchObject({
      effect: "changed",
      state: { status: "firing" },
    });
  });

  it("keep who said them, and the end that was said", () => {
    const { state } = speak(fires(t0, { sender, endsAtMs: t0 + minute }));
    expect(state).toMatchObject({ sender, saidEndsAtMs: t0 + minute });
    expect(speak(fires(t0, { sender })).state).not.toHaveProperty("saidEndsAtMs");
  });

  it("that ended by silence and are then said to be over stay over", () => {
    const silent = { ...speak(fires(t0, { sender })).state, status: "resolved", ended: "inferred" } as const;
    expect(hear(silent, resolved("a", { startsAtMs: t0, sender }), t0 + minute, { reorderWindow })).toMatchObject({
      effect: "confirmed",
      state: { ended: "explicit" },
    });
  });

  it("webhook claims have no end of their own, whatever end they name", () => {
    expect(speak(fires(t0)).state.expiresAtMs).toBeUndefined();
    const passed = { endsAtMs: t0 - 1 };
    expect(speak(fires(t0, passed), fires(t0 + minute, passed))).toMatchObject({
      effect: "confirmed",
      state: { status: "firing" },
    });
  });
});

/** What a sender says whose clock is a year ahead. */
const said = (endsAtMs: number) => ({ sender: "a", startsAtMs: t0 + year, endsAtMs: t0 + year + endsAtMs });

/** And one whose clock is right, while ours stays an hour ahead of it. */
const behind = (endsAtMs: number) => ({ sender: "a", startsAtMs: t0 - hour, endsAtMs: t0 - hour + endsAtMs });

describe("clocks that differ from ours", () => {
  it("a future startsAt counts as the time of receipt", () => {
    expect(speak(fires(t0, { startsAtMs: t0 + year })).state.effectiveStartsAtMs).toBe(t0);
  });

  it("and keeps that start when it is said again", () => {
    const ahead = { startsAtMs: t0 + year };
    expect(speak(fires(t0, ahead), fires(t0 + minute, ahead)).state.effectiveStartsAtMs).toBe(t0);
  });

  it("more than a minute is skew", () => {
    expect(speak(fires(t0, { startsAtMs: t0 + skewToleranceMs })).skewed).toBe(false);
    expect(speak(fires(t0, { startsAtMs: t0 + skewToleranceMs + 1 })).skewed).toBe(true);
    expect(speak(ends(t0, { endsAtMs: t0 + skewToleranceMs + 1 })).skewed).toBe(true);
    expect(speak(ends(t0, { endsAtMs: t0 + skewToleranceMs })).skewed).toBe(false);
    expect(speak(ends(t0)).skewed, "no end at all").toBe(false);
    expect(speak(fires(t0, { sender: "a", endsAtMs: t0 + hour })).skewed, "the end of what fires").toBe(false);
  });

  it("the end that a sender a year ahead says is not believed; the default is", () => {
    const ahead = { sender: "a", startsAtMs: t0 + year, endsAtMs: t0 + year + 4 * minute };
    expect(speak(fires(t0, ahead)).state.expiresAtMs).toBe(t0 + resolveTimeoutMs);
  });

  it("its endsAt that moves back is the end, since every end of its lies in our future", () => {
    expect(speak(fires(t0, said(4 * minute)), fires(t0 + minute, said(30 * second)))).toMatchObject({
      effect: "changed",
      state: { status: "resolved", ended: "explicit" },
    });
  });

  it("and that end stays the end when it is said again", () => {
    const over = said(30 * second);
    const again = speak(fires(t0, said(4 * minute)), fires(t0 + minute, over), fires(t0 + 2 * minute, over));
    expect(again).toMatchObject({ effect: "confirmed", state: { status: "resolved" } });
  });

  it("an endsAt that stands still is the end too, save in a request that came twice", () => {
    const over = said(30 * second);
    expect(speak(fires(t0, over), fires(t0 + minute, over))).toMatchObject({
      effect: "changed",
      state: { status: "resolved" },
    });
    expect(speak(fires(t0, over), fires(t0 + 30 * second, over)).effect).toBe("changed");
    expect(speak(fires(t0, over), fires(t0 + 30 * second - 1, over))).toMatchObject({
      effect: "confirmed",
      state: { status: "firing" },
    });
    const twice = speak(fires(t0, said(4 * minute)), fires(t0 + minute, over), fires(t0 + minute + second, over));
    expect(twice, "the end came twice").toMatchObject({ effect: "confirmed", state: { status: "resolved" } });
  });

  it("an end of what fires that has passed by our clock, which stays ahead of one that was set back, is not believed", () => {
    const once = fires(t0, behind(4 * minute));
    expect(speak(once)).toMatchObject({
      effect: "changed",
      state: { status: "firing", expiresAtMs: t0 + resolveTimeoutMs },
    });
    expect(speak(once, fires(t0 + minute, behind(5 * minute)))).toMatchObject({
      effect: "confirmed",
      state: { status: "firing", expiresAtMs: t0 + minute + resolveTimeoutMs },
    });
    const over = fires(t0 + minute, behind(minute));
    expect(speak(once, over)).toMatchObject({ effect: "changed", state: { ended: "explicit" } });
    const again = fires(t0 + 2 * minute, behind(minute));
    expect(speak(once, over, again)).toMatchObject({ effect: "confirmed", state: { status: "resolved" } });
    expect(speak(fires(t0, { sender: "a", endsAtMs: t0 + 1 })).state.expiresAtMs, "ours").toBe(t0 + 1);
    expect(speak(fires(t0, { sender: "a", endsAtMs: t0 })).state.expiresAtMs, "passed").toBe(t0 + resolveTimeoutMs);
  });

  it("where no end was said before, the end that was reckoned with is what it is compared with", () => {
    const [sender, startsAtMs] = ["a", t0 - hour];
    const unsaid = fires(t0, { sender, startsAtMs });
    const passed = fires(t0 + minute, { sender, startsAtMs, endsAtMs: t0 + minute - 1 });
    expect(speak(unsaid, passed)).toMatchObject({ effect: "changed", state: { ended: "explicit" } });
  });

  it("of two starts ahead of us the sender's order counts, also when the older one is said again", () => {
    const first = { startsAtMs: t0 + minute };
    const then = { startsAtMs: t0 + 2 * minute };
    const newer = fires(t0 + second, then);
    expect(speak(fires(t0, first), newer, ends(t0 + 2 * second, first))).toMatchObject({
      effect: "ignored",
      state: { status: "firing", startsAtMs: t0 + 2 * minute },
    });
    const again = fires(t0 + 3 * second, first);
    expect(speak(newer, ends(t0 + 2 * second, then), again).effect).toBe("ignored");
    // The same start, once it no longer lies ahead, is one like any other.
    const later = fires(t0 + minute, first);
    expect(speak(fires(t0, then), ends(t0 + second, then), later).effect).toBe("changed");
  });

  it("a sender whose clock was set right is believed, though all that it says is older than before", () => {
    const wrong = { startsAtMs: t0 + hour + 2 };
    const right = fires(t0 + second, { startsAtMs: t0 + second + 1 });
    expect(speak(fires(t0, wrong), ends(t0 + 1, wrong), right).effect).toBe("ignored");
    const far = { startsAtMs: t0 + hour + second + 1 };
    expect(speak(fires(t0, far), ends(t0 + 1, far), right)).toMatchObject({ effect: "changed" });
  });

  it("its next episode, with a newer startsAt, fires", () => {
    const next = { sender: "a", startsAtMs: t0 + year + 3 * minute, endsAtMs: t0 + year + 7 * minute };
    const again = speak(
      fires(t0, said(4 * minute)),
      fires(t0 + minute, said(30 * second)),
      fires(t0 + 3 * minute, next),
    );
    expect(again).toMatchObject({ effect: "changed", state: { status: "firing" } });
  });
});

it("whatever was said, a claimant that fires with a newer start than ever is believed", () => {
  const word = fc.record({
    afterMs: fc.integer({ min: 0, max: 20 * second }),
    startsAtMs: fc.integer({ min: t0 - minute, max: t0 + 2 * minute }),
    fires: fc.boolean(),
    direct: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 20 }), (words) => {
      let nowMs = t0;
      let state: ClaimState | undefined;
      for (const { afterMs, startsAtMs, fires: isFiring, direct } of words) {
        nowMs += afterMs;
        const saying = { startsAtMs, ...(direct ? { sender: "s", endsAtMs: nowMs + minute } : {}) };
        const before = state;
        const heard = hear(state, (isFiring ? firing : resolved)("a", saying), nowMs, { reorderWindow });
        ({ state } = heard);
        expect(state.heardAtMs).toBe(nowMs);
        expect(state.effectiveStartsAtMs).toBeLessThanOrEqual(nowMs);
        const changedNothing = heard.effect === "ignored" || heard.effect === "held";
        expect(changedNothing && state.status !== before?.status).toBe(false);
        expect(heard.effect === "held" && (state.heldUntilMs ?? 0) <= nowMs).toBe(false);
      }
      nowMs += 3 * minute;
      expect(hear(state, firing("a", { startsAtMs: nowMs }), nowMs, { reorderWindow }).state.status).toBe("firing");
    }),
  );
});
