import type { Change, Issue } from "@tocsin/core";
import type { ChangeSource } from "./change-source.ts";
import { filterChange } from "./filter-change.ts";
import { SignedSenders } from "./signed-senders.ts";
import type { ObjectState, ReadChange, SourceEvent } from "./source-type.ts";
import { sourceTypes } from "./source-types.ts";
import type { SignedRequest, Verifier } from "./verifier.ts";

/** The result of reading an event. */
export type SourceReading =
  /** `objectState`: the event repeats the latest change of the object if that had the same state. */
  | { readonly change: Change; readonly objectState?: ObjectState }
  /** A valid event that is not wanted, with the reason. */
  | { readonly ignored: string }
  | { readonly invalid: readonly Issue[] };

/** One source, after a request of it was verified. */
export interface VerifiedSource {
  readonly name: string;
  /** The id of the event, if the signature covers it. */
  readonly signedId: string | undefined;
  /** Reads an event of this source. Pure. */
  readonly read: (event: SourceEvent) => SourceReading;
}

interface KnownSource extends Pick<VerifiedSource, "name" | "read"> {
  readonly verifier: Verifier;
}

/** The sources of changes. A reload of the configuration replaces them as a whole. */
export class ChangeSources {
  readonly #sources: SignedSenders<KnownSource>;

  constructor(sources: readonly ChangeSource[]) {
    this.#sources = new SignedSenders("source", sources.map(knownSource));
  }

  /** Returns the source of a request, or the reason why it is refused. */
  verify(name: string, request: SignedRequest): VerifiedSource | { readonly refused: string } {
    const verified = this.#sources.verify(name, request);
    return "refused" in verified ? verified : { ...verified.sender, signedId: verified.signedId };
  }

  /** Whether a source has this name. */
  has(name: string): boolean {
    return this.#sources.has(name);
  }
}

/** Builds the check and the reader of one source. */
export function knownSource(settings: ChangeSource): KnownSource {
  const type = sourceTypes[settings.type];
  const secrets = settings.secrets.map((secret) => secret.reveal());
  const filter = filterChange(settings.filters);
  return {
    name: settings.name,
    verifier: type.verifier(secrets, settings),
    read(event) {
      const reading = type.read(event, settings);
      if (!("change" in reading)) return reading;
      const { change, objectState } = reading;
      const ignored = filter({ ...reading, environment: change.environment });
      if (ignored !== undefined) return { ignored };
      return { change: completed(change, settings), ...(objectState && { objectState }) };
    },
  };
}

/** Adds what the configuration says, and leaves out what the event does not have. */
function completed({ labels, links, ...change }: ReadChange, { name, labels: own }: ChangeSource): Change {
  return {
    ...change,
    origin: name,
    labels: Object.fromEntries(
      Object.entries({ ...labels, ...own }).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
    links: links.flatMap(({ href, text }) => (href ? [{ href, text }] : [])),
  };
}
