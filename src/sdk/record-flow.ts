import type { TaskRole } from '../model/dag-spec.js';
import { AirflowLikeError } from '../model/errors.js';
import { CHOOSE, WHEN } from './choices.js';
import { recordInput, type PendingInput } from './record-input.js';
import type { Recorder } from './recorder.js';
import type { LazyPosition } from './source-position.js';
import { describeEndpoint, type CaseTarget, type Endpoint } from './wiring-nodes.js';

/** Wiring that orders what a function wires: scopes of setups and teardowns, and choices, which are tasks of their own. */

/**
 * What `wireInside` wires has its first tasks behind the setups and its last ones before the teardowns, which follow the setups. Answers what
 * `wireInside` returned.
 */
export function recordScope(
  recorder: Recorder,
  setups: unknown,
  teardowns: unknown,
  wireInside: () => unknown,
  position: LazyPosition,
): unknown {
  const ends = (value: unknown, role: TaskRole): readonly Endpoint[] =>
    (Array.isArray(value) ? (value as readonly unknown[]) : [value]).flatMap(
      (end) => recorder.problems.try(() => ofRole(recorder, end, role), position) ?? [],
    );
  const before = ends(setups, 'setup');
  const behind = ends(teardowns, 'teardown');
  const { region, result } = recorder.region('scope', wireInside, position);
  for (const from of before) recorder.edges.push({ from, to: { region } }, ...behind.map((to) => ({ from, to })));
  for (const to of behind) recorder.edges.push({ from: { region }, to });
  return result;
}

/** A task that goes on with the case that is named by the output of another. Answers what each case returned. */
export function recordChoose(
  recorder: Recorder,
  id: string | null,
  subject: unknown,
  cases: unknown,
  position: LazyPosition,
): unknown {
  const entries = recorder.problems.try(() => casesIn(cases), position) ?? [];
  const targets = new Map<string, CaseTarget>();
  const task = placeChoice(recorder, 'choose', id, subject, { kind: 'cases', targets }, position);
  const results = entries.map(([name, wireCase]) => {
    const { result, target } = recordCase(recorder, `choose.${name}`, wireCase, position);
    targets.set(name, target);
    recorder.edges.push({ from: { task }, to: target });
    return [name, result] as const;
  });
  return Object.freeze(Object.fromEntries(results));
}

/** A task that goes on with what `wireThen` wires if the output of another is truthy. Answers what `wireThen` returned. */
export function recordWhen(
  recorder: Recorder,
  id: string | null,
  subject: unknown,
  wireThen: unknown,
  position: LazyPosition,
): unknown {
  const targets = new Map<string, CaseTarget>();
  const task = placeChoice(recorder, 'when', id, subject, { kind: 'cases', targets }, position);
  const then = recorder.problems.try(() => functionOf(wireThen, 'when', '(value) => ...'), position) ?? (() => undefined);
  const { result, target } = recordCase(recorder, 'when', () => then(subject), position);
  targets.set('truthy', target);
  recorder.edges.push({ from: { task }, to: target });
  return result;
}

function placeChoice(
  recorder: Recorder,
  tool: 'choose' | 'when',
  id: string | null,
  subject: unknown,
  cases: PendingInput,
  position: LazyPosition,
) {
  const input = recorder.problems.try(() => subjectOf(recorder, subject, tool), position) ?? { kind: 'value', value: null };
  const source = input.kind === 'ref' ? input.task.ownId : 'element';
  return recorder.place({
    member: tool === 'choose' ? CHOOSE : WHEN,
    ownId: id ?? `${tool}_${source}`,
    position,
    inputs: [input, cases],
    map: null,
    settings: {},
  });
}

/** What a case leads to: all that it wires or, if it wires nothing, the task or group that it returns. */
function recordCase(recorder: Recorder, what: string, wireCase: () => unknown, position: LazyPosition) {
  const { region, result } = recorder.region(what, wireCase, position);
  const returned = region.tasks.length > 0 ? null : recorder.problems.try(() => recorder.endpointOf(result, what), position);
  const target: CaseTarget = returned && !('element' in returned) ? returned : { region };
  return { result, target };
}

function subjectOf(recorder: Recorder, subject: unknown, tool: string): PendingInput {
  const input = recorder.endpointOf(subject, `${tool}.value`) && recordInput(subject, `${tool}.value`, recorder);
  if (input) return input;
  throw new AirflowLikeError('EDGE_INVALID', {
    place: `${tool}.value`,
    message: 'this is known while wiring already, so an if statement decides',
    value: subject,
    allowed: 'the output of a task',
  });
}

function casesIn(cases: unknown): readonly (readonly [string, () => unknown])[] {
  const entries = typeof cases === 'object' && cases !== null && !Array.isArray(cases) ? Object.entries(cases) : [];
  if (entries.length === 0) {
    throw new AirflowLikeError('VALUE_TYPE', {
      place: 'choose.cases',
      message: 'there is no case to choose',
      value: cases,
      allowed: 'an object with a function for each value: { big: () => ..., small: () => ... }',
    });
  }
  return entries.map(([name, wireCase]) => [name, functionOf(wireCase, `choose.${name}`, '() => ...')]);
}

function functionOf(value: unknown, place: string, allowed: string): (...parameters: readonly unknown[]) => unknown {
  if (typeof value === 'function') return value as (...parameters: readonly unknown[]) => unknown;
  throw new AirflowLikeError('VALUE_TYPE', { place, message: 'this must be a function that wires', value, allowed });
}

function ofRole(recorder: Recorder, value: unknown, role: TaskRole): Endpoint {
  const endpoint = recorder.upstream(value, 'scope');
  if ('task' in endpoint && endpoint.task.member.role === role) return endpoint;
  throw new AirflowLikeError('EDGE_INVALID', {
    place: 'scope',
    message: `${describeEndpoint(endpoint)} is no ${role}: decorate it with @task.${role}()`,
  });
}
