import { StringDecoder } from 'node:string_decoder';

/** Longer lines are handed on in pieces of this many characters. */
const MAX_LINE = 16_384;

/**
 * Cuts a stream of bytes into lines, in bounded memory. Bytes that are no UTF-8 become replacement characters, `\r\n` counts as one end of
 * line, and NUL characters are left out.
 */
export class LineReader {
  readonly #decoder = new StringDecoder('utf8');
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(bytes: Buffer): void {
    this.#take(this.#decoder.write(bytes));
  }

  /** The last line need not end with a line feed. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#rest !== '') this.#emit(this.#rest);
    this.#rest = '';
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() as string;
    for (const line of lines) this.#emit(line);
    while (this.#rest.length > MAX_LINE) {
      this.#emit(this.#rest.slice(0, MAX_LINE));
      this.#rest = this.#rest.slice(MAX_LINE);
    }
  }

  #emit(line: string): void {
    this.#onLine(line.replace(/\r$/, '').replaceAll('\0', ''));
  }
}
