/** The column types that rows are written with, and the type of a value of each. */
interface Types {
  readonly text: string;
  readonly bigint: number;
  readonly integer: number;
  readonly smallint: number;
  readonly boolean: boolean;
}

type Type = keyof Types;

/** A row, keyed by column name. */
export type RowOf<C extends Readonly<Record<string, Type>>> = { readonly [K in keyof C]: Types[C[K]] | null };

/** From `pg_type.dat`, which is part of the protocol: these numbers never change. */
const oids: Readonly<Record<Type, number>> = { boolean: 16, bigint: 20, smallint: 21, integer: 23, text: 25 };

/**
 * Passes any number of rows as parameters of one statement: one array per column, in PostgreSQL's binary format. That costs the
 * server a third less than rows as JSON, since it reads each JSON row into a hash. The cost in this process is the same.
 */
export class BinaryArrays<C extends Readonly<Record<string, Type>>> {
  readonly #columns: readonly (readonly [name: keyof C & string, type: Type])[];
  /** The column list of an INSERT. */
  readonly names: string;
  /** Used in place of a table, under the name `r`. It takes the first parameters of the statement. */
  readonly rows: string;
  /** The next parameter after those. */
  readonly next: string;

  constructor(columns: C) {
    this.#columns = Object.entries(columns);
    this.names = Object.keys(columns).join(", ");
    const arrays = this.#columns.map(([, type], n) => `$${n + 1}::${type}[]`);
    this.rows = `unnest(${arrays.join(", ")}) AS r (${this.names})`;
    this.next = `$${arrays.length + 1}`;
  }

  valuesOf(rows: readonly RowOf<C>[]): Buffer[] {
    return this.#columns.map(([name, type]) =>
      arrayOf(
        type,
        rows.map((row) => row[name]),
      ),
    );
  }
}

/**
 * The format of `array_recv`: number of dimensions, whether there are nulls, type of the elements, their count, the index of the
 * first. Then for each element its length in bytes (-1 for null) and its bytes.
 */
function arrayOf(type: Type, values: readonly (string | number | boolean | null)[]): Buffer {
  const head = 5 * 4;
  let size = head + 4 * values.length;
  for (const value of values) size += value === null ? 0 : lengthOf(type, value);
  const array = Buffer.allocUnsafe(size);
  let at = 0;
  for (const word of [1, 1, oids[type], values.length, 1]) at = array.writeInt32BE(word, at);
  for (const value of values) {
    if (value === null) {
      at = array.writeInt32BE(-1, at);
      continue;
    }
    // The length of a text is known only after it is written.
    const start = at + 4;
    const end = write(array, type, value, start);
    array.writeInt32BE(end - start, at);
    at = end;
  }
  return array;
}

const lengthOf = (type: Type, value: string | number | boolean): number =>
  type === "text" ? Buffer.byteLength(value as string) : lengths[type];

const lengths = { boolean: 1, smallint: 2, integer: 4, bigint: 8 } as const;

function write(array: Buffer, type: Type, value: string | number | boolean, at: number): number {
  if (type === "text") return at + array.write(value as string, at);
  if (type === "boolean") return array.writeUInt8(value ? 1 : 0, at);
  if (type === "smallint") return array.writeInt16BE(value as number, at);
  if (type === "integer") return array.writeInt32BE(value as number, at);
  const high = Math.floor((value as number) / 2 ** 32);
  return array.writeUInt32BE((value as number) - high * 2 ** 32, array.writeInt32BE(high, at));
}
