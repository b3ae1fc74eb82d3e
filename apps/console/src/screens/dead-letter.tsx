import { useState } from "preact/hooks";
import type { DeadLetterBody } from "../api/dead-letter-body.ts";
import { useData } from "../api/use-data.ts";
import { DeadLetterActions } from "../dead-letters/dead-letter-actions.tsx";
import { wordsOf } from "../format/words-of.ts";
import { ReadOnlyNote } from "../parts/action-button.tsx";
import { Fields } from "../parts/fields.tsx";
import { JsonView } from "../parts/json-view.tsx";
import { Loading } from "../parts/loading.tsx";
import { PageTitle } from "../parts/page-title.tsx";
import { StateMeaning } from "../parts/reason-text.tsx";
import { Text } from "../parts/text.tsx";
import { TimeMark } from "../parts/time-mark.tsx";
import { targetPath } from "../routing/parse-route.ts";
import { hrefOf, route } from "../routing/router.ts";

/** One dead letter: what was sent, what came back, and the way on. */
export function DeadLetter() {
  const shown = route.value;
  const id = shown.screen === "dead-letter" ? shown.id : 0;
  const letter = useData<DeadLetterBody>(`deadletters/${id}`);
  const [result, setResult] = useState<string>();
  const done = (text: string): void => {
    setResult(text);
    letter.reload();
  };
  return (
    <>
      <p class="crumb">
        <a href={hrefOf("deadletters")}>Dead letters</a> /
      </p>
      <PageTitle title={`Dead letter ${id}`} />
      <p role="status">{result}</p>
      <Loading from={letter}>
        {(data) => (
          <>
            <StateMeaning state="dead" reason={data.reason} />
            <div class="actions">
              <DeadLetterActions letter={data} done={done} />
            </div>
            <ReadOnlyNote />
            <Fields
              rows={[
                ["Reason", wordsOf(data.reason)],
                ["Answer", <Text value={data.answer ?? "no answer came"} most={1_000} />],
                [
                  "Target",
                  <a href={hrefOf(targetPath(data.target))}>
                    <Text value={data.target} most={80} />
                  </a>,
                ],
                ["Incident", <a href={hrefOf(`incidents/${data.incident}`)}>{data.incident}</a>],
                ["Event", data.action],
                ["Dedup key", <Text value={data.dedupKey} most={120} />],
                ["Given up", <TimeMark at={data.at} show="utc" />],
                ["Replayed", data.replayedAt != null && <TimeMark at={data.replayedAt} />],
              ]}
            />
            <section aria-labelledby="sent">
              <h2 id="sent">Sent event</h2>
              <JsonView value={data.rendered} />
            </section>
          </>
        )}
      </Loading>
    </>
  );
}
