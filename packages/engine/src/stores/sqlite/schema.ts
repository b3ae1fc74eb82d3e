export interface Migration {
  /** The smallest number of known migrations with which a program may still use the tables afterwards. */
  readonly compatibleFrom: number;
  readonly sql: string;
}

/**
 * The ledger's tables, oldest migration first: append, never edit. `PRAGMA user_version` is the number of applied migrations.
 *
 * Columns contain the values that are searched. The rest of a row is JSON in `facts`, since rows are read and written whole.
 */
export const migrations: readonly Migration[] = [
  {
    compatibleFrom: 1,
    sql: `
  -- One row per alert ever accepted, whether a target wants it or not.
  CREATE TABLE alerts (
    fingerprint TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    look_at INTEGER,
    confirmed_at INTEGER NOT NULL,
    content TEXT NOT NULL,
    facts TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX alerts_look_at ON alerts (look_at) WHERE look_at IS NOT NULL;
  CREATE INDEX alerts_over ON alerts (confirmed_at) WHERE status = 'resolved';
  CREATE INDEX alerts_firing ON alerts (fingerprint) WHERE status = 'firing';

  -- Alerts that wait for a word of a source before a claim of its ends.
  CREATE TABLE silent (source TEXT NOT NULL, fingerprint TEXT NOT NULL, PRIMARY KEY (source, fingerprint)) STRICT, WITHOUT ROWID;

  -- Where events go or went. Sealed terms hold no credential in clear.
  CREATE TABLE endpoints (
    id INTEGER PRIMARY KEY,
    current INTEGER NOT NULL,
    terms TEXT NOT NULL
  ) STRICT;

  -- One row per episode of a problem at a target: what is wanted, what was told. No row is a message.
  CREATE TABLE incidents (
    id INTEGER PRIMARY KEY,
    target TEXT NOT NULL,
    dedup_key TEXT NOT NULL,
    endpoint INTEGER NOT NULL,
    state TEXT NOT NULL,
    urgency INTEGER NOT NULL,
    due_at INTEGER,
    fallback_at INTEGER,
    untold INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    facts TEXT NOT NULL
  ) STRICT;
  CREATE INDEX incidents_episode ON incidents (dedup_key, target);
  CREATE INDEX incidents_due ON incidents (endpoint, urgency, due_at, accepted_at) WHERE due_at IS NOT NULL;
  CREATE INDEX incidents_fallback ON incidents (fallback_at) WHERE fallback_at IS NOT NULL;

  -- One row: the attempts under way, over the rows of their incidents; and the last number given to an incident.
  CREATE TABLE flights (facts TEXT NOT NULL, last_incident INTEGER NOT NULL) STRICT;
  INSERT INTO flights (facts, last_incident) VALUES ('[]', 0);

  -- How many rows there are of what, so that nobody counts them.
  CREATE TABLE counts (what TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;

  -- Which incidents an alert was ever part of, where the dedup key does not say it: by default it is the fingerprint.
  CREATE TABLE members (fingerprint TEXT NOT NULL, incident INTEGER NOT NULL, PRIMARY KEY (fingerprint, incident)) STRICT, WITHOUT ROWID;

  CREATE TABLE history (
    incident INTEGER NOT NULL,
    at INTEGER NOT NULL,
    n INTEGER NOT NULL,
    what TEXT NOT NULL,
    detail TEXT,
    PRIMARY KEY (incident, at, n)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    target TEXT NOT NULL,
    reason TEXT NOT NULL,
    replayed_at INTEGER,
    facts TEXT NOT NULL
  ) STRICT;

  -- Attempts that a receiver's window still counts.
  CREATE TABLE slots (
    token INTEGER PRIMARY KEY,
    credential TEXT NOT NULL,
    urgency INTEGER NOT NULL,
    free_at INTEGER NOT NULL
  ) STRICT;

  -- Pauses, breakers, blocks, when sources were heard, the ledger's own facts.
  CREATE TABLE gates (kind TEXT NOT NULL, id TEXT NOT NULL, facts TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID;
  `,
  },
  {
    compatibleFrom: 2,
    sql: `
  -- Alerts in their order of arrival: those of one commit share their pages, where by fingerprint each had one of its own.
  CREATE TABLE arrived (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status TEXT NOT NULL,
    look_at INTEGER,
    confirmed_at INTEGER NOT NULL,
    content TEXT NOT NULL,
    facts TEXT NOT NULL
  ) STRICT;
  INSERT INTO arrived (fingerprint, status, look_at, confirmed_at, content, facts)
    SELECT fingerprint, status, look_at, confirmed_at, content, facts FROM alerts ORDER BY confirmed_at;
  DROP TABLE alerts;
  ALTER TABLE arrived RENAME TO alerts;
  CREATE UNIQUE INDEX alerts_fingerprint ON alerts (fingerprint);
  CREATE INDEX alerts_look_at ON alerts (look_at) WHERE look_at IS NOT NULL;
  CREATE INDEX alerts_over ON alerts (confirmed_at) WHERE status = 'resolved';
  CREATE INDEX alerts_firing ON alerts (id) WHERE status = 'firing';
  `,
  },
  {
    compatibleFrom: 2,
    sql: `
  -- One row per change ever accepted, whether a target receives it or not.
  CREATE TABLE changes (
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    service TEXT,
    app TEXT,
    facts TEXT NOT NULL,
    -- Apart and last, so that SQLite reads the pages of large details only when they are asked for.
    details TEXT
  ) STRICT;
  CREATE UNIQUE INDEX changes_key ON changes (key);
  CREATE INDEX changes_at ON changes (at, key);
  CREATE INDEX changes_accepted_at ON changes (accepted_at);
  CREATE INDEX changes_service ON changes (service, at) WHERE service IS NOT NULL;
  CREATE INDEX changes_app ON changes (app, at) WHERE app IS NOT NULL;
  `,
  },
  {
    compatibleFrom: 2,
    sql: `
  -- Events of receivers that were stored, so that repeats are recognized. Those without facts need no look-up.
  CREATE TABLE receiver_events (
    callback TEXT NOT NULL,
    id TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    look_up_at INTEGER,
    facts TEXT,
    PRIMARY KEY (callback, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX receiver_events_received_at ON receiver_events (received_at);
  CREATE INDEX receiver_events_look_up_at ON receiver_events (look_up_at) WHERE look_up_at IS NOT NULL;
  `,
  },
];
