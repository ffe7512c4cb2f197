import { describe, expect, it } from '@jest/globals';
import { assetActivityOf } from '../../../../src/core/asset/activity.js';
import { assetReferencesOf } from '../../../../src/core/asset/references.js';
import { settleAttempt, settleChange } from '../../../../src/core/task-instance/settle-attempt.js';
import type { AssetRef, AssetSpec } from '../../../../src/model/asset.js';
import type { Outcome } from '../../../../src/model/outcome.js';
import { dagSpec, SCHEDULER, taskSpec, viewOf } from '../factories.js';

const spec = (name: string): AssetSpec => ({ name, uri: `s3://${name}`, group: 'asset', extra: {} });
const asset = (name: string): AssetRef => ({ kind: 'asset', asset: spec(name) });
const alias = (name: string): AssetRef => ({ kind: 'alias', alias: { name, group: 'asset' } });

describe('what a success means for assets', () => {
  it('is nothing for a task without outlets and inlets', () => {
    expect(assetActivityOf(taskSpec('t'), [{ kind: 'asset', asset: spec('a'), extra: {} }])).toBeNull();
  });

  it('is one event for each outlet, also when the task says nothing, with the extra that it said last', () => {
    const task = taskSpec('t', { outlets: [asset('a'), asset('b')], inlets: [asset('c'), alias('x')] });
    expect(
      assetActivityOf(task, [
        { kind: 'asset', asset: spec('b'), extra: { rows: 1 } },
        { kind: 'asset', asset: spec('b'), extra: { rows: 2 } },
        { kind: 'asset', asset: spec('other'), extra: {} },
      ]),
    ).toEqual({
      read: [spec('c')],
      written: [
        { asset: spec('a'), extra: {}, aliases: [] },
        { asset: spec('b'), extra: { rows: 2 }, aliases: [] },
      ],
    });
  });

  it('does not confuse an outlet with what comes through an alias', () => {
    const task = taskSpec('t', { outlets: [asset('a'), alias('x')] });
    const written = [
      { asset: spec('a'), extra: {}, aliases: [] },
      { asset: spec('a'), extra: { part: 1 }, aliases: ['x'] },
    ];
    const through = { kind: 'alias', alias: 'x', asset: spec('a'), extra: { part: 1 } } as const;
    expect(assetActivityOf(task, [through])).toStrictEqual({ read: [], written });
  });

  it('is what a task reads that writes nothing, of assets only', () => {
    expect(assetActivityOf(taskSpec('t', { inlets: [alias('x'), asset('a')] }))).toStrictEqual({ read: [spec('a')], written: [] });
    expect(assetActivityOf(taskSpec('t', { outlets: [alias('x')] }))).toStrictEqual({ read: [], written: [] });
  });

  it('is what was added through aliases, once for an asset with one extra, and nothing through an alias that is no outlet', () => {
    const task = taskSpec('t', { outlets: [alias('x'), alias('y'), alias('unused')] });
    const add = (through: string, name: string, extra = {}) =>
      ({ kind: 'alias', alias: through, asset: spec(name), extra }) as const;
    const records = [add('x', 'a'), add('y', 'a'), add('x', 'a'), add('x', 'a', { part: 2 }), add('z', 'b')];
    expect(assetActivityOf(task, records)?.written).toEqual([
      { asset: spec('a'), extra: {}, aliases: ['x', 'y'] },
      { asset: spec('a'), extra: { part: 2 }, aliases: ['x'] },
    ]);
  });
});

describe('settling an attempt of a task with outlets', () => {
  const task = taskSpec('t', { outlets: [asset('a')] });
  const running = { state: 'running', token: 'x', tryNumber: 1, maxTries: 1 } as const;
  const error = { code: 'TASK_ERROR', name: 'Error', message: 'no', stack: null };
  const extra = { rows: 3 };
  const success: Outcome = { kind: 'success', output: null, outlets: [{ kind: 'asset', asset: spec('a'), extra }] };

  it('brings its events in the same change, with a view and without one alike', () => {
    const view = viewOf([task], { t: running });
    const change = settleChange(view.instance(1), task, view.run, success, 20);
    settleAttempt(view, 1, success, 20, 20);
    expect(change.assets).toEqual({ read: [], written: [{ asset: spec('a'), extra, aliases: [] }] });
    expect(view.drain(SCHEDULER, undefined)?.changes).toEqual([change]);
  });

  it.each<Outcome>([
    { kind: 'skipped', message: null },
    { kind: 'failed', error, retryable: true },
    { kind: 'reschedule', at: 30 },
    { kind: 'defer', deferral: null, timeoutAt: null },
    { kind: 'lost', reason: 'gone' },
  ])('brings none when it ends otherwise: $kind', (outcome) => {
    const view = viewOf([task], { t: running });
    expect(settleChange(view.instance(1), task, view.run, outcome, 20)).not.toHaveProperty('assets');
  });
});

it('finds no place in a DAG that names none', () => expect(assetReferencesOf(dagSpec([taskSpec('t')]))).toEqual([]));

it('lists every place where a DAG names an asset', () => {
  const condition = { kind: 'any', of: [asset('a'), { kind: 'all', of: [asset('a'), alias('x')] }] } as const;
  const dag = dagSpec([taskSpec('t', { outlets: [asset('b')], inlets: [asset('a')] })], {
    schedule: { kind: 'assetOrTime', time: { kind: 'once' }, condition, text: '' },
  });
  expect(assetReferencesOf(dag)).toEqual([
    { dagId: 'd', role: 'schedule', taskId: null, ref: asset('a') },
    { dagId: 'd', role: 'schedule', taskId: null, ref: alias('x') },
    { dagId: 'd', role: 'outlet', taskId: 't', ref: asset('b') },
    { dagId: 'd', role: 'inlet', taskId: 't', ref: asset('a') },
  ]);
});
