/**
 * A list of outputs that is read piece by piece while a task works through it: what a parameter gets that was wired with `.lazy()`. The
 * outputs of ten thousand copies need not fit into memory at once.
 */
export interface Lazy<T> extends AsyncIterable<T> {
  /** Number of elements. */
  readonly length: number;
  /** All elements at once. */
  toArray(): Promise<T[]>;
}

/** A list as a task gets it that takes it piece by piece: for calling such a task in a test. */
export function lazyOf<T>(items: readonly T[]): Lazy<T> {
  return new LazyList(items.length, async function* () {
    yield* items;
  });
}

export class LazyList<T> implements Lazy<T> {
  readonly length: number;
  readonly #read: () => AsyncIterator<T>;

  /** @param read Begins at the first element each time it is called. */
  constructor(length: number, read: () => AsyncIterator<T>) {
    this.length = length;
    this.#read = read;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.#read();
  }

  async toArray(): Promise<T[]> {
    const items: T[] = [];
    for await (const item of this) items.push(item);
    return items;
  }
}
