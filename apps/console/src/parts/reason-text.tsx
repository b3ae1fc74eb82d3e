import { useEffect, useState } from "preact/hooks";
import { adviceForPage } from "../format/advice-for-page.ts";

interface ReasonTexts {
  readonly states: Readonly<Record<string, string>>;
  readonly reasons: Readonly<Record<string, { readonly meaning: string; readonly remedy?: string }>>;
}

let loaded: ReasonTexts | undefined;

async function loadTexts(): Promise<ReasonTexts> {
  loaded = (await import("../words/state-texts.json")).default;
  return loaded;
}

/** The texts of docs/states.md; undefined until they are loaded. */
export function useReasonTexts(): ReasonTexts | undefined {
  const [texts, setTexts] = useState(loaded);
  useEffect(() => {
    if (loaded) return;
    void loadTexts().then(setTexts);
  }, []);
  return texts;
}

/** A sentence of the documentation: code between backquotes, links as their text. */
export function ReasonText({ text }: { readonly text: string | undefined }) {
  const pieces = (text ?? "").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").split("`");
  return <>{pieces.map((piece, index) => (index % 2 === 1 ? <code>{piece}</code> : piece))}</>;
}

/** What a state with its reason means, and what a person can do. */
export function StateMeaning({ state, reason }: { readonly state: string; readonly reason: string }) {
  const texts = useReasonTexts();
  // The reason of the normal case says the same as its state.
  const explained = reason === "delivered" || reason === state ? undefined : texts?.reasons[reason];
  return (
    <div class="meaning">
      <p>
        <ReasonText text={texts?.states[state]} /> <ReasonText text={explained?.meaning} />
      </p>
      {explained?.remedy !== undefined && (
        <p>
          <b>To do:</b> <ReasonText text={adviceForPage(explained.remedy)} />
        </p>
      )}
    </div>
  );
}
