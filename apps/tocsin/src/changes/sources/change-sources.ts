import { createHmac, randomBytes } from "node:crypto";
import type { Change, Issue } from "@tocsin/core";
import type { ChangeSource } from "./change-source.ts";
import { filterChange } from "./filter-change.ts";
import type { ObjectState, ReadChange, SourceEvent } from "./source-type.ts";
import { sourceTypes } from "./source-types.ts";
import type { SignedRequest, Verification, Verifier } from "./verifier.ts";

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
  readonly #sources: ReadonlyMap<string, KnownSource>;
  /** The most hashes that any source takes for one request. */
  readonly #mostHashes: number;
  readonly #noSecret = randomBytes(32);

  constructor(sources: readonly ChangeSource[]) {
    const known = sources.map(knownSource);
    this.#sources = new Map(known.map((source) => [source.name, source]));
    this.#mostHashes = Math.max(1, ...known.map(({ verifier }) => verifier.hashes));
  }

  /**
   * Returns the source of a request, or the reason why it is refused. A refusal of an unknown name takes as many hashes of the body
   * as one of a wrong secret, so that its time does not reveal which names exist.
   */
  verify(name: string, request: SignedRequest): VerifiedSource | { readonly refused: string } {
    const source = this.#sources.get(name);
    const { refused, signedId }: Verification = source?.verifier.verify(request) ?? {};
    if (source !== undefined && refused === undefined) return { ...source, signedId };
    for (let hashes = source?.verifier.hashes ?? 0; hashes < this.#mostHashes; hashes++)
      createHmac("sha256", this.#noSecret).update(request.body).digest();
    return { refused: refused ?? "no source has this name" };
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
