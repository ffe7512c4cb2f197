import { describe, expect, it } from '@jest/globals';
import { planDagSchedule } from '../../../src/core/dag-run/plan-schedule.js';
import { newFiles, observeFiles, settledFiles } from '../../../src/core/timetable/file-watch.js';
import { timetableFor } from '../../../src/core/timetable/resolve.js';
import type { Catchup, DagSpec, ScheduleSpec } from '../../../src/model/dag-spec.js';
import { fileVersion, type FoundFile } from '../../../src/model/found-file.js';
import { dagSchedule, dagSpec, utc } from './factories.js';

const found = (path: string, modifiedAt = 1_000, size = 3): FoundFile => ({ path, absolutePath: `/p/${path}`, size, modifiedAt });

describe('what a look into a folder says', () => {
  it('a file that still grows is not settled', () => {
    const first = observeFiles(new Map(), [found('a', 1_000, 3), found('b', 1_000, 3)], 10_000);
    const second = observeFiles(first, [found('a', 2_000, 9), found('b', 1_000, 3)], 12_000);
    const paths = (observed: typeof first, now: number) => settledFiles(observed, 2_000, now).map(({ path }) => path);
    expect([paths(first, 11_999), paths(second, 12_000), paths(second, 13_999), paths(second, 14_000)]).toEqual([
      [],
      ['b'],
      ['b'],
      ['a', 'b'],
    ]);
  });

  it.each([
    ['its size alone', found('a', 1_000, 4)],
    ['its time alone', found('a', 1_001, 3)],
  ])('a file that changes %s is not settled', (_what, changed) => {
    const first = observeFiles(new Map(), [found('a', 1_000, 3)], 0);
    const second = observeFiles(first, [changed], 2_000);
    expect(settledFiles(second, 2_000, 3_999)).toEqual([]);
    expect(settledFiles(second, 2_000, 4_000)).toEqual([changed]);
  });

  it('a file that was away begins anew', () => {
    const first = observeFiles(new Map(), [found('a')], 0);
    const back = observeFiles(observeFiles(first, [], 5_000), [found('a')], 6_000);
    expect(settledFiles(back, 2_000, 7_000)).toEqual([]);
  });

  it('each version of a file is new once, the oldest first', () => {
    const files = [found('c', 5), found('b', 1), found('a', 5), found('d', 5), found('seen', 2), found('again', 9)];
    const remembered = new Map([
      ['seen', [fileVersion(found('seen', 2))]],
      ['again', [fileVersion(found('again', 8))]],
    ]);
    const paths = (rewritten: 'run' | 'ignore') => newFiles(files, remembered, rewritten).map(({ path }) => path);
    expect(paths('run')).toEqual(['b', 'a', 'c', 'd', 'again']);
    expect(paths('ignore')).toEqual(['b', 'a', 'c', 'd']);
  });

  it('a hundred thousand files are looked through', () => {
    const files = Array.from({ length: 100_000 }, (_, index) => found(`inbox/${index}.csv`, index));
    const remembered = new Map(files.slice(5).map((file) => [file.path, [fileVersion(file)]]));
    const observed = observeFiles(observeFiles(new Map(), files, 0), files, 5_000);
    expect(newFiles(settledFiles(observed, 2_000, 5_000), remembered, 'run')).toHaveLength(5);
  });
});

describe('a schedule that watches a folder', () => {
  const schedule: ScheduleSpec = {
    kind: 'fileWatch',
    pattern: 'in/*',
    settleMs: 0,
    existing: 'run',
    rewritten: 'run',
    text: 'fileWatch(in/*)',
  };
  const now = utc('2026-01-10T10:00:00');
  const plan = (files: readonly FoundFile[] | null, changes: Partial<DagSpec> = {}, state = {}) =>
    planDagSchedule(
      dagSchedule(dagSpec([], { schedule, ...changes }), now, state),
      undefined,
      new Map(files === null ? [] : [['in/*', files]]),
    );

  it('has no dates to go over, and a run by hand covers a point in time', () => {
    const timetable = timetableFor(dagSpec([], { schedule }));
    expect(timetable).toMatchObject({ periodic: false, summary: 'fileWatch(in/*)' });
    expect(timetable.inferManualInterval(now)).toEqual({ start: now, end: now });
  });

  it('asks for a look first', () => {
    expect(plan(null)).toMatchObject({ createRuns: [], nextRun: null, checkAt: now + 1_000, wantsFiles: ['in/*'] });
  });

  it('makes a run for each file, with ids of their own at one instant, and hands over the file', () => {
    const { createRuns } = plan([found('in/a'), found('in/b')]);
    expect(createRuns.map(({ runId }) => runId)).toEqual([
      expect.stringMatching(/^scheduled__2026-01-10T10:00:00\+00:00_[0-9a-f]{8}$/),
      expect.stringMatching(/^scheduled__2026-01-10T10:00:00\+00:00_[0-9a-f]{8}$/),
    ]);
    expect(new Set(createRuns.map(({ runId }) => runId)).size).toBe(2);
    expect(createRuns[0]).toMatchObject({
      runType: 'scheduled',
      logicalDate: null,
      dataInterval: null,
      runAfter: now,
      state: 'running',
      conf: { file: { path: 'in/a', absolutePath: '/p/in/a', size: 3, modifiedAt: '1970-01-01T00:00:01.000Z' } },
      file: found('in/a'),
    });
  });

  it('stops at maxActiveRuns; the other files wait in their folder', () => {
    const files = [1, 2, 3, 4].map((index) => found(`in/${index}`));
    expect(plan(files, { maxActiveRuns: 3 }, { unfinishedRuns: 1, runningRuns: 1 }).createRuns).toHaveLength(2);
    expect(plan(files, { maxActiveRuns: 3 }, { unfinishedRuns: 5 }).createRuns).toEqual([]);
  });

  it('lets the run of a file wait where more runs are under way than were counted', () => {
    const queuedRuns = [{ id: 4, runId: 'manual__4', runAfter: 0 }];
    const files = [found('in/a'), found('in/b')];
    const { createRuns, startRuns } = plan(files, { maxActiveRuns: 3 }, { unfinishedRuns: 1, runningRuns: 1, queuedRuns });
    expect(startRuns).toEqual([4]);
    expect(createRuns.map(({ state }) => state)).toEqual(['running', 'queued']);
  });

  it('makes none outside the dates of the DAG, which are part of it, nor when it is paused', () => {
    const files = [found('in/a')];
    expect(plan(files, { startDate: now + 5 })).toMatchObject({ createRuns: [], checkAt: now + 5 });
    expect(plan(files, { endDate: now - 1 })).toMatchObject({ createRuns: [], checkAt: null });
    for (const dates of [{ startDate: now }, { endDate: now }, { startDate: now - 5, endDate: now + 5 }]) {
      expect(plan(files, dates).createRuns).toHaveLength(1);
    }
    const spec = dagSpec([], { schedule });
    const due = dagSchedule(spec, now);
    const paused = planDagSchedule({ ...due, dag: { ...due.dag, isPaused: true } }, undefined, new Map([['in/*', files]]));
    expect(paused).toMatchObject({ createRuns: [], checkAt: null });
  });
});

describe('a schedule by time whose runs wait for a file', () => {
  const hybrid = (onTimeout: 'fail' | 'skip' | 'run', changes: Partial<DagSpec> = {}): DagSpec =>
    dagSpec([], {
      schedule: {
        kind: 'hybrid',
        time: { kind: 'cron', expression: '0 0 * * *', text: '@daily' },
        file: 'in/{{ ds }}.csv',
        settleMs: 0,
        waitForMs: 4 * 3_600_000,
        onTimeout,
        text: '',
      },
      startDate: utc('2026-01-01'),
      catchup: true as Catchup,
      ...changes,
    });
  const plan = (spec: DagSpec, now: string, sightings: Record<string, string[]>) =>
    planDagSchedule(
      dagSchedule(spec, utc(now)),
      undefined,
      new Map(Object.entries(sightings).map(([pattern, paths]) => [pattern, paths.map((path) => found(path))])),
    );

  it('is not due before its time, and asks for its file then', () => {
    expect(plan(hybrid('fail'), '2026-01-01T12:00:00', {})).toMatchObject({
      createRuns: [],
      checkAt: utc('2026-01-02'),
      wantsFiles: [],
    });
    expect(plan(hybrid('fail'), '2026-01-02T00:00:00', {})).toMatchObject({
      createRuns: [],
      checkAt: utc('2026-01-02T00:00:01'),
      nextRun: { logicalDate: utc('2026-01-01') },
      wantsFiles: ['in/2026-01-01.csv'],
    });
  });

  it('runs once its file is there; what is due after it waits for a file of its own', () => {
    const seen = { 'in/2026-01-01.csv': ['in/2026-01-01.csv'], 'in/2026-01-02.csv': [] };
    const { createRuns, nextRun, wantsFiles } = plan(hybrid('fail'), '2026-01-03T01:00:00', seen);
    expect(createRuns).toEqual([
      expect.objectContaining({
        logicalDate: utc('2026-01-01'),
        conf: { file: expect.objectContaining({ path: 'in/2026-01-01.csv' }) },
      }),
    ]);
    expect(nextRun?.logicalDate).toBe(utc('2026-01-02'));
    expect(wantsFiles).toEqual(['in/2026-01-02.csv']);
  });

  it('decides nothing before somebody has looked, however late it is', () => {
    expect(plan(hybrid('fail'), '2026-01-02T09:00:00', {}).createRuns).toEqual([]);
  });

  it.each([
    [
      'fail',
      {
        state: 'queued',
        ended: { state: 'failed', reason: 'no file in/2026-01-01.csv within 4h' },
        note: 'no file in/2026-01-01.csv within 4h',
      },
    ],
    ['skip', { state: 'queued', ended: { state: 'success', reason: 'no file in/2026-01-01.csv within 4h' } }],
    ['run', { state: 'running', note: null }],
  ] as const)('gives up after its time: %s', (onTimeout, expected) => {
    const nothing = { 'in/2026-01-01.csv': [] };
    const before = plan(hybrid(onTimeout), '2026-01-02T03:59:59', nothing);
    expect(before).toMatchObject({ createRuns: [], checkAt: utc('2026-01-02T04:00:00') });
    const { createRuns } = plan(hybrid(onTimeout), '2026-01-02T04:00:00', nothing);
    expect(createRuns).toEqual([expect.objectContaining({ logicalDate: utc('2026-01-01'), conf: { file: null }, ...expected })]);
    expect('ended' in createRuns[0]!).toBe(onTimeout !== 'run');
  });

  it('gives up to the moment, not at the next look after it', () => {
    const nothing = { 'in/2026-01-01.csv': [] };
    expect(plan(hybrid('fail'), '2026-01-02T03:59:59.700', nothing).checkAt).toBe(utc('2026-01-02T04:00:00'));
    expect(plan(hybrid('fail'), '2026-01-02T03:00:00', nothing).checkAt).toBe(utc('2026-01-02T03:00:01'));
  });

  it('looks for the files of at most fifty runs ahead, and for none after the last run', () => {
    const late = plan(hybrid('fail'), '2026-03-15', {}).wantsFiles;
    expect([late?.length, late?.[0], late?.[49]]).toEqual([50, 'in/2026-01-01.csv', 'in/2026-02-19.csv']);
    const ending = hybrid('fail', { endDate: utc('2026-01-02') });
    expect(plan(ending, '2026-03-15', {}).wantsFiles).toEqual(['in/2026-01-01.csv', 'in/2026-01-02.csv']);
  });

  it('says where a file name stands that cannot be filled in', () => {
    const { schedule } = hybrid('fail');
    const spec = hybrid('fail', { schedule: { ...schedule, file: 'in/{{ nowhere }}' } as ScheduleSpec });
    expect(String(plan(spec, '2026-01-02', {}).error)).toContain('FILE_PATTERN_INVALID: d.schedule.file');
  });

  it('takes no place for a run that is over as it is created', () => {
    const nothing = { 'in/2026-01-01.csv': [], 'in/2026-01-02.csv': ['in/2026-01-02.csv'] };
    const { createRuns } = plan(hybrid('skip', { maxActiveRuns: 1 }), '2026-01-03T05:00:00', nothing);
    expect(createRuns.map(({ logicalDate, state }) => [logicalDate, state])).toEqual([
      [utc('2026-01-01'), 'queued'],
      [utc('2026-01-02'), 'running'],
    ]);
  });

  describe('without catchup', () => {
    const daily = hybrid('fail', { catchup: false });
    const waiting = {
      logicalDate: utc('2026-01-01'),
      dataInterval: { start: utc('2026-01-01'), end: utc('2026-01-02') },
      runAfter: utc('2026-01-02'),
    };
    const planned = (spec: DagSpec, now: string, sightings: Record<string, string[]>, nextRun = waiting) => {
      const due = dagSchedule(spec, utc(now));
      const found = new Map(Object.entries(sightings).map(([pattern]) => [pattern, []]));
      return planDagSchedule({ ...due, dag: { ...due.dag, nextRun } }, undefined, found);
    };
    const long = (hours: number): DagSpec => ({
      ...daily,
      schedule: { ...daily.schedule, waitForMs: hours * 3_600_000 } as ScheduleSpec,
    });

    it('a run that waits keeps its turn when a newer one is due, and gives up first', () => {
      const nothing = { 'in/2026-01-01.csv': [], 'in/2026-01-02.csv': [] };
      expect(planned(long(30), '2026-01-03T01:00:00', nothing)).toMatchObject({
        createRuns: [],
        nextRun: { logicalDate: utc('2026-01-01') },
      });
      const gaveUp = planned(long(24), '2026-01-03T00:00:00', nothing);
      expect(gaveUp.createRuns).toEqual([
        expect.objectContaining({ logicalDate: utc('2026-01-01'), ended: expect.objectContaining({ state: 'failed' }) }),
      ]);
      expect(gaveUp.nextRun?.logicalDate).toBe(utc('2026-01-02'));
    });

    it('nobody waits with a run whose time was long over, nor with one of another schedule or one that ran', () => {
      expect(planned(long(24), '2026-01-09T12:00:00', {}).nextRun?.logicalDate).toBe(utc('2026-01-08'));
      const other = {
        ...waiting,
        logicalDate: utc('2026-01-01T05:00:00'),
        dataInterval: { start: utc('2026-01-01T05:00:00'), end: utc('2026-01-02T05:00:00') },
      };
      expect(
        planned(long(30), '2026-01-03T01:00:00', {}, { ...other, runAfter: utc('2026-01-02T05:00:00') }).nextRun?.logicalDate,
      ).toBe(utc('2026-01-02'));
      const due = dagSchedule(long(30), utc('2026-01-03T01:00:00'), { lastAutomated: waiting });
      expect(planDagSchedule({ ...due, dag: { ...due.dag, nextRun: waiting } }).nextRun?.logicalDate).toBe(utc('2026-01-02'));
    });
  });

  it('takes the first of several files by name', () => {
    const { createRuns } = plan(hybrid('fail'), '2026-01-02', { 'in/2026-01-01.csv': ['in/b', 'in/a', 'in/c'] });
    expect(createRuns[0]?.conf).toMatchObject({ file: { path: 'in/a' } });
  });
});
