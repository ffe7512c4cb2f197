/**
 * Turns lists of rows into one array parameter per column: `unnest($1::bigint[], $2::text[], ...)`. A statement then has the same text
 * for one row and for a thousand, so that it is prepared once; arrays parse about three times faster than JSON records.
 */
import type { Instant } from '../../model/instant.js';

/** `instant` travels as epoch milliseconds and is a timestamptz in SQL. */
export type ColumnType = 'bigint' | 'integer' | 'text' | 'uuid' | 'boolean' | 'float8' | 'instant';
export type Columns = Readonly<Record<string, ColumnType>>;

type ValueOf<Type extends ColumnType> = Type extends 'text' | 'uuid'
  ? string
  : Type extends 'boolean'
    ? boolean
    : Type extends 'instant'
      ? Instant
      : number;
/** A row of such columns; any value may be null. */
export type RowOf<C extends Columns> = { readonly [Name in keyof C]: ValueOf<C[Name]> | null };

/** One table-valued parameter. */
export class RowSet<C extends Columns> {
  private readonly names: readonly (keyof C & string)[];

  constructor(private readonly columns: C) {
    this.names = Object.keys(columns);
  }

  /** How many parameters it takes. */
  get width(): number {
    return this.names.length;
  }

  /** A subselect with the columns by name, and `n`, the position of the row from 1. Parameters count from `first`. */
  select(first: number): string {
    const arrays = this.names.map((name, index) => `$${first + index}::${arrayType(this.columns[name]!)}`);
    const values = this.names.map((name) =>
      this.columns[name] === 'instant' ? `to_timestamp(x.${name} / 1000) as ${name}` : `x.${name}`,
    );
    return `select ${values.join(', ')}, x.n from unnest(${arrays.join(', ')}) with ordinality as x(${this.names.join(', ')}, n)`;
  }

  /** The parameters' values. */
  values(rows: readonly RowOf<C>[]): string[] {
    return this.names.map((name) => arrayLiteral(rows, name));
  }
}

function arrayType(type: ColumnType): string {
  return type === 'instant' ? 'float8[]' : `${type}[]`;
}

function arrayLiteral<C extends Columns>(rows: readonly RowOf<C>[], name: keyof C): string {
  let literal = '{';
  for (let index = 0; index < rows.length; index++) {
    if (index > 0) literal += ',';
    const value: string | number | boolean | null = rows[index]![name];
    if (value === null) literal += 'NULL';
    else if (typeof value === 'string') literal += quote(value);
    else literal += value;
  }
  return `${literal}}`;
}

function quote(text: string): string {
  if (/["\\\0]/.test(text)) return `"${text.replace(/["\\]/g, '\\$&').replaceAll('\0', '\uFFFD')}"`;
  return `"${text}"`;
}

/** A plain list as an array parameter. */
export function listParameter(values: readonly (string | number)[]): string {
  return `{${values.map((value) => (typeof value === 'string' ? quote(value) : value)).join(',')}}`;
}
