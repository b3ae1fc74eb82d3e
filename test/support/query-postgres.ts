import pg from "pg";

/** Runs a query at a PostgreSQL server, on a connection of its own. */
export async function queryPostgres<Row extends object>(
  connectionString: string,
  sql: string,
): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString });
  try {
    await client.connect();
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
