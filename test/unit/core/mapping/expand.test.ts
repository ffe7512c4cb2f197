import { describe, expect, it } from '@jest/globals';
import { planRun } from '../../../../src/core/dag-run/plan-run.js';
import type { RunView } from '../../../../src/core/dag-run/run-view.js';
import type { InputSpec, MapSpec } from '../../../../src/model/dag-spec.js';
import type { TaskInstanceChange } from '../../../../src/model/commit.js';
import { member, viewOfRows, type Rows } from '../dependency/copies.js';
import { SCHEDULER, statesOf, taskSpec } from '../factories.js';

const NOW = 50;
const SRC: InputSpec = { kind: 'ref', taskId: 'src' };
const literal = (length: number): InputSpec => ({ kind: 'value', value: Array.from({ length }, (_, index) => index) });
const each = (source: InputSpec): MapSpec => ({ kind: 'each', sources: [source] });
const returned = (outputLength: number | null) => ({ state: 'success', outputLength }) as const;

/** A run after one pass: `m` is mapped so, below `other` and `src`. */
function planned(map: MapSpec, rows: Rows, maxMapLength = 1_024): RunView {
  const tasks = [taskSpec('other'), taskSpec('src'), taskSpec('m', { upstream: ['other', 'src'], map })];
  const view = viewOfRows(tasks, { other: 'success', ...rows }, map);
  planRun(view, NOW, { maxMapLength });
  return view;
}

/** What is written of the instance of `m` with this index. */
function changeOf(view: RunView, mapIndex = -1): TaskInstanceChange | undefined {
  const found = view.instances('m').find((instance) => instance.mapIndex === mapIndex);
  return view.drain(SCHEDULER, undefined)?.changes.find(({ taskInstanceId }) => taskInstanceId === found?.id);
}

describe('a mapped task that gets no copies', () => {
  it.each<[string, MapSpec, Rows, string, string]>([
    ['nothing to map over', each(SRC), { src: returned(0) }, 'skipped', 'mapped_over_nothing'],
    [
      'a value that cannot be mapped over',
      each(SRC),
      { src: returned(null) },
      'upstream_failed',
      'EXPAND_TYPE: expected an array or an object, got null (from the return value of src)',
    ],
    [
      'a literal that cannot be mapped over',
      each({ kind: 'value', value: 7 }),
      { src: 'success' },
      'failed',
      'EXPAND_TYPE: expected an array or an object, got a number (from a literal)',
    ],
    [
      'too many elements',
      each(SRC),
      { src: returned(3) },
      'failed',
      'EXPAND_TOO_LARGE: 3 > 2 (task m); map over fewer elements, or raise core.maxMapLength',
    ],
    [
      'too many elements of a literal',
      each(literal(3)),
      { src: 'success' },
      'failed',
      'EXPAND_TOO_LARGE: 3 > 2 (task m); map over fewer elements, or raise core.maxMapLength',
    ],
  ])('ends, with the reason and the time: %s', (_what, map, rows, state, reason) => {
    const view = planned(map, { ...rows, m: 'none' }, 2);
    expect(statesOf(view)).toMatchObject({ m: state });
    expect(changeOf(view)).toMatchObject({ path: [state], reason, next: { endedAt: NOW } });
  });
});

describe('the limit of elements', () => {
  it.each([
    ['the value of a task', each(SRC)],
    ['a literal', each(literal(2))],
  ])('is the most that are allowed: %s', (_what, map) => {
    expect(statesOf(planned(map, { src: returned(2), m: 'none' }, 2))).toMatchObject({ 'm[0]': 'scheduled', 'm[1]': 'scheduled' });
  });
});

describe('copies exist before the rule is met', () => {
  const rows: Rows = { other: 'running', src: returned(2), m: 'none' };

  it('where the whole mapping is known from the start', () => {
    expect(statesOf(planned(each(literal(2)), rows, 2))).toMatchObject({ 'm[0]': 'none', 'm[1]': 'none' });
  });

  it('not where they are too many, or none', () => {
    expect(statesOf(planned(each(literal(3)), rows, 2))).toMatchObject({ m: 'none' });
    expect(statesOf(planned(each(literal(0)), rows))).toMatchObject({ m: 'none' });
  });

  it('not where one of the sources is the value of a task', () => {
    expect(statesOf(planned({ kind: 'product', sources: [literal(2), SRC] }, rows))).toMatchObject({ m: 'none' });
    expect(statesOf(planned({ kind: 'product', sources: [SRC, literal(2)] }, rows))).toMatchObject({ m: 'none' });
  });
});

describe('copies of a source that was run again', () => {
  it('are restored without the end that they had, also where they do not go on at once', () => {
    const tasks = [taskSpec('src'), member('p'), member('m', { upstream: ['p'] })];
    const rows: Rows = { src: returned(2), 'p[0]': 'success', 'p[1]': { state: 'running', token: 'x' }, 'm[0]': 'none' };
    const view = viewOfRows(tasks, { ...rows, 'm[1]': { state: 'removed', endedAt: 7 } }, each(SRC));
    planRun(view, NOW);
    expect(statesOf(view)).toMatchObject({ 'm[0]': 'scheduled', 'm[1]': 'none' });
    expect(changeOf(view, 1)).toMatchObject({ path: ['none'], next: { endedAt: null } });
  });

  it('come back also where one that is too many is still under way in their place', () => {
    const rows = { src: returned(2), 'm[0]': 'none', 'm[1]': 'removed', 'm[2]': 'running' } as const;
    expect(statesOf(planned(each(SRC), rows))).toMatchObject({ 'm[0]': 'scheduled', 'm[1]': 'scheduled', 'm[2]': 'running' });
  });

  it('are removed where there are too many, with the reason and the time, and wait for nothing more', () => {
    const waiting = { state: 'up_for_retry', tryNumber: 1, wakeAt: 900 } as const;
    const view = planned(each(SRC), { src: returned(1), 'm[0]': 'none', 'm[1]': waiting });
    expect(changeOf(view, 1)).toMatchObject({ path: ['removed'], reason: 'map_index', next: { endedAt: NOW, wakeAt: null } });
  });

  it('are left alone while they are under way', () => {
    const rows: Rows = {
      src: returned(1),
      'm[0]': 'none',
      'm[1]': { state: 'queued', token: 'x' },
      'm[2]': { state: 'running', token: 'y' },
      'm[3]': 'removed',
    };
    const view = planned(each(SRC), rows);
    expect(statesOf(view)).toMatchObject({ 'm[0]': 'scheduled', 'm[1]': 'queued', 'm[2]': 'running', 'm[3]': 'removed' });
  });

  it('are as many as before where the source has more elements than are allowed', () => {
    const view = (length: number) => planned(each(SRC), { src: returned(length), 'm[0]': 'none', 'm[1]': 'none' }, 3);
    expect(Object.keys(statesOf(view(3)))).toEqual(['other', 'src', 'm[0]', 'm[1]', 'm[2]']);
    expect(Object.keys(statesOf(view(4)))).toEqual(['other', 'src', 'm[0]', 'm[1]']);
  });
});
