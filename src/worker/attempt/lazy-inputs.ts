/** Puts the lists that a task reads piece by piece in their places among its arguments. */
import { decodeTagged } from '../../model/codec.js';
import type { InputSpec } from '../../model/dag-spec.js';
import type { TaggedJson } from '../../model/tagged-json.js';
import { LazyList } from '../../sdk/lazy.js';

/** Outputs of copies of a task that are left in the store: how many values there are, and how many copies have been made. */
export interface StoredList {
  readonly length: number;
  readonly copies: number;
}

/** Reads the values of the copies with map indexes in `[from, to)`, in order. */
export type ReadCopies = (taskId: string, from: number, to: number) => Promise<readonly TaggedJson[]>;

/** Copies that are read at once: at most 8 MB with the default limit of an XCom. */
const PAGE = 32;

/** What `input` says of the decoded `value`, with lazy lists where it has lazy refs. */
export function withLazyLists(input: InputSpec | undefined, value: unknown, read: ReadCopies): unknown {
  switch (input?.kind) {
    case 'ref':
      return input.lazy ? lazyList(input.taskId, value, read) : value;
    case 'list':
      return (value as readonly unknown[]).map((item, index) => withLazyLists(input.items[index], item, read));
    case 'object': {
      const fields = Object.entries(value as object);
      return Object.fromEntries(fields.map(([name, field]) => [name, withLazyLists(input.fields[name], field, read)]));
    }
    default:
      return value;
  }
}

/** A list that is here already is not read again; what is missing stays missing. */
function lazyList(taskId: string, value: unknown, read: ReadCopies): unknown {
  if (Array.isArray(value)) {
    return new LazyList(value.length, async function* () {
      yield* value as unknown[];
    });
  }
  if (value === undefined) return undefined;
  const { length, copies } = value as StoredList;
  return new LazyList(length, async function* () {
    for (let from = 0; from < copies; from += PAGE) {
      for (const item of await read(taskId, from, Math.min(from + PAGE, copies))) yield decodeTagged(item);
    }
  });
}
