import { LedgerUnavailable } from "@tocsin/core/decisions";

/** One migration of the tables. */
export interface Migration {
  readonly sql: string;
  /** The oldest version that can use the tables after this migration, by the number of migrations that it knows. */
  readonly compatibleFrom: number;
}

/**
 * The ledger's tables, oldest migration first: append, never edit. The table `migrations` lists the applied ones, and
 * `compatible_from` in `ledger` says which versions may use the tables.
 *
 * Replicas are replaced one by one, so a change of tables takes two versions. The first version expands: it adds what it needs
 * (columns with a default, since older versions do not name them), and older versions stay compatible. The second version,
 * released when no version before the first is running any more, contracts: it removes what is no longer needed, and is
 * compatible from the first version on.
 *
 * Columns contain the values that are searched. The rest of a row is JSON in `facts`, since rows are read and written whole.
 * It is `text`, since PostgreSQL never looks into it and `jsonb` cannot hold every text. Tables whose rows are updated leave
 * room in their pages (`fillfactor`), so that an update of no indexed column writes to no index (HOT).
 */
export const migrations: readonly Migration[] = [
  {
    compatibleFrom: 1,
    sql: `
  -- One row: how many transactions wrote, the last time and numbers given. Whoever writes holds the ledger's lock.
  CREATE TABLE ledger (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq bigint NOT NULL DEFAULT 0,
    endpoints_seq bigint NOT NULL DEFAULT 0,
    time bigint NOT NULL DEFAULT 0,
    last_token bigint NOT NULL DEFAULT 0,
    last_id bigint NOT NULL DEFAULT 0
  ) WITH (fillfactor = 10);
  INSERT INTO ledger DEFAULT VALUES;

  -- The last transaction of each process that writes: who lost its connection during a commit finds here what became of it.
  CREATE TABLE writers (id text PRIMARY KEY, seq bigint NOT NULL) WITH (fillfactor = 10);

  -- One row per alert ever accepted, whether a target wants it or not.
  CREATE TABLE alerts (
    fingerprint text COLLATE "C" PRIMARY KEY,
    status text NOT NULL,
    look_at bigint,
    confirmed_at bigint NOT NULL,
    incidents bigint[] NOT NULL,
    content text NOT NULL,
    facts text NOT NULL
  ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
  CREATE INDEX alerts_look_at ON alerts (look_at) WHERE look_at IS NOT NULL;
  CREATE INDEX alerts_firing ON alerts (fingerprint) WHERE status = 'firing';

  -- Alerts that wait for a word of a source before a claim of its ends.
  CREATE TABLE silent (
    source text COLLATE "C" NOT NULL,
    fingerprint text COLLATE "C" NOT NULL,
    PRIMARY KEY (source, fingerprint)
  );

  -- Where events go or went. Sealed terms hold no credential in clear.
  CREATE TABLE endpoints (id bigint PRIMARY KEY, current boolean NOT NULL, terms text NOT NULL);

  -- One row per episode of a problem at a target: what is wanted, what was told. No row is a message.
  CREATE TABLE incidents (
    id bigint PRIMARY KEY,
    target text COLLATE "C" NOT NULL,
    dedup_key text COLLATE "C" NOT NULL,
    endpoint bigint NOT NULL,
    state text NOT NULL,
    urgency smallint NOT NULL,
    severity text NOT NULL,
    due_at bigint,
    fallback_at bigint,
    untold boolean NOT NULL,
    -- Something was told, or may have been, and it fires: its end is owed.
    owed boolean NOT NULL,
    lead text COLLATE "C" NOT NULL,
    accepted_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    facts text NOT NULL
  ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
  CREATE INDEX incidents_episode ON incidents (dedup_key, target, id);
  CREATE INDEX incidents_due ON incidents (endpoint, urgency, due_at, id) WHERE due_at IS NOT NULL;
  CREATE INDEX incidents_over ON incidents (updated_at) WHERE due_at IS NULL AND state IN ('closed', 'not_told', 'dead');
  CREATE INDEX incidents_fallback ON incidents (fallback_at) WHERE fallback_at IS NOT NULL;

  -- Attempts under way, over the rows of their incidents: a lease lives for milliseconds and changes nothing else. Seats are
  -- taken and left, never deleted, so that this table stays as small as the most that was ever under way at once.
  CREATE TABLE flights (seat integer PRIMARY KEY, seq bigint NOT NULL, incident bigint, endpoint bigint, facts text)
    WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

  -- How many rows there are of what, so that nobody counts them.
  CREATE TABLE counts (what text COLLATE "C" PRIMARY KEY, n bigint NOT NULL)
    WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

  -- Which incidents an alert was ever part of, where the dedup key does not say it: by default it is the fingerprint.
  CREATE TABLE members (
    fingerprint text COLLATE "C" NOT NULL,
    incident bigint NOT NULL,
    PRIMARY KEY (fingerprint, incident)
  );

  CREATE TABLE history (
    incident bigint NOT NULL,
    n bigint GENERATED ALWAYS AS IDENTITY,
    at bigint NOT NULL,
    what text NOT NULL,
    detail text,
    PRIMARY KEY (incident, n)
  );

  CREATE TABLE dead_letters (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at bigint NOT NULL,
    target text NOT NULL,
    reason text NOT NULL,
    replayed_at bigint,
    facts text NOT NULL
  );

  -- Attempts that a receiver's window still counts.
  CREATE TABLE slots (
    token bigint PRIMARY KEY,
    seq bigint NOT NULL,
    credential text NOT NULL,
    urgency smallint NOT NULL,
    free_at bigint NOT NULL
  ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

  -- Pauses, breakers, blocks, when sources were heard, the ledger's own facts.
  CREATE TABLE gates (
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    facts text NOT NULL,
    PRIMARY KEY (kind, id)
  ) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
  `,
  },
  { compatibleFrom: 1, sql: "ALTER TABLE ledger ADD COLUMN compatible_from integer NOT NULL DEFAULT 1" },
  {
    compatibleFrom: 1,
    // In this order, new alerts are neighbours. In order of fingerprint, which is a hash, each alert of a storm changed a page of
    // its own, and PostgreSQL logs a whole page when it is first changed after a checkpoint.
    sql: `
  ALTER TABLE alerts ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY;
  DROP INDEX alerts_firing;
  CREATE INDEX alerts_firing ON alerts (n) WHERE status = 'firing';
  `,
  },
  {
    compatibleFrom: 4,
    // An older version would read too little from facts that leave out what columns contain. Dedup keys are hashes or long, so
    // the index holds a hash of four bytes in place of each key: it leaves few rows to compare, and new rows change half as many pages.
    sql: `
  DROP INDEX incidents_episode;
  CREATE INDEX incidents_episode ON incidents (hashtext(dedup_key), hashtext(target), id);
  COMMENT ON COLUMN incidents.facts IS 'What no column says, and most incidents have not in common';
  COMMENT ON COLUMN alerts.facts IS 'What no column says';
  `,
  },
  {
    compatibleFrom: 4,
    sql: `
  -- One row per change ever accepted, whether a target receives it or not.
  CREATE TABLE changes (
    key text COLLATE "C" PRIMARY KEY,
    at bigint NOT NULL,
    accepted_at bigint NOT NULL,
    service text COLLATE "C",
    app text COLLATE "C",
    facts text NOT NULL,
    details text
  );
  CREATE INDEX changes_at ON changes (at, key);
  CREATE INDEX changes_accepted_at ON changes (accepted_at);
  CREATE INDEX changes_service ON changes (service, at) WHERE service IS NOT NULL;
  CREATE INDEX changes_app ON changes (app, at) WHERE app IS NOT NULL;
  `,
  },
  {
    compatibleFrom: 4,
    sql: `
  -- Events of receivers that were stored, so that repeats are recognized. Those without facts need no look-up.
  CREATE TABLE receiver_events (
    callback text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    received_at bigint NOT NULL,
    look_up_at bigint,
    facts text,
    PRIMARY KEY (callback, id)
  );
  CREATE INDEX receiver_events_received_at ON receiver_events (received_at);
  CREATE INDEX receiver_events_look_up_at ON receiver_events (look_up_at) WHERE look_up_at IS NOT NULL;
  `,
  },
];

/** @throws LedgerUnavailable if a version that knows `known` migrations may not use the tables */
export function refuseNewer(compatibleFrom: number, known = migrations.length): void {
  if (compatibleFrom > known)
    throw new LedgerUnavailable(
      `the ledger's tables are a newer Tocsin's (for schema ${compatibleFrom} and later, this one knows ${known}): upgrade to open it`,
    );
}
