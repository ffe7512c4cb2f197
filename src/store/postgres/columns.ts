/**
 * Table-valued parameters: lists of rows that a statement reads with `unnest`, so that it has the same text, and is prepared once, for one
 * row and for a thousand.
 *
 * There are two forms. `RowSet` sends one array per column and needs nothing in the database. `TypedRows` sends one array of a composite
 * type of the schema: it costs a fiftieth for a single row and half for many (measured: 1 row of 23 columns 75 us against 1 us, 100
 * rows 570 us against 350 us), so the commit statement uses it.
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

/** What a statement builder needs of either form. */
export interface Rows<C extends Columns> {
  /** How many parameters it takes. */
  readonly width: number;
  /** A subselect with the columns by name, and `n`, the position of the row from 1. Parameters count from `first`. */
  select(first: number): string;
  /** The parameters' values. */
  values(rows: readonly RowOf<C>[]): string[];
}

/** One array per column. */
export class RowSet<C extends Columns> implements Rows<C> {
  private readonly names: readonly (keyof C & string)[];

  constructor(private readonly columns: C) {
    this.names = Object.keys(columns);
  }

  get width(): number {
    return this.names.length;
  }

  select(first: number): string {
    const arrays = this.names.map((name, index) => `$${first + index}::${sqlType(this.columns[name]!)}[]`);
    return selectFrom(this.columns, `unnest(${arrays.join(', ')})`);
  }

  values(rows: readonly RowOf<C>[]): string[] {
    return this.names.map((name) => `{${rows.map((row) => element(row[name])).join(',')}}`);
  }
}

/** One array of the composite type `typeName`, whose attributes are exactly `columns`, in order. */
export class TypedRows<C extends Columns> implements Rows<C> {
  readonly width = 1;
  private readonly names: readonly (keyof C & string)[];

  constructor(
    readonly typeName: string,
    readonly columns: C,
  ) {
    this.names = Object.keys(columns);
  }

  select(first: number): string {
    return selectFrom(this.columns, `unnest($${first}::${this.typeName}[])`);
  }

  values(rows: readonly RowOf<C>[]): string[] {
    let literal = '{';
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index]!;
      literal += index === 0 ? '"(' : ',"(';
      for (let column = 0; column < this.names.length; column++) {
        if (column > 0) literal += ',';
        literal += field(row[this.names[column]!]);
      }
      literal += ')"';
    }
    return [`${literal}}`];
  }
}

/** Name in SQL; instants are sent as numbers. */
export function sqlType(type: ColumnType): string {
  return type === 'instant' ? 'float8' : type;
}

function selectFrom(columns: Columns, source: string): string {
  const names = Object.keys(columns);
  const values = names.map((name) => (columns[name] === 'instant' ? `to_timestamp(x.${name} / 1000) as ${name}` : `x.${name}`));
  return `select ${values.join(', ')}, x.n from ${source} with ordinality as x(${names.join(', ')}, n)`;
}

type Value = string | number | boolean | null;

/** An element of an array literal. */
function element(value: Value): string {
  if (value === null) return 'NULL';
  return typeof value === 'string' ? quote(value) : String(value);
}

function quote(text: string): string {
  return `"${/["\\\0]/.test(text) ? escape(withoutNul(text)) : text}"`;
}

/** A field of a record literal within an array literal, so what is special to either is escaped. Null is nothing at all. */
function field(value: Value): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  if (/^[\w.:+~-]+$/.test(value)) return value;
  return escape(`"${escape(withoutNul(value))}"`);
}

const escape = (text: string) => text.replace(/["\\]/g, '\\$&');
/** Postgres cannot store the NUL character in text. */
const withoutNul = (text: string) => text.replaceAll('\0', '\uFFFD');

/** A plain list as an array parameter. */
export function listParameter(values: readonly (string | number)[]): string {
  return `{${values.map(element).join(',')}}`;
}
