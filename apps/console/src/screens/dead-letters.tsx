import { useState } from "preact/hooks";
import type { DeadLetterBody, DeadLetterPage } from "../api/dead-letter-body.ts";
import type { TargetsBody } from "../api/target-body.ts";
import { useData } from "../api/use-data.ts";
import { DeadLetterActions } from "../dead-letters/dead-letter-actions.tsx";
import { ReplayAll } from "../dead-letters/replay-all.tsx";
import { countOf } from "../format/format-count.ts";
import { wordsOf } from "../format/words-of.ts";
import { ReadOnlyNote } from "../parts/action-button.tsx";
import { LiveCount } from "../parts/live-count.tsx";
import { Loading } from "../parts/loading.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { Pager } from "../parts/pager.tsx";
import { LineText } from "../parts/text.tsx";
import { TimeMark } from "../parts/time-mark.tsx";
import { hrefOf, navigate, place } from "../routing/router.ts";
import { withQuery } from "../routing/with-query.ts";

const reasons = ["dead_invalid", "dead_expired"];

/** Events that were given up or refused, and their replay. */
export function DeadLetters() {
  const { query } = place.value;
  const value = (name: string): string | undefined => query.get(name) || undefined;
  const filters = { target: value("target"), reason: value("reason") };
  const page = useData<DeadLetterPage>(
    withQuery("deadletters", { ...filters, replayed: value("replayed"), cursor: value("cursor"), limit: "50" }),
  );
  const targets = useData<TargetsBody>("targets");
  const [result, setResult] = useState<string>();
  const done = (text: string): void => {
    setResult(text);
    page.reload();
  };
  const choice = (name: string, label: string, any: string, options: readonly (readonly [string, string])[]) => (
    <label class="field">
      {label}
      <select
        value={value(name) ?? ""}
        onChange={(event) =>
          navigate(
            hrefOf("deadletters", { ...filters, replayed: value("replayed"), [name]: event.currentTarget.value }),
          )
        }
      >
        <option value="">{any}</option>
        {options.map(([option, shown]) => (
          <option value={option}>{shown}</option>
        ))}
      </select>
    </label>
  );
  const names = new Set([
    ...(targets.data?.targets ?? []).map(({ name }) => name),
    ...(filters.target ? [filters.target] : []),
  ]);
  return (
    <>
      <PageTitle title="Dead letters" />
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        {choice(
          "target",
          "Target",
          "any",
          Array.from(names, (name) => [name, name]),
        )}
        {choice(
          "reason",
          "Reason",
          "any",
          reasons.map((reason) => [reason, wordsOf(reason)]),
        )}
        {choice("replayed", "Replayed", "yes or no", [
          ["false", "no"],
          ["true", "yes"],
        ])}
        <button type="button" data-refresh onClick={page.reload}>
          Refresh
        </button>
      </form>
      <Loading from={page}>
        {({ deadletters, nextCursor }) => (
          <>
            <LiveCount>
              {countOf(deadletters.length, "dead letter") + (nextCursor === undefined ? "" : " on this page")}
            </LiveCount>
            {deadletters.length > 0 && (
              <div class="actions">
                <ReplayAll filters={filters} version={page.data} replayed={page.reload} />
              </div>
            )}
            <ReadOnlyNote />
            <p role="status">{result}</p>
            {deadletters.length === 0 ? (
              <p class="empty">No dead letter. Tocsin has given up no event that matches.</p>
            ) : (
              <Rows letters={deadletters} done={done} />
            )}
            <Pager nextCursor={nextCursor} />
          </>
        )}
      </Loading>
    </>
  );
}

interface RowsProps {
  readonly letters: readonly DeadLetterBody[];
  readonly done: (result: string) => void;
}

function Rows({ letters, done }: RowsProps) {
  return (
    <table class="grid letters" role="table">
      <caption>Dead letters, the newest first</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader">Event</th>
          <th role="columnheader">Target</th>
          <th role="columnheader">Reason</th>
          <th role="columnheader">Answer</th>
          <th role="columnheader" class="number">
            Age
          </th>
          <th role="columnheader">Actions</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {letters.map((letter) => (
          <tr role="row" key={letter.id}>
            <td role="cell" class="summary">
              <a data-row href={hrefOf(`deadletters/${letter.id}`)}>
                {letter.action} <LineText value={letter.dedupKey} most={60} />
              </a>
            </td>
            <td role="cell" class="target">
              <LineText value={letter.target} most={60} />
            </td>
            <td role="cell" class="state-cell">
              <span class="state dead">{wordsOf(letter.reason)}</span>
              {letter.replayedAt != null && (
                <span class="muted">
                  {" "}
                  replayed <TimeMark at={letter.replayedAt} show="age" />
                </span>
              )}
            </td>
            <td role="cell" class="answer-cell">
              <LineText value={letter.answer} most={200} />
            </td>
            <td role="cell" class="number age">
              <TimeMark at={letter.at} show="age" />
            </td>
            <td role="cell" class="row-actions">
              <DeadLetterActions letter={letter} done={done} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
