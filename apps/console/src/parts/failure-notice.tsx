import type { Failure } from "../api/failure.ts";
import { Text } from "./text.tsx";

/** An error with all its issues. */
export function FailureNotice({
  failure,
  retry,
}: {
  readonly failure: Failure | undefined;
  readonly retry?: () => void;
}) {
  if (failure === undefined) return null;
  return (
    <div class="notice bad" role="alert">
      <p>
        <Text value={failure.message} />{" "}
        {retry && (
          <button type="button" onClick={retry}>
            Try again
          </button>
        )}
      </p>
      {failure.issues.length > 0 && (
        <ul>
          {failure.issues.map(({ path, message }) => (
            <li>
              {path !== "" && (
                <>
                  <code>
                    <Text value={path} />
                  </code>
                  :{" "}
                </>
              )}
              <Text value={message} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
