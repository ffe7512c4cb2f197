/** What a `Store` must do, whatever it stores in. Run by one test file per implementation. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RunCommit } from '../../src/model/commit.js';
import type { DagSchedulePlan, NewDagRun } from '../../src/model/dag.js';
import type { DagRun } from '../../src/model/dag-run.js';
import type { DagSpec } from '../../src/model/dag-spec.js';
import type { TaskInstance } from '../../src/model/task-instance.js';
import type { Store } from '../../src/ports/store.js';
import { dagSpec, importProblem, newRun, parsedFile, taskSpec } from '../support/dag-specs.js';
import { change, dispatch, endRun, failForRetry, runCommit, start, succeed } from './commits.js';

/** One implementation under test. */
export interface StoreHarness {
  /** Two sessions on the same data. */
  readonly store: Store;
  readonly other: Store;
  /** Empties everything but the pools of the first migration. */
  reset(): Promise<void>;
  events(): Promise<readonly StoredEvent[]>;
  setPool(name: string, slots: number): Promise<void>;
  close(): Promise<void>;
}

export interface StoredEvent {
  readonly entity: string;
  readonly entityId: string | number;
  readonly from: string | null;
  readonly to: string;
  readonly token: string | null;
  readonly actorKind: string;
}

const T0 = Date.UTC(2024, 0, 1);
const DAY = 86_400_000;
const USER = { kind: 'user', id: 'ada' } as const;
const NOTHING: DagSchedulePlan = { createRuns: [], startRuns: [], nextRun: null, checkAt: null };

export function describeStore(name: string, open: () => Promise<StoreHarness>): void {
  describe(`store on ${name}`, () => {
    let harness: StoreHarness;
    let store: Store;
    let other: Store;

    beforeAll(async () => {
      harness = await open();
      ({ store, other } = harness);
    });
    beforeEach(() => harness.reset());
    afterAll(() => harness.close());

    const save = (...specs: DagSpec[]) =>
      store.catalog.saveFiles(
        specs.map((spec) => parsedFile(spec.file, [spec])),
        T0,
      );
    const create = async (dagId: string, run: NewDagRun): Promise<DagRun> => {
      const answer = await store.runs.createRun(dagId, run, USER, T0);
      if (!('run' in answer)) throw new Error(`run ${run.runId} exists`);
      return answer.run;
    };
    const read = async (run: DagRun) => (await store.runs.getRun(run.id))!;
    const instancesOf = (run: DagRun) => store.runs.listTaskInstances([run.id]);
    const instance = async (run: DagRun, taskId: string, mapIndex = -1): Promise<TaskInstance> =>
      (await instancesOf(run)).find((row) => row.taskId === taskId && row.mapIndex === mapIndex)!;
    const commit = (...commits: RunCommit[]) => store.scheduling.commit(commits, T0);
    /** A saved DAG `d` with one running run. */
    const oneRun = async (spec: DagSpec = dagSpec('d')): Promise<DagRun> => {
      await save(spec);
      return create(spec.dagId, newRun('r1', T0));
    };

    describe('catalog', () => {
      it('stores versions, bundles and files, and knows them again', async () => {
        const spec = dagSpec('d', { params: { jsonSchema: { type: 'object' }, defaults: { n: 1 } } });
        const file = parsedFile('d.ts', [spec]);
        expect(await store.catalog.saveFiles([file], T0)).toEqual({ changed: ['d'], retired: [], problems: [] });
        const listing = (await store.catalog.getDag('d'))!;
        expect(listing.spec).toEqual({ ...spec, file: 'd.ts' });
        expect(listing.dag).toMatchObject({ isPaused: false, isRetired: false, versionNumber: 1, file: 'd.ts', lastParsedAt: T0 });
        expect(await store.catalog.getBundle(file.bundle!.hash)).toEqual(file.bundle);
        expect(await store.catalog.knownFiles()).toEqual(new Map([['d.ts', file.contentHash]]));
        expect((await store.catalog.getVersion(listing.dag.currentVersionId))?.version).toMatchObject({
          dagId: 'd',
          number: 1,
          bundleHash: file.bundle!.hash,
          specHash: file.dags[0]!.specHash,
        });
        expect(await store.catalog.saveFiles([file], T0 + 5)).toEqual({ changed: [], retired: [], problems: [] });
        expect(await store.catalog.listVersions('d')).toHaveLength(1);
      });

      it('gives changed content a new version and old content its old one', async () => {
        const first = parsedFile('d.ts', [dagSpec('d')]);
        const second = parsedFile('d.ts', [dagSpec('d')], {}, 'v2');
        await store.catalog.saveFiles([first], T0);
        const before = (await store.catalog.getDag('d'))!.dag.currentVersionId;
        expect((await store.catalog.saveFiles([second], T0)).changed).toEqual(['d']);
        expect((await store.catalog.getDag('d'))!.dag.versionNumber).toBe(2);
        expect((await store.catalog.saveFiles([first], T0)).changed).toEqual(['d']);
        expect((await store.catalog.getDag('d'))!.dag).toMatchObject({ currentVersionId: before, versionNumber: 1 });
        expect((await store.catalog.listVersions('d')).map((version) => version.number)).toEqual([2, 1]);
      });

      it('keeps the last good version of a file with errors, and clears them when it is mended', async () => {
        await save(dagSpec('d'));
        const problem = importProblem('d.ts', { value: 'quote " and \\ and \u0000', stack: 'at x' });
        const broken = parsedFile('d.ts', [], { errors: [problem, importProblem('d.ts', { line: 1 })] }, 'broken');
        expect(await store.catalog.saveFiles([broken], T0)).toMatchObject({ changed: [], retired: [] });
        expect((await store.catalog.getDag('d'))!.dag).toMatchObject({ isRetired: false, hasImportErrors: true });
        expect((await store.catalog.listImportProblems()).map((found) => found.line)).toEqual([1, 3]);
        await save(dagSpec('d'));
        expect(await store.catalog.listImportProblems()).toEqual([]);
        expect((await store.catalog.getDag('d'))!.dag.hasImportErrors).toBe(false);
      });

      it('retires DAGs whose file is gone or no longer holds them, keeps their history, and takes them back', async () => {
        await store.catalog.saveFiles([parsedFile('f.ts', [dagSpec('x'), dagSpec('y')])], T0);
        const run = await create('y', newRun('r', T0));
        const without = parsedFile('f.ts', [dagSpec('x')], {}, 'v2');
        expect(await store.catalog.saveFiles([without], T0)).toMatchObject({ retired: ['y'] });
        expect((await store.catalog.listDags()).map(({ dag }) => dag.dagId)).toEqual(['x']);
        expect((await store.catalog.listDags({ includeRetired: true })).map(({ dag }) => dag.dagId)).toEqual(['x', 'y']);
        expect(await read(run)).toEqual(run);
        expect(await store.catalog.retireFiles(['f.ts'], T0)).toEqual(['x']);
        expect(await store.catalog.listDags()).toEqual([]);
        expect((await store.catalog.knownFiles()).size).toBe(0);
        const back = await store.catalog.saveFiles([parsedFile('f.ts', [dagSpec('x'), dagSpec('y')])], T0);
        expect(back.changed).toEqual(['x', 'y']);
        expect((await store.catalog.getDag('y'))!.dag.isRetired).toBe(false);
      });

      it('leaves a DAG id to its first live owner', async () => {
        await store.catalog.saveFiles([parsedFile('a.ts', [dagSpec('d')])], T0);
        const later = parsedFile('b.ts', [dagSpec('d', { position: { file: 'b.ts', line: 4, column: 2 } }), dagSpec('e')]);
        const saved = await store.catalog.saveFiles([later], T0);
        expect(saved.changed).toEqual(['e']);
        expect(saved.problems).toMatchObject([{ code: 'DAG_DUPLICATE', file: 'b.ts', line: 4, column: 2, value: 'd' }]);
        expect(await store.catalog.listImportProblems()).toEqual(saved.problems);
        expect((await store.catalog.getDag('d'))!.dag.file).toBe('a.ts');
        await store.catalog.retireFiles(['a.ts'], T0);
        expect((await store.catalog.knownFiles()).get('b.ts')).toBe('');
        expect((await store.catalog.saveFiles([later], T0)).changed).toEqual(['d']);
        expect((await store.catalog.getDag('d'))!.dag.file).toBe('b.ts');
      });

      it('lets a DAG move between files of one batch, and picks the first path among new ones', async () => {
        await store.catalog.saveFiles([parsedFile('a.ts', [dagSpec('d')])], T0);
        const moved = await store.catalog.saveFiles([parsedFile('a.ts', [], {}, 'v2'), parsedFile('b.ts', [dagSpec('d')])], T0);
        expect(moved).toMatchObject({ changed: ['d'], retired: [], problems: [] });
        expect((await store.catalog.getDag('d'))!.dag).toMatchObject({ file: 'b.ts', isRetired: false });
        const both = await store.catalog.saveFiles([parsedFile('z.ts', [dagSpec('n')]), parsedFile('y.ts', [dagSpec('n')])], T0);
        expect(both.problems).toMatchObject([{ file: 'z.ts', value: 'n' }]);
        expect((await store.catalog.getDag('n'))!.dag.file).toBe('y.ts');
      });

      it('pauses and resumes, naming the DAGs whose flag changed', async () => {
        await save(dagSpec('d'), dagSpec('e', { isPausedUponCreation: true }));
        expect(await store.catalog.setPaused(['d', 'e', 'missing'], true, 'holiday', USER, T0)).toEqual(['d']);
        expect((await store.catalog.getDag('d'))!.dag).toMatchObject({ isPaused: true, pausedReason: 'holiday' });
        expect(await store.catalog.setPaused(['d', 'e'], false, null, USER, T0)).toEqual(['d', 'e']);
        expect((await store.catalog.getDag('d'))!.dag).toMatchObject({ isPaused: false, pausedReason: null });
        expect((await harness.events()).filter((event) => event.entity === 'dag').map((event) => event.to)).toEqual([
          'paused',
          'active',
          'active',
        ]);
      });

      it('deletes a DAG with its history, but not while attempts are under way', async () => {
        const run = await oneRun();
        const keep = await create((await save(dagSpec('e')), 'e'), newRun('r', T0));
        const a = await instance(run, 'a');
        await commit(runCommit(run, { changes: [dispatch(a, T0)] }));
        expect(await store.catalog.deleteDag('d', USER)).toBe('running');
        const queued = await instance(run, 'a');
        await commit(
          runCommit(await read(run), {
            changes: [
              {
                ...change(queued, ['none'], { token: null }),
                endAttempt: { state: 'cleared', endedAt: T0, reason: null, error: null },
              },
            ],
          }),
        );
        expect(await store.catalog.deleteDag('d', USER)).toBe('deleted');
        expect(await store.catalog.deleteDag('d', USER)).toBe('missing');
        expect(await store.runs.getRun(run.id)).toBeNull();
        expect(await instancesOf(run)).toEqual([]);
        expect(await read(keep)).toEqual(keep);
        expect((await harness.events()).filter((event) => event.entity !== 'dag').map((event) => event.entityId)).toEqual([
          keep.id,
          keep.id,
        ]);
      });
    });

    describe('runs', () => {
      it('creates a run with its task instances and reads it back', async () => {
        await save(
          dagSpec('d', {
            tasks: [taskSpec('b', { retries: 2, pool: 'p', poolSlots: 3, priorityWeight: 9, queue: 'q' }), taskSpec('a')],
          }),
        );
        const wanted = newRun('r1', T0, {
          conf: { deep: [1, { x: 'ä"\\' }] },
          note: 'n',
          state: 'queued',
          triggeredBy: 'cli',
          runType: 'manual',
        });
        const run = await create('d', wanted);
        expect(run).toMatchObject({
          ...wanted,
          dagId: 'd',
          startedAt: null,
          endedAt: null,
          queuedAt: T0,
          revision: 0,
          clearNumber: 0,
        });
        expect(await store.runs.findRun('d', 'r1')).toEqual(run);
        expect(await store.runs.findRun('d', '2024-01-01T00:00:00Z')).toEqual(run);
        expect(await store.runs.findRun('d', 'r2')).toBeNull();
        expect((await instancesOf(run)).map(({ id, ...row }) => ({ ...row, hasId: id > 0 }))).toEqual(
          [['a', 1, 'default_pool', 1, 1, 'default'] as const, ['b', 3, 'p', 3, 9, 'q'] as const].map(
            ([taskId, maxTries, pool, poolSlots, priorityWeight, queue]) => ({
              hasId: true,
              dagRunId: run.id,
              taskId,
              mapIndex: -1,
              state: 'none',
              tryNumber: 0,
              maxTries,
              lostDispatches: 0,
              token: null,
              workerId: null,
              pool,
              poolSlots,
              priorityWeight,
              queue,
              scheduledAt: null,
              queuedAt: null,
              startedAt: null,
              endedAt: null,
              wakeAt: null,
              waitingSince: null,
              pokeNumber: 0,
              outputLength: null,
            }),
          ),
        );
      });

      it.each([
        ['run id', newRun('r1', T0 + DAY)],
        ['logical date', newRun('other', T0)],
      ])('names the run that has the same %s', async (_what, run) => {
        const first = await oneRun();
        expect(await store.runs.createRun('d', run, USER, T0)).toEqual({ exists: first });
        expect(await store.runs.listRuns({ dagId: 'd' })).toHaveLength(1);
      });

      it('creates one run when two sessions want the same', async () => {
        await save(dagSpec('d'));
        const answers = await Promise.all([store, other].map((session) => session.runs.createRun('d', newRun('r', T0), USER, T0)));
        expect(answers.filter((answer) => 'run' in answer)).toHaveLength(1);
        expect(await store.runs.listRuns({})).toHaveLength(1);
      });

      it('refuses a run of an unknown DAG', async () => {
        await expect(store.runs.createRun('nope', newRun('r', T0), USER, T0)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      });

      it('lists by filter, in order', async () => {
        await save(dagSpec('d'), dagSpec('e'));
        for (const day of [2, 0, 1])
          await create('d', newRun(`r${day}`, T0 + day * DAY, { state: day === 0 ? 'running' : 'queued' }));
        const manual = await create('e', newRun('m', null, { runAfter: T0 + 5 * DAY }));
        const ids = async (filter: Parameters<Store['runs']['listRuns']>[0]) =>
          (await store.runs.listRuns(filter)).map((run) => run.runId);
        expect(await ids({})).toEqual(['r0', 'r1', 'r2', 'm']);
        expect(await ids({ order: '-logical_date', limit: 2 })).toEqual(['m', 'r2']);
        expect(await ids({ dagId: 'd', from: T0 + DAY, to: T0 + 2 * DAY })).toEqual(['r1', 'r2']);
        expect(await ids({ states: ['running'] })).toEqual(['r0', 'm']);
        expect(await ids({ states: [] })).toEqual([]);
        expect(await ids({ taskStates: ['success'] })).toEqual([]);
        await commit(runCommit(manual, { changes: [change(await instance(manual, 'a'), ['skipped'])] }));
        expect(await ids({ taskStates: ['skipped', 'success'] })).toEqual(['m']);
      });

      it('lists ended runs, newest first', async () => {
        await save(dagSpec('d'));
        const runs = [
          await create('d', newRun('r0', T0)),
          await create('d', newRun('r1', T0 + DAY)),
          await create('d', newRun('r2', T0 + 2 * DAY)),
        ];
        await commit(endRun(runs[0]!, 'success', T0 + 10), endRun(runs[1]!, 'failed', T0 + 20));
        expect((await store.runs.listEndedRuns(T0, 5)).map((run) => run.runId)).toEqual(['r1', 'r0']);
        expect((await store.runs.listEndedRuns(T0 + 10, 5)).map((run) => run.runId)).toEqual(['r1']);
      });
    });

    describe('run creator', () => {
      const daily = (days: readonly number[], state: 'queued' | 'running' = 'running') =>
        days.map((day) => newRun(`r${day}`, T0 + day * DAY, { state }));

      it('hands out the schedule and writes what the plan answers', async () => {
        await save(dagSpec('d', { maxActiveRuns: 2 }));
        await create('d', newRun('old', T0 - DAY));
        await create('d', newRun('due2', T0 - 2 * DAY, { state: 'queued', runType: 'manual' }));
        await create('d', newRun('due1', T0 - 3 * DAY, { state: 'queued', runType: 'manual' }));
        await create('d', newRun('due3', T0 - 1.5 * DAY, { state: 'queued', runType: 'manual' }));
        const future = await create(
          'd',
          newRun('future', T0 + 9 * DAY, { state: 'queued', runType: 'manual', runAfter: T0 + 9 * DAY }),
        );
        const nextRun = {
          logicalDate: T0 + 7 * DAY,
          dataInterval: { start: T0 + 7 * DAY, end: T0 + 8 * DAY },
          runAfter: T0 + 8 * DAY,
        };
        const seen: unknown[] = [];
        const result = await store.scheduling.planDueDags(T0 + 1, 10, (schedule) => {
          seen.push({
            ...schedule,
            dag: schedule.dag.dagId,
            spec: schedule.spec.dagId,
            queuedRuns: schedule.queuedRuns.map((run) => run.runId),
          });
          return {
            createRuns: daily([0, 1], 'queued'),
            startRuns: [schedule.queuedRuns[0]!.id, future.id],
            nextRun,
            checkAt: T0 + 3,
          };
        });
        expect(seen).toEqual([
          {
            dag: 'd',
            spec: 'd',
            versionId: (await store.catalog.getDag('d'))!.dag.currentVersionId,
            lastAutomated: { logicalDate: T0 - DAY, dataInterval: { start: T0 - DAY, end: T0 } },
            unfinishedRuns: 5,
            runningRuns: 1,
            queuedRuns: ['due1', 'due2', 'future'],
            backfills: [],
            now: T0 + 1,
          },
        ]);
        expect(result).toEqual({ claimed: 1, createdRuns: 2, startedRuns: 2, errors: [] });
        expect((await store.catalog.getDag('d'))!.dag.nextRun).toEqual(nextRun);
        expect(await store.runs.findRun('d', 'due1')).toMatchObject({ state: 'running', startedAt: T0 + 1, revision: 1 });
        expect(await store.runs.findRun('d', 'r0')).toMatchObject({ state: 'queued', startedAt: null });
        expect((await store.scheduling.planDueDags(T0 + 2, 10, () => NOTHING)).claimed).toBe(0);
        expect((await store.scheduling.planDueDags(T0 + 3, 10, () => NOTHING)).claimed).toBe(1);
      });

      it('claims oldest first, up to the limit, each DAG once among concurrent passes', async () => {
        await save(...Array.from({ length: 12 }, (_, index) => dagSpec(`d${String(index).padStart(2, '0')}`)));
        const seen: string[] = [];
        const pass = (session: Store) =>
          session.scheduling.planDueDags(T0, 8, ({ dag }) => {
            seen.push(dag.dagId);
            return { ...NOTHING, createRuns: daily([0]) };
          });
        const [first, second] = await Promise.all([pass(store), pass(other)]);
        expect(first.claimed + second.claimed).toBeLessThanOrEqual(12);
        await pass(store);
        expect(seen.sort()).toEqual([...new Set(seen)]);
        expect(seen).toHaveLength(12);
        expect(await store.runs.listRuns({})).toHaveLength(12);
      });

      it('skips runs that exist', async () => {
        await save(dagSpec('d'));
        await create('d', newRun('r0', T0));
        const result = await store.scheduling.planDueDags(T0, 1, () => ({ ...NOTHING, createRuns: daily([0, 1]) }));
        expect(result.createdRuns).toBe(1);
        expect((await store.runs.listRuns({})).map((run) => run.runId)).toEqual(['r0', 'r1']);
      });

      it('goes on when the plan of one DAG throws, and comes back to it later', async () => {
        await save(dagSpec('bad'), dagSpec('good'));
        const error = new Error('no plan');
        const plan = ({ dag }: { dag: { dagId: string } }) => {
          if (dag.dagId === 'bad') throw error;
          return { ...NOTHING, createRuns: daily([0]) };
        };
        expect(await store.scheduling.planDueDags(T0, 10, plan)).toEqual({
          claimed: 2,
          createdRuns: 1,
          startedRuns: 0,
          errors: [{ dagId: 'bad', error }],
        });
        expect((await store.scheduling.planDueDags(T0 + 1_000, 10, plan)).claimed).toBe(0);
        expect((await store.scheduling.planDueDags(T0 + 60_000, 10, plan)).errors).toHaveLength(1);
      });

      it('does not plan paused or retired DAGs, and plans a resumed one', async () => {
        await save(dagSpec('d'), dagSpec('gone'));
        await store.catalog.setPaused(['d'], true, null, USER, T0);
        await create('d', newRun('manual', T0, { state: 'queued' }));
        await store.catalog.retireFiles(['gone.ts'], T0);
        const plans: string[] = [];
        const plan = ({ dag }: { dag: { dagId: string } }) => (plans.push(dag.dagId), NOTHING);
        await store.scheduling.planDueDags(T0, 10, plan);
        expect(plans).toEqual([]);
        expect((await store.scheduling.planDueDags(T0, 10, plan)).claimed).toBe(0);
        await store.catalog.setPaused(['d'], false, null, USER, T0);
        await store.scheduling.planDueDags(T0, 10, plan);
        expect(plans).toEqual(['d']);
      });
    });

    describe('planner', () => {
      it('claims due runs oldest first, backfills last, and hides them for a while', async () => {
        await save(dagSpec('d'), dagSpec('e'));
        const [r1, r2] = [await create('d', newRun('r1', T0)), await create('d', newRun('r2', T0 + DAY))];
        await store.backfills.create(backfill('e'), [newRun('b', T0)], USER, T0 - 5);
        await commit(runCommit(r1, { planAt: T0 + 5 }), runCommit(r2, { planAt: T0 + 3 }));
        const b = (await store.runs.findRun('e', 'b'))!;
        expect(await store.scheduling.claimRunsToPlan(T0 - 10, 10, 1_000)).toEqual([]);
        expect(await store.scheduling.claimRunsToPlan(T0 + 10, 10, 1_000)).toEqual([
          { dagRunId: r2.id, revision: 1 },
          { dagRunId: r1.id, revision: 1 },
          { dagRunId: b.id, revision: 0 },
        ]);
        expect(await store.scheduling.claimRunsToPlan(T0 + 1_009, 10, 1_000)).toEqual([]);
        expect(await store.scheduling.claimRunsToPlan(T0 + 1_010, 1, 1_000)).toHaveLength(1);
        expect(await store.scheduling.claimRunsToPlan(T0 + 1_010, 10, 1_000)).toHaveLength(2);
      });

      it('never gives one run to two planners', async () => {
        await save(dagSpec('d'));
        for (let day = 0; day < 20; day++) await create('d', newRun(`r${day}`, T0 + day * DAY));
        const claims = await Promise.all(
          [store, other, store, other].map((session) => session.scheduling.claimRunsToPlan(T0, 8, 1_000)),
        );
        const ids = claims.flat().map((claim) => claim.dagRunId);
        expect(new Set(ids).size).toBe(ids.length);
        const rest = await store.scheduling.claimRunsToPlan(T0, 20, 1_000);
        expect(ids.length + rest.length).toBe(20);
      });

      it('loads a snapshot at one revision, and leaves out what is gone', async () => {
        const run = await oneRun();
        await commit(runCommit(run, { changes: [change(await instance(run, 'a'), ['skipped'])] }));
        const [snapshot, ...more] = await store.scheduling.loadSnapshots([999_999, run.id]);
        expect(more).toEqual([]);
        expect(snapshot).toMatchObject({ run: await read(run), spec: { dagId: 'd' }, previous: null });
        expect(snapshot!.run.revision).toBe(1);
        expect(snapshot!.taskInstances.map((row) => [row.taskId, row.state])).toEqual([
          ['a', 'skipped'],
          ['b', 'none'],
        ]);
      });

      it('loads the previous run when a task depends on its past', async () => {
        const spec = (catchup: boolean) =>
          dagSpec('d', { catchup, tasks: [taskSpec('a', { dependsOnPast: true }), taskSpec('new')] });
        await save(dagSpec('d', { tasks: [taskSpec('a'), taskSpec('gone')] }));
        const first = await create('d', newRun('r0', T0));
        const manual = await create('d', newRun('m', T0 + DAY, { runType: 'manual' }));
        await commit(runCommit(first, { changes: [change(await instance(first, 'a'), ['skipped'])] }));
        await save(spec(true));
        const run = await create('d', newRun('r2', T0 + 2 * DAY));
        const expected = {
          dagRunId: first.id,
          logicalDate: T0,
          states: { a: ['skipped'], gone: ['none'] },
          everRan: ['a', 'gone'],
        };
        expect((await store.scheduling.loadSnapshots([run.id]))[0]!.previous).toEqual(expected);
        await save(spec(false));
        const later = await create('d', newRun('r3', T0 + 1.5 * DAY));
        expect((await store.scheduling.loadSnapshots([later.id]))[0]!.previous).toMatchObject({ dagRunId: manual.id });
        expect((await store.scheduling.loadSnapshots([first.id]))[0]!.previous).toBeNull();
      });

      it('finds that a task ran in any earlier run, not only in the last', async () => {
        await save(dagSpec('d', { tasks: [taskSpec('a'), taskSpec('old')] }));
        await create('d', newRun('r0', T0));
        await save(dagSpec('d', { tasks: [taskSpec('a', { dependsOnPast: true })] }));
        await create('d', newRun('r1', T0 + DAY));
        await save(dagSpec('d', { tasks: [taskSpec('a', { dependsOnPast: true }), taskSpec('never'), taskSpec('old')] }));
        const run = await create('d', newRun('r2', T0 + 2 * DAY));
        expect((await store.scheduling.loadSnapshots([run.id]))[0]!.previous!.everRan).toEqual(['a', 'old']);
      });
    });

    describe('commit', () => {
      it('writes a whole life and its history', async () => {
        const run = await oneRun();
        const worker = randomUUID();
        const starting = start(await instance(run, 'a'), worker, T0 + 1, { pokeNumber: 2, waitingSince: T0 });
        const started = await commit(runCommit(run, { changes: [starting], planAt: null }));
        expect(started).toEqual({ staleRuns: [], staleTaskInstances: [], revisions: new Map([[run.id, 1]]), inserted: [] });
        const running = await instance(run, 'a');
        expect(running).toEqual(starting.next);
        await commit(runCommit(await read(run), { changes: [succeed(running, T0 + 2, { rows: [1, 'zwei', null] })] }));
        expect(await instance(run, 'a')).toMatchObject({
          state: 'success',
          endedAt: T0 + 2,
          token: running.token,
          outputLength: -1,
        });
        expect(await store.runs.listAttempts([running.id])).toEqual([
          {
            token: running.token,
            taskInstanceId: running.id,
            tryNumber: 1,
            dispatchNumber: 1,
            state: 'success',
            workerId: worker,
            createdAt: T0 + 1,
            startedAt: T0 + 1,
            endedAt: T0 + 2,
            endReason: null,
            error: null,
            logPath: null,
          },
        ]);
        expect(await store.attempts.readXComs([{ dagRunId: run.id, taskId: 'a', key: 'return_value' }])).toEqual([
          [{ mapIndex: -1, value: { rows: [1, 'zwei', null] } }],
        ]);
        const events = (await harness.events()).filter(
          (event) => event.entityId === running.id && event.entity === 'task_instance',
        );
        expect(events.map(({ from, to, token, actorKind }) => [from, to, token, actorKind])).toEqual([
          ['none', 'scheduled', null, 'scheduler'],
          ['scheduled', 'queued', running.token, 'scheduler'],
          ['queued', 'running', running.token, 'scheduler'],
          ['running', 'success', running.token, 'scheduler'],
        ]);
      });

      it('settles one task and starts the next in one commit', async () => {
        const run = await oneRun();
        const worker = randomUUID();
        await commit(runCommit(run, { changes: [start(await instance(run, 'a'), worker, T0)] }));
        const [a, b] = [await instance(run, 'a'), await instance(run, 'b')];
        await commit(runCommit(await read(run), { changes: [succeed(a, T0 + 1), start(b, worker, T0 + 1)] }));
        expect((await instancesOf(run)).map((row) => row.state)).toEqual(['success', 'running']);
      });

      it('refuses a stale revision completely', async () => {
        const run = await oneRun();
        const a = await instance(run, 'a');
        await commit(runCommit(run));
        const result = await commit(runCommit(run, { changes: [start(a, 'w', T0)], planAt: T0 + 99 }));
        expect(result).toEqual({ staleRuns: [run.id], staleTaskInstances: [], revisions: new Map(), inserted: [] });
        expect(await instance(run, 'a')).toEqual(a);
        expect(await store.runs.listAttempts([a.id])).toEqual([]);
      });

      it('finds an exact repeat stale', async () => {
        const run = await oneRun();
        const once = runCommit(run, {
          changes: [start(await instance(run, 'a'), 'w', T0)],
          insertions: [{ row: { ...(await instance(run, 'b')), mapIndex: 0 }, path: [] }],
        });
        await commit(once);
        const before = await harness.events();
        expect((await commit(once)).staleRuns).toEqual([run.id]);
        expect(await harness.events()).toEqual(before);
      });

      it('leaves out a change whose token or state is stale and writes the rest', async () => {
        const run = await oneRun();
        const a = await instance(run, 'a');
        const b = await instance(run, 'b');
        await commit(runCommit(run, { changes: [start(a, 'w', T0)] }));
        const running = await instance(run, 'a');
        const wrongToken = succeed({ ...running, token: randomUUID() }, T0);
        const result = await commit(runCommit(run, { expectedRevision: null, changes: [wrongToken, change(b, ['skipped'])] }));
        expect(result.staleTaskInstances).toEqual([a.id]);
        expect(result.revisions).toEqual(new Map([[run.id, 2]]));
        expect((await instancesOf(run)).map((row) => row.state)).toEqual(['running', 'skipped']);
        expect(await store.attempts.readXComs([{ dagRunId: run.id, taskId: 'a', key: 'return_value' }])).toEqual([[]]);
        expect((await store.runs.listAttempts([a.id]))[0]!.endedAt).toBeNull();
        const wrongState = await commit(runCommit(run, { expectedRevision: null, changes: [change(b, ['failed'])] }));
        expect(wrongState.staleTaskInstances).toEqual([b.id]);
      });

      it('knows no run that does not exist', async () => {
        const run = await oneRun();
        expect((await commit({ ...runCommit(run), dagRunId: 999_999 })).staleRuns).toEqual([999_999]);
      });

      it('lets one of two planners win', async () => {
        const run = await oneRun();
        const a = await instance(run, 'a');
        const results = await Promise.all(
          [store, other].map((session) => session.scheduling.commit([runCommit(run, { changes: [start(a, 'w', T0)] })], T0)),
        );
        expect(results.map((result) => result.staleRuns.length).sort()).toEqual([0, 1]);
        expect(await store.runs.listAttempts([a.id])).toHaveLength(1);
        expect((await read(run)).revision).toBe(1);
      });

      it('lets one of two settlements of one attempt win, without a revision', async () => {
        const run = await oneRun();
        await commit(runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0)] }));
        const running = await instance(run, 'a');
        const settle = (session: Store, value: string) =>
          session.scheduling.commit([runCommit(run, { expectedRevision: null, changes: [succeed(running, T0, value)] })], T0);
        const results = await Promise.all([settle(store, 'one'), settle(other, 'two'), settle(store, 'three')]);
        expect(results.flatMap((result) => result.staleTaskInstances)).toEqual([running.id, running.id]);
        const events = (await harness.events()).filter((event) => event.to === 'success');
        expect(events).toHaveLength(1);
      });

      it('takes several commits of one run in order', async () => {
        const run = await oneRun();
        const [a, b] = [await instance(run, 'a'), await instance(run, 'b')];
        const unguarded = (id: TaskInstance) => runCommit(run, { expectedRevision: null, changes: [change(id, ['skipped'])] });
        const result = await commit(unguarded(a), unguarded(b));
        expect(result.revisions).toEqual(new Map([[run.id, 2]]));
        expect((await instancesOf(run)).map((row) => row.state)).toEqual(['skipped', 'skipped']);
      });

      it('writes many runs at once, each with its own guard', async () => {
        await save(dagSpec('d'));
        const runs: DagRun[] = [];
        for (let day = 0; day < 40; day++) runs.push(await create('d', newRun(`r${day}`, T0 + day * DAY)));
        const commits: RunCommit[] = [];
        for (const [index, run] of runs.entries()) {
          const stale = index % 4 === 0;
          commits.push(runCommit(run, { expectedRevision: stale ? 7 : 0, changes: [start(await instance(run, 'a'), 'w', T0)] }));
        }
        const result = await store.scheduling.commit(commits.reverse(), T0);
        expect([...result.staleRuns].sort((x, y) => x - y)).toEqual(
          runs.filter((_, index) => index % 4 === 0).map((run) => run.id),
        );
        expect(result.revisions.size).toBe(30);
        const states = (await store.runs.listTaskInstances(runs.map((run) => run.id)))
          .filter((row) => row.taskId === 'a')
          .map((row) => row.state);
        expect(states).toEqual(runs.map((_, index) => (index % 4 === 0 ? 'none' : 'running')));
      });

      it('inserts mapped copies once and returns their ids in order', async () => {
        const run = await oneRun(dagSpec('d', { tasks: [taskSpec('m')] }));
        const template = await instance(run, 'm');
        const rows = [2, 0, 1].map((mapIndex) => ({
          row: { ...template, mapIndex, state: 'scheduled' as const },
          path: ['scheduled' as const],
        }));
        const result = await commit(runCommit(run, { insertions: rows, changes: [change(template, ['removed'])] }));
        expect(result.inserted.map((row) => [row.dagRunId, row.taskId, row.mapIndex])).toEqual(
          [2, 0, 1].map((index) => [run.id, 'm', index]),
        );
        const stored = await instancesOf(run);
        expect(stored.map((row) => [row.mapIndex, row.state])).toEqual([
          [-1, 'removed'],
          [0, 'scheduled'],
          [1, 'scheduled'],
          [2, 'scheduled'],
        ]);
        expect(result.inserted.map((row) => row.id)).toEqual(
          [2, 0, 1].map((index) => stored.find((row) => row.mapIndex === index)!.id),
        );
        const again = await commit(
          runCommit(await read(run), { insertions: [...rows, { row: { ...template, mapIndex: 3 }, path: [] }] }),
        );
        expect(again.inserted.map((row) => row.mapIndex)).toEqual([3]);
        const events = (await harness.events()).filter((event) => event.to === 'scheduled');
        expect(events.map((event) => event.entityId).sort()).toEqual(result.inserted.map((row) => row.id).sort());
      });

      it('moves an unexpanded instance to a map index', async () => {
        const run = await oneRun(dagSpec('d', { tasks: [taskSpec('m')] }));
        await commit(runCommit(run, { changes: [change(await instance(run, 'm'), [], { mapIndex: 0 })] }));
        expect((await instancesOf(run)).map((row) => row.mapIndex)).toEqual([0]);
      });

      it('ends an attempt and opens the next one in one commit', async () => {
        const run = await oneRun();
        await commit(runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0)] }));
        const running = await instance(run, 'a');
        const requeue = {
          ...dispatch(running, T0 + 1, { tryNumber: 1, lostDispatches: 1 }),
          endAttempt: { state: 'lost', endedAt: T0 + 1, reason: 'worker gone', error: null } as const,
          openAttempt: { dispatchNumber: 2, createdAt: T0 + 1, startedAt: null, workerId: null },
        };
        expect((await commit(runCommit(await read(run), { changes: [requeue] }))).staleTaskInstances).toEqual([]);
        const attempts = await store.runs.listAttempts([running.id]);
        expect(attempts.map((attempt) => [attempt.dispatchNumber, attempt.state, attempt.endReason])).toEqual([
          [1, 'lost', 'worker gone'],
          [2, 'queued', null],
        ]);
        const tokens = (await harness.events())
          .filter((event) => event.entityId === running.id && event.entity === 'task_instance')
          .slice(3);
        expect(tokens.map((event) => event.token)).toEqual([running.token, requeue.next.token]);
      });

      it('never has two live attempts of one task instance', async () => {
        const run = await oneRun();
        await commit(runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0)] }));
        const running = await instance(run, 'a');
        const second = { ...dispatch(running, T0), endAttempt: null };
        await expect(commit(runCommit(await read(run), { changes: [second] }))).rejects.toThrow();
        expect(await instance(run, 'a')).toEqual(running);
      });

      it('keeps the error of a failed attempt and clears XComs at the first dispatch of the next try', async () => {
        const run = await oneRun();
        const request = { dagRunId: run.id, taskId: 'a', key: 'k' };
        await commit(runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0)] }));
        const running = await instance(run, 'a');
        expect(await store.attempts.pushXCom(running.token!, 'k', [1])).toBe(true);
        await commit(runCommit(await read(run), { changes: [failForRetry(running, T0)] }));
        expect(await store.attempts.readXComs([request])).toEqual([[{ mapIndex: -1, value: [1] }]]);
        expect((await store.runs.listAttempts([running.id]))[0]).toMatchObject({
          state: 'failed',
          endReason: 'threw',
          error: { code: 'TASK_ERROR', message: 'a "bad"\\ thing\nhappened', stack: null },
        });
        await commit(runCommit(await read(run), { changes: [dispatch(await instance(run, 'a'), T0)] }));
        expect(await store.attempts.readXComs([request])).toEqual([[]]);
      });

      it('clears other XComs and keeps those that the same change writes', async () => {
        const run = await oneRun();
        await commit(runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0)] }));
        const running = await instance(run, 'a');
        await store.attempts.pushXCom(running.token!, 'old', 1);
        await store.attempts.pushXCom(running.token!, 'return_value', 1);
        await commit(runCommit(await read(run), { changes: [{ ...succeed(running, T0, 2), clearXComs: true }] }));
        const requests = ['old', 'return_value'].map((key) => ({ dagRunId: run.id, taskId: 'a', key }));
        expect(await store.attempts.readXComs(requests)).toEqual([[], [{ mapIndex: -1, value: 2 }]]);
      });

      it('ends a run: its DAG is looked at, its plan is off', async () => {
        const run = await oneRun();
        await store.scheduling.planDueDags(T0, 10, () => NOTHING);
        expect((await store.scheduling.planDueDags(T0 + DAY, 10, () => NOTHING)).claimed).toBe(0);
        await store.scheduling.commit([endRun(run, 'success', T0 + 4)], T0 + 5);
        expect(await read(run)).toMatchObject({ state: 'success', endedAt: T0 + 4, revision: 1 });
        expect(await store.scheduling.claimRunsToPlan(T0 + DAY, 10, 1)).toEqual([]);
        expect((await store.scheduling.planDueDags(T0 + 5, 10, () => NOTHING)).claimed).toBe(1);
        expect((await commit(endRun(run, 'failed', T0 + 9))).staleRuns).toEqual([run.id]);
      });

      it('has the DAG looked at when a run waits for a place again', async () => {
        const run = await oneRun();
        await store.scheduling.planDueDags(T0, 10, () => NOTHING);
        await store.scheduling.commit([endRun(run, 'queued', T0)], T0 + 5);
        expect((await store.scheduling.planDueDags(T0 + 5, 10, () => NOTHING)).claimed).toBe(1);
      });

      it('guards the state of the run', async () => {
        const run = await oneRun();
        const wrong = endRun({ ...run, state: 'queued' }, 'failed', T0);
        expect((await commit({ ...wrong, expectedRevision: null })).staleRuns).toEqual([run.id]);
        expect((await read(run)).state).toBe('running');
      });

      it('wakes the next unfinished run by logical date', async () => {
        await save(dagSpec('d'));
        const runs: DagRun[] = [];
        for (const day of [0, 1, 2, 3])
          runs.push(await create('d', newRun(`r${day}`, T0 + day * DAY, { state: day === 2 ? 'queued' : 'running' })));
        await commit(endRun(runs[1]!, 'success', T0), ...[0, 3].map((index) => runCommit(runs[index]!, { planAt: null })));
        await commit(runCommit(await read(runs[0]!), { wakeNextRun: true }));
        expect((await Promise.all(runs.map(read))).map((run) => run.revision)).toEqual([2, 1, 1, 1]);
        await commit(runCommit(await read(runs[2]!), { wakeNextRun: true }));
        expect((await read(runs[3]!)).revision).toBe(2);
        expect(await store.scheduling.claimRunsToPlan(T0, 10, 1_000)).toEqual([{ dagRunId: runs[3]!.id, revision: 2 }]);
      });

      it('makes a plan of the woken run in the same batch stale', async () => {
        await save(dagSpec('d'));
        const [first, second] = [await create('d', newRun('r0', T0)), await create('d', newRun('r1', T0 + DAY))];
        const result = await commit(runCommit(first, { wakeNextRun: true }), runCommit(second, { planAt: null }));
        expect(result.staleRuns).toEqual([]);
        expect((await commit(runCommit(second, { expectedRevision: result.revisions.get(second.id)! }))).staleRuns).toEqual([
          second.id,
        ]);
        expect((await store.scheduling.claimRunsToPlan(T0, 10, 1_000)).map((claim) => claim.dagRunId)).toContain(second.id);
      });
    });

    describe('pools', () => {
      it('counts slots under the lock and hands them to admit', async () => {
        await harness.setPool('small', 3);
        const spec = dagSpec('d', { tasks: [taskSpec('a', { pool: 'small', poolSlots: 2 }), taskSpec('b'), taskSpec('c')] });
        const run = await oneRun(spec);
        await commit(
          runCommit(run, {
            changes: [
              dispatch(await instance(run, 'a'), T0),
              start(await instance(run, 'b'), 'w', T0),
              change(await instance(run, 'c'), ['scheduled']),
            ],
          }),
        );
        const seen: unknown[] = [];
        const result = await store.scheduling.commitUnderPools(['small', 'default_pool', 'unknown'], T0, (occupancy) => {
          seen.push(occupancy);
          return [];
        });
        expect(result).toEqual({ staleRuns: [], staleTaskInstances: [], revisions: new Map(), inserted: [] });
        expect(seen).toEqual([
          { total: 2, pools: { small: { slots: 3, occupied: 2 }, default_pool: { slots: 128, occupied: 1 } } },
        ]);
      });

      it('never overfills a pool when two schedulers admit at once', async () => {
        await harness.setPool('small', 3);
        await save(dagSpec('d', { tasks: [taskSpec('a', { pool: 'small' })] }));
        const runs: DagRun[] = [];
        for (let day = 0; day < 12; day++) runs.push(await create('d', newRun(`r${day}`, T0 + day * DAY)));
        const ready = new Map<number, TaskInstance>();
        for (const run of runs) ready.set(run.id, await instance(run, 'a'));
        const admit = (session: Store, mine: readonly DagRun[]) =>
          session.scheduling.commitUnderPools(['small'], T0, ({ pools }) => {
            const { slots, occupied } = pools['small']!;
            return mine
              .slice(0, Math.max(0, slots - occupied))
              .map((run) => runCommit(run, { changes: [dispatch(ready.get(run.id)!, T0)] }));
          });
        await Promise.all([
          admit(store, runs.slice(0, 3)),
          admit(other, runs.slice(3, 6)),
          admit(store, runs.slice(6, 9)),
          admit(other, runs.slice(9)),
        ]);
        const states = (await store.runs.listTaskInstances(runs.map((run) => run.id))).filter((row) => row.state === 'queued');
        expect(states).toHaveLength(3);
      });

      it('writes nothing when admit throws', async () => {
        const run = await oneRun();
        await expect(
          store.scheduling.commitUnderPools(['default_pool'], T0, () => {
            throw new Error('no');
          }),
        ).rejects.toThrow('no');
        expect((await read(run)).revision).toBe(0);
        expect((await commit(runCommit(run))).staleRuns).toEqual([]);
      });
    });

    describe('attempts', () => {
      it('claims queued instances of its queues by priority, each once', async () => {
        const tasks = ['low', 'high', 'elsewhere'].map((taskId, index) =>
          taskSpec(taskId, { priorityWeight: index + 1, queue: taskId === 'elsewhere' ? 'gpu' : 'default' }),
        );
        const spec = dagSpec('d', { tasks, params: { jsonSchema: {}, defaults: { x: 1, y: 2 } } });
        await save(spec);
        const run = await create('d', newRun('r1', T0, { conf: { y: 3 } }));
        const rows = await instancesOf(run);
        await commit(runCommit(run, { changes: rows.map((row) => dispatch(row, T0)) }));
        const revision = (await read(run)).revision;
        const [first] = await store.attempts.claimQueued('w1', ['default'], 1, T0 + 7);
        expect(first).toMatchObject({
          key: { dagId: 'd', runId: 'r1', taskId: 'high', mapIndex: -1 },
          tryNumber: 1,
          startedAt: T0 + 7,
          task: { taskId: 'high' },
          versionId: run.versionId,
          run: { conf: { y: 3 }, params: { x: 1, y: 3 }, timezone: 'UTC', logicalDate: T0 },
        });
        expect(await instance(run, 'high')).toMatchObject({
          state: 'running',
          workerId: 'w1',
          token: first!.token,
          startedAt: T0 + 7,
        });
        expect((await read(run)).revision).toBe(revision + 1);
        expect((await store.runs.listAttempts([first!.taskInstanceId]))[0]).toMatchObject({
          state: 'running',
          workerId: 'w1',
          startedAt: T0 + 7,
        });
        const rest = await other.attempts.claimQueued('w2', ['default', 'gpu'], 9, T0 + 8);
        expect(rest.map((assignment) => assignment.key.taskId)).toEqual(['elsewhere', 'low']);
        expect(await store.attempts.claimQueued('w1', ['default', 'gpu'], 9, T0 + 9)).toEqual([]);
        expect((await harness.events()).filter((event) => event.to === 'running' && event.actorKind === 'worker')).toHaveLength(3);
      });

      it('never gives one instance to two workers', async () => {
        await save(dagSpec('d', { tasks: Array.from({ length: 10 }, (_, index) => taskSpec(`t${index}`)) }));
        for (let day = 0; day < 4; day++) {
          const run = await create('d', newRun(`r${day}`, T0 + day * DAY));
          await commit(runCommit(run, { changes: (await instancesOf(run)).map((row) => dispatch(row, T0)) }));
        }
        const claim = (session: Store, worker: string) => session.attempts.claimQueued(worker, ['default'], 15, T0);
        const claims = await Promise.all([claim(store, 'w1'), claim(other, 'w2'), claim(store, 'w3'), claim(other, 'w4')]);
        const tokens = claims.flat().map((assignment) => assignment.token);
        expect(new Set(tokens).size).toBe(tokens.length);
        expect(tokens.length + (await claim(store, 'w5')).length).toBeGreaterThanOrEqual(15);
        for (const [index, assignments] of claims.entries()) {
          const ids = new Set(assignments.map((assignment) => assignment.taskInstanceId));
          const rows = (
            await store.runs.listTaskInstances([...new Set(assignments.map((assignment) => assignment.dagRunId))])
          ).filter((row) => ids.has(row.id));
          expect(rows.every((row) => row.workerId === `w${index + 1}` && row.state === 'running')).toBe(true);
        }
      });

      it('stores an XCom only under the current token', async () => {
        const run = await oneRun();
        await commit(runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0)] }));
        const running = await instance(run, 'a');
        const key = { dagRunId: run.id, taskId: 'a', key: 'k' };
        expect(await store.attempts.pushXCom(running.token!, 'k', { a: 1 })).toBe(true);
        expect(await store.attempts.pushXCom(running.token!, 'k', { a: 2 })).toBe(true);
        expect(await store.attempts.pushXCom(randomUUID(), 'k', 'stranger')).toBe(false);
        await commit(runCommit(await read(run), { changes: [succeed(running, T0)] }));
        expect(await store.attempts.pushXCom(running.token!, 'k', 'too late')).toBe(false);
        expect(await store.attempts.readXComs([key])).toEqual([[{ mapIndex: -1, value: { a: 2 } }]]);
      });

      it('reads many XComs at once, map indexes in order', async () => {
        const run = await oneRun(dagSpec('d', { tasks: [taskSpec('m')] }));
        const template = await instance(run, 'm');
        await commit(runCommit(run, { insertions: [11, 0, 2].map((mapIndex) => ({ row: { ...template, mapIndex }, path: [] })) }));
        const copies = (await instancesOf(run)).filter((row) => row.mapIndex >= 0);
        await commit(runCommit(await read(run), { changes: copies.map((row) => start(row, 'w', T0)) }));
        const running = (await instancesOf(run)).filter((row) => row.mapIndex >= 0);
        await commit(runCommit(await read(run), { changes: running.map((row) => succeed(row, T0, row.mapIndex)) }));
        const request = { dagRunId: run.id, taskId: 'm', key: 'return_value' };
        expect(await store.attempts.readXComs([{ ...request, key: 'none' }, request, request])).toEqual([
          [],
          [0, 2, 11].map((mapIndex) => ({ mapIndex, value: mapIndex })),
          [0, 2, 11].map((mapIndex) => ({ mapIndex, value: mapIndex })),
        ]);
        expect(await store.attempts.readXComs([])).toEqual([]);
      });

      it('knows which tokens are revoked, and where logs are', async () => {
        const run = await oneRun();
        await commit(
          runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0), start(await instance(run, 'b'), 'w', T0)] }),
        );
        const [a, b] = [await instance(run, 'a'), await instance(run, 'b')];
        await store.attempts.setLogPaths([{ token: a.token!, logPath: 'd/r1/a/1.log' }]);
        await commit(runCommit(await read(run), { changes: [succeed(a, T0)] }));
        const unknown = randomUUID();
        expect([...(await store.attempts.findRevoked([a.token!, b.token!, unknown]))].sort()).toEqual([a.token!, unknown].sort());
        expect((await store.runs.listAttempts([a.id]))[0]!.logPath).toBe('d/r1/a/1.log');
      });

      it('finds attempts whose worker is gone and those that are stuck in the queue', async () => {
        const spec = dagSpec('d', {
          tasks: ['alive', 'expired', 'stopped', 'unknown', 'waiting'].map((taskId) => taskSpec(taskId)),
        });
        const run = await oneRun(spec);
        const now = await store.now();
        const component = (id: string) =>
          ({ id, kind: 'worker', hostname: 'h', pid: 1, version: '0', startedAt: now, details: {} }) as const;
        await store.components.register(component('w-alive'), 600_000);
        await store.components.register(component('w-expired'), 1_000);
        await store.components.register(component('w-stopped'), 600_000);
        await store.components.stopped('w-stopped');
        const rows = await instancesOf(run);
        const changes = rows.map((row) => (row.taskId === 'waiting' ? dispatch(row, T0) : start(row, `w-${row.taskId}`, T0)));
        await commit(runCommit(run, { changes }));
        const lost = await store.scheduling.findLostAttempts(now + 60_000, T0 + 1, 10);
        const byId = new Map((await instancesOf(run)).map((row) => [row.id, row]));
        expect(lost.map((attempt) => [byId.get(attempt.taskInstanceId)!.taskId, attempt.cause])).toEqual([
          ['expired', 'lease_expired'],
          ['stopped', 'lease_expired'],
          ['unknown', 'lease_expired'],
          ['waiting', 'stuck_in_queue'],
        ]);
        expect(
          lost.every((attempt) => attempt.token === byId.get(attempt.taskInstanceId)!.token && attempt.dagRunId === run.id),
        ).toBe(true);
        expect(await store.scheduling.findLostAttempts(now + 60_000, T0, 1)).toHaveLength(1);
        expect(
          (await store.scheduling.findLostAttempts(now, T0, 10)).map((attempt) => byId.get(attempt.taskInstanceId)!.taskId),
        ).toEqual(['stopped', 'unknown']);
      });
    });

    describe('backfills', () => {
      it('creates its runs in order, and one at a time per DAG', async () => {
        await save(dagSpec('d'));
        const runs = [2, 1, 0].map((day) =>
          newRun(`b${day}`, T0 + day * DAY, { state: 'queued', runType: 'backfill', triggeredBy: 'backfill' }),
        );
        const created = await store.backfills.create(backfill('d'), runs, USER, T0);
        if (typeof created === 'string') throw new Error(created);
        expect(created).toMatchObject({ dagId: 'd', expectedRuns: 3, createdAt: T0, completedAt: null, conf: { a: 1 } });
        expect(await store.backfills.create(backfill('d'), [], USER, T0)).toBe('conflict');
        const lanes: unknown[] = [];
        await store.scheduling.planDueDags(T0 + 5 * DAY, 1, (schedule) => {
          lanes.push(
            schedule.unfinishedRuns,
            ...schedule.backfills.map((lane) => ({ ...lane, queuedRuns: lane.queuedRuns.map((run) => run.runId) })),
          );
          return NOTHING;
        });
        expect(lanes).toEqual([
          0,
          { backfillId: created.id, isPaused: false, maxActiveRuns: 2, runningRuns: 0, queuedRuns: ['b2', 'b1'] },
        ]);
        expect(await store.backfills.list('d')).toEqual([created]);
        expect(await store.backfills.list('e')).toEqual([]);
      });

      it('completes when the last of its runs ends, and counts its progress', async () => {
        await save(dagSpec('d'));
        const created = await store.backfills.create(backfill('d'), [newRun('b0', T0), newRun('b1', T0 + DAY)], USER, T0);
        if (typeof created === 'string') throw new Error(created);
        const [first, second] = [(await store.runs.findRun('d', 'b0'))!, (await store.runs.findRun('d', 'b1'))!];
        await store.scheduling.commit([endRun(first, 'failed', T0 + 1)], T0 + 1);
        expect(await store.backfills.progress(created.id)).toMatchObject({
          queued: 0,
          running: 1,
          success: 0,
          failed: 1,
          backfill: { completedAt: null },
        });
        expect(await store.backfills.completeFinished(T0)).toEqual([]);
        await store.scheduling.commit([endRun(second, 'success', T0 + 2)], T0 + 3);
        expect(await store.backfills.progress(created.id)).toMatchObject({
          running: 0,
          success: 1,
          failed: 1,
          firstStartedAt: T0,
          lastEndedAt: T0 + 2,
          backfill: { completedAt: T0 + 3 },
        });
        expect(await store.backfills.create(backfill('d'), [newRun('b3', T0 + 3 * DAY)], USER, T0)).not.toBe('conflict');
        expect(await store.backfills.progress(999_999)).toBeNull();
      });

      it('completes once when its last two runs end at the same time in two sessions', async () => {
        await save(dagSpec('d'));
        const created = await store.backfills.create(backfill('d'), [newRun('b0', T0), newRun('b1', T0 + DAY)], USER, T0);
        if (typeof created === 'string') throw new Error(created);
        const runs = await store.runs.listRuns({ backfillId: created.id });
        await Promise.all([
          store.scheduling.commit([endRun(runs[0]!, 'success', T0)], T0 + 1),
          other.scheduling.commit([endRun(runs[1]!, 'success', T0)], T0 + 1),
        ]);
        expect((await store.backfills.progress(created.id))!.backfill.completedAt).toBe(T0 + 1);
      });

      it('adopts runs that run again, all or none', async () => {
        await save(dagSpec('d'));
        const old = await create('d', newRun('old', T0));
        await commit(endRun(old, 'failed', T0 + 1));
        const failed = await read(old);
        const again = (run: DagRun) => endRun(run, 'queued', T0);
        const mine = [newRun('b', T0 + DAY, { state: 'queued' })];
        expect(await store.backfills.create(backfill('d'), mine, USER, T0, [{ ...again(failed), expectedRevision: 0 }])).toBe(
          'stale',
        );
        expect(await store.backfills.list()).toEqual([]);
        expect(await store.runs.listRuns({})).toEqual([failed]);
        const created = await store.backfills.create(backfill('d'), mine, USER, T0 + 2, [again(failed)]);
        if (typeof created === 'string') throw new Error(created);
        expect(created).toMatchObject({ expectedRuns: 2, completedAt: null });
        expect(await read(old)).toMatchObject({
          state: 'queued',
          backfillId: created.id,
          runType: 'backfill',
          triggeredBy: 'backfill',
        });
        expect(await store.backfills.progress(created.id)).toMatchObject({ queued: 2, failed: 0 });
      });

      it('is complete at once when none of its runs is left to it', async () => {
        await save(dagSpec('d'));
        await create('d', newRun('r', T0));
        const created = await store.backfills.create(backfill('d'), [newRun('b', T0)], USER, T0 + 1);
        expect(created).toMatchObject({ expectedRuns: 0, completedAt: T0 + 1 });
      });
    });

    describe('components', () => {
      it('keeps leases by its own clock', async () => {
        const now = await store.now();
        const component = {
          id: 'w',
          kind: 'worker',
          hostname: 'h',
          pid: 7,
          version: '1',
          startedAt: now,
          details: { slots: 4 },
        } as const;
        expect(await store.components.heartbeat('w', 1_000)).toBe(false);
        await store.components.register(component, 30_000);
        const [registered] = await store.components.list();
        expect(registered).toMatchObject({ ...component, stoppedAt: null });
        expect(registered!.leaseUntil - registered!.heartbeatAt).toBeCloseTo(30_000, -1);
        expect(await store.components.heartbeat('w', 60_000, { slots: 8 })).toBe(true);
        expect((await store.components.list())[0]!.details).toEqual({ slots: 8 });
        expect(await store.components.heartbeat('w', 60_000)).toBe(true);
        expect((await store.components.list())[0]!.details).toEqual({ slots: 8 });
        await store.components.stopped('w');
        expect(await store.components.heartbeat('w', 60_000)).toBe(false);
        expect((await store.components.list())[0]!.stoppedAt).not.toBeNull();
      });
    });

    it('writes a history that folds to the current states', async () => {
      await save(dagSpec('d'));
      const runs = [await create('d', newRun('r0', T0)), await create('d', newRun('r1', T0 + DAY, { state: 'queued' }))];
      const [run, queued] = runs as [DagRun, DagRun];
      await commit(runCommit(run, { changes: [start(await instance(run, 'a'), 'w', T0)] }));
      await commit(runCommit(await read(run), { changes: [failForRetry(await instance(run, 'a'), T0)] }));
      await commit(
        runCommit(await read(run), {
          changes: [dispatch(await instance(run, 'a'), T0), change(await instance(run, 'b'), ['upstream_failed'])],
        }),
      );
      await store.attempts.claimQueued('w', ['default'], 5, T0);
      await commit(
        runCommit(await read(run), {
          changes: [succeed(await instance(run, 'a'), T0)],
          insertions: [{ row: { ...(await instance(run, 'b')), mapIndex: 3, state: 'skipped' }, path: ['skipped'] }],
        }),
      );
      await store.scheduling.planDueDags(T0 + 2 * DAY, 5, () => ({ ...NOTHING, startRuns: [queued.id] }));
      await commit(endRun(await read(run), 'failed', T0));
      const folded = new Map<string, string>();
      for (const event of await harness.events()) {
        const key = `${event.entity} ${event.entityId}`;
        const before = folded.get(key) ?? (event.entity === 'task_instance' ? 'none' : null);
        expect(event.from).toBe(before);
        folded.set(key, event.to);
      }
      const current = new Map<string, string>();
      for (const row of await store.runs.listTaskInstances(runs.map(({ id }) => id)))
        if (row.state !== 'none') current.set(`task_instance ${row.id}`, row.state);
      for (const row of await store.runs.listRuns({})) current.set(`dag_run ${row.id}`, row.state);
      expect(new Map([...folded].sort())).toEqual(new Map([...current].sort()));
      expect([...current.values()].sort()).toEqual(['failed', 'running', 'skipped', 'success', 'upstream_failed']);
    });
  });

  function backfill(dagId: string) {
    return {
      dagId,
      fromDate: T0,
      toDate: T0 + 5 * DAY,
      maxActiveRuns: 2,
      conf: { a: 1 },
      reprocessBehavior: 'none',
      runBackwards: false,
      isPaused: false,
      expectedRuns: 3,
    } as const;
  }
}
