import type { MapSpec } from '../model/dag-spec.js';
import { AirflowLikeError } from '../model/errors.js';
import { eachSourceOf } from './each.js';
import { checkMapOptions, looksLikeMapOptions, type CheckedMapOptions } from './map-options.js';
import type { ProblemList } from './problems.js';
import { recordInput, recordMapSource, withoutOmitted, type EndpointSource, type PendingInput } from './record-input.js';
import type { LazyPosition } from './source-position.js';
import type { PendingMap, TaskMember } from './wiring-nodes.js';

/** The arguments of `map`, `mapZip` and `mapProduct`: what is mapped over, what all copies share, and options. */

export interface RecordedMap {
  readonly map: PendingMap;
  readonly inputs: readonly PendingInput[];
  readonly settings: CheckedMapOptions['settings'];
}

export interface MapPlace {
  readonly kind: MapSpec['kind'];
  /** For messages: `tasks.score`, `groups.regions`. */
  readonly place: string;
  readonly position: LazyPosition;
  readonly source: EndpointSource;
  readonly problems: ProblemList;
  readonly warnings: ProblemList;
}

/** Of the call of a task. */
export function recordTaskMap(args: readonly unknown[], { parameters }: TaskMember, at: MapPlace): RecordedMap {
  const { kind, place, position, source, problems } = at;
  const isGiven =
    parameters === null ? looksLikeMapOptions(args.at(-1)) : args.length > parameters && isOptions(args.at(-1), source);
  const data = withoutOmitted(isGiven ? args.slice(0, -1) : args);
  const sources: PendingInput[] = [];
  const inputs = data.map((argument, index): PendingInput => {
    const own = `${place}.args[${index}]`;
    const marked = kind === 'each' ? null : eachSourceOf(argument);
    if (index >= leadingSources(kind) && !marked) {
      return problems.try(() => recordInput(argument, own, source), position) ?? { kind: 'value', value: null };
    }
    sources.push(recordSource(marked ? marked[0] : argument, own, at));
    return { kind: 'element', source: sources.length - 1 };
  });
  const { map, settings } = checkMapOptions(
    kind,
    isGiven ? args.at(-1) : undefined,
    { place: `${place}.${callName(kind)}`, position },
    problems,
  );
  while (sources.length < leadingSources(kind)) sources.push(recordSource(undefined, `${place}.args[${sources.length}]`, at));
  warnOfUnevenSources(sources, map, at);
  return { map: { kind, sources, ...map }, inputs, settings };
}

/** Of a mapped group. */
export function recordGroupMap(values: readonly unknown[], options: unknown, at: MapPlace): Omit<RecordedMap, 'inputs'> {
  const { kind, place, position, problems } = at;
  const sources = values.map((value, index) => recordSource(value, `${place}.args[${index + 1}]`, at));
  const { map, settings } = checkMapOptions(kind, options, { place, position }, problems);
  warnOfUnevenSources(sources, map, at);
  return { map: { kind, sources, ...map }, settings };
}

/** How authors call it. */
export function callName(kind: MapSpec['kind']): string {
  return { each: 'map', zip: 'mapZip', product: 'mapProduct' }[kind];
}

function leadingSources(kind: MapSpec['kind']): number {
  return kind === 'each' ? 1 : 2;
}

function recordSource(value: unknown, place: string, { source, problems, position }: MapPlace): PendingInput {
  return problems.try(() => recordMapSource(value, place, source), position) ?? { kind: 'value', value: [] };
}

function isOptions(value: unknown, source: EndpointSource): boolean {
  try {
    return Object.prototype.toString.call(value) === '[object Object]' && source.endpointOf(value, '') === null;
  } catch (error) {
    if (error instanceof AirflowLikeError) return false;
    throw error;
  }
}

/** Of sources that are written down, the author may not see that the longer one is cut. */
function warnOfUnevenSources(sources: readonly PendingInput[], map: CheckedMapOptions['map'], at: MapPlace): void {
  if (at.kind !== 'zip' || 'fill' in map) return;
  const lengths = sources.map(literalLength);
  const known = lengths.filter((length) => length !== null);
  if (known.length === 0 || Math.min(...known) === Math.max(...known)) return;
  at.warnings.add(
    'MAPPING_UNEVEN',
    {
      place: `${at.place}.mapZip`,
      message: `the sources have ${known.join(' and ')} elements: what the shortest lacks is left out; give { fill: ... } to go to the longest`,
    },
    at.position,
  );
}

function literalLength(source: PendingInput): number | null {
  if (source.kind === 'list') return source.items.length;
  if (source.kind === 'object') return source.fields.length;
  return source.kind === 'value' ? Object.keys(source.value as object).length : null;
}
