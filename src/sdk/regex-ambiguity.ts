/**
 * Tells patterns that can take exponential time from those that cannot: on some text, there are ever more ways to match the same part of
 * it. The positions of a pattern are its characters and classes; the pattern is ambiguous when a walk over them can leave a position and come
 * back to it in two ways that read the same text. (Quadratic time is not looked for: texts are short.)
 */

/** Larger patterns are not followed and count as dangerous. */
const MAX_POSITIONS = 400;
/** Characters that classes such as `\w` and `.` tell apart; those of the pattern and their neighbours are added. */
const SAMPLES = ['a', 'z', 'A', 'Z', '0', '9', '_', '-', ' ', '\t', '\n', '.', '@', '!', 'é', 'ß', '中', '😀'];
/** A count above this is followed as "any number". */
const MAX_COPIES = 20;

/** @param source a valid pattern, read with the `u` flag. */
export function isCatastrophic(source: string): boolean {
  try {
    const automaton = new Automaton(source);
    automaton.read();
    return automaton.isAmbiguous();
  } catch (error) {
    if (error instanceof TooLarge) return true;
    throw error;
  }
}

class TooLarge extends Error {}

/** A part of the pattern: where it can begin and end, and whether it can be nothing. */
interface Part {
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly isOptional: boolean;
}

const NOTHING: Part = { first: [], last: [], isOptional: true };
const ATOM = /\[\^?(?:\\[^]|[^\]\\])*\]|\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[\dA-Fa-f]{4}|x[\dA-Fa-f]{2}|c[A-Za-z]|[^])|[^]/uy;
const QUANTIFIER = /(?:[*+?]|\{(\d+)(,)?(\d*)\})\??/y;
const GROUP = /\((?:\?(?::|=|!|<=|<!|<[^>]*>))?/y;

/** Built while the pattern is read, from left to right. */
class Automaton {
  readonly #source: string;
  readonly #samples: readonly string[];
  /** Which samples each position reads, as bits. */
  readonly #reads: bigint[] = [];
  readonly #known = new Map<string, bigint>();
  readonly #follow: Set<number>[] = [];
  /** Steps that can be made in two ways. */
  readonly #doubled = new Set<string>();
  #at = 0;

  constructor(source: string) {
    this.#source = source;
    const own = [...source].flatMap((character) => {
      const code = character.codePointAt(0) as number;
      return [code - 1, code, code + 1].filter((one) => one >= 0 && one < 0xd800).map((one) => String.fromCodePoint(one));
    });
    this.#samples = [...new Set([...SAMPLES, ...own])];
  }

  read(): Part {
    let whole = this.#sequence();
    while (this.#source[this.#at] === '|') {
      this.#at++;
      const other = this.#sequence();
      const isOptional = whole.isOptional || other.isOptional;
      whole = { first: [...whole.first, ...other.first], last: [...whole.last, ...other.last], isOptional };
    }
    return whole;
  }

  #sequence(): Part {
    let whole = NOTHING;
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at] as string)) {
      whole = this.#join(whole, this.#quantified());
    }
    return whole;
  }

  #quantified(): Part {
    const start = this.#at;
    const part = this.#single();
    const found = this.#match(QUANTIFIER);
    if (!found) return part;
    const [min, max] = countsOf(found);
    const end = this.#at;
    let whole = min === 0 ? { ...part, isOptional: true } : part;
    const copies = max <= MAX_COPIES ? max : Math.min(Math.max(min, 1), MAX_COPIES);
    if (max === 0) return NOTHING;
    let last = part;
    for (let copy = 2; copy <= copies; copy++) {
      this.#at = start;
      last = this.#single();
      whole = this.#join(whole, copy > min ? { ...last, isOptional: true } : last);
    }
    this.#at = end;
    if (max > copies) this.#connect(last.last, last.first);
    return whole;
  }

  /** A group, a character, a class; assertions read nothing. */
  #single(): Part {
    const group = this.#match(GROUP);
    if (group) {
      const inside = this.read();
      this.#at++;
      return /^\(\?<?[=!]/.test(group[0]) ? NOTHING : inside;
    }
    const [atom] = this.#match(ATOM) as RegExpExecArray;
    if (/^(?:[\^$]|\\[bB])$/.test(atom)) return NOTHING;
    if (this.#reads.length >= MAX_POSITIONS) throw new TooLarge();
    const position = this.#reads.push(this.#readsOf(atom)) - 1;
    this.#follow.push(new Set());
    return { first: [position], last: [position], isOptional: false };
  }

  #readsOf(atom: string): bigint {
    let bits = this.#known.get(atom);
    if (bits === undefined) {
      // What a back reference reads depends on the text: anything.
      const reads = /^\\(?:[1-9]|k)/.test(atom) ? /^/ : new RegExp(`^(?:${atom})$`, 'u');
      bits = this.#samples.reduce((all, sample, index) => (reads.test(sample) ? all | (1n << BigInt(index)) : all), 0n);
      this.#known.set(atom, bits);
    }
    return bits;
  }

  #join(left: Part, right: Part): Part {
    this.#connect(left.last, right.first);
    return {
      first: left.isOptional ? [...left.first, ...right.first] : left.first,
      last: right.isOptional ? [...left.last, ...right.last] : right.last,
      isOptional: left.isOptional && right.isOptional,
    };
  }

  #connect(last: readonly number[], first: readonly number[]): void {
    for (const from of last) {
      for (const to of first) {
        const follow = this.#follow[from] as Set<number>;
        if (follow.has(to)) this.#doubled.add(`${from} ${to}`);
        follow.add(to);
      }
    }
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }

  /** A loop that can be walked in two ways: over a doubled step, or over two positions that read the same. */
  isAmbiguous(): boolean {
    const count = this.#reads.length;
    for (const step of this.#doubled) {
      const [from, to] = step.split(' ').map(Number) as [number, number];
      if (this.#reaches(to, from)) return true;
    }
    for (let start = 0; start < count; start++) {
      if (this.#reaches(start, start) && this.#splitsAndMeets(start)) return true;
    }
    return false;
  }

  #reaches(from: number, target: number): boolean {
    const seen = new Set<number>();
    const open = [...(this.#follow[from] as Set<number>)];
    if (from === target && open.includes(target)) return true;
    for (let position = open.pop(); position !== undefined; position = open.pop()) {
      if (position === target) return true;
      if (seen.has(position)) continue;
      seen.add(position);
      open.push(...(this.#follow[position] as Set<number>));
    }
    return false;
  }

  /** Whether two walks from `start` over the same text part and are both at `start` again. */
  #splitsAndMeets(start: number): boolean {
    const seen = new Set<number>();
    const open: (readonly [a: number, b: number, haveParted: boolean])[] = [[start, start, false]];
    for (let state = open.pop(); state; state = open.pop()) {
      const [a, b, haveParted] = state;
      for (const nextA of this.#follow[a] as Set<number>) {
        for (const nextB of this.#follow[b] as Set<number>) {
          if (((this.#reads[nextA] as bigint) & (this.#reads[nextB] as bigint)) === 0n) continue;
          const parted = haveParted || nextA !== nextB;
          if (parted && nextA === start && nextB === start) return true;
          const key = (nextA * MAX_POSITIONS + nextB) * 2 + (parted ? 1 : 0);
          if (seen.has(key)) continue;
          seen.add(key);
          open.push([nextA, nextB, parted]);
        }
      }
    }
    return false;
  }
}

function countsOf([text, min, comma, max]: RegExpExecArray): readonly [min: number, max: number] {
  if (text.startsWith('*')) return [0, Number.POSITIVE_INFINITY];
  if (text.startsWith('+')) return [1, Number.POSITIVE_INFINITY];
  if (text.startsWith('?')) return [0, 1];
  return [Number(min), max ? Number(max) : comma ? Number.POSITIVE_INFINITY : Number(min)];
}
