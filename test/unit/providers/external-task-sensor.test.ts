import { describe, expect, it } from '@jest/globals';
import type { ExternalCount, ExternalDate, ExternalQuery, ExternalStates } from '../../../src/model/external-states.js';
import { DAG_RUN_STATES, TASK_INSTANCE_STATES, type DagRunState } from '../../../src/model/states.js';
import { decideExternal } from '../../../src/providers/standard/external-task/decide.js';
import type { ExternalTaskSensorOptions } from '../../../src/providers/standard/external-task/options.js';
import { externalTaskSensor } from '../../../src/providers/standard/external-task-sensor.js';
import { runWithContext, type TaskContext } from '../../../src/sdk/context.js';
import { operatorUseOf } from '../../../src/sdk/operator.js';
import type { SensorUseOptions } from '../../../src/sdk/sensor.js';
import { isFailTask } from '../../../src/sdk/task-errors.js';

const MIDNIGHT = new Date('2024-01-02T00:00:00Z');
const HOUR_MS = 3_600_000;
const run = (state: DagRunState) => ({ runId: 'r', state });

function dateOf(patch: Partial<ExternalDate<Date>> = {}): ExternalDate<Date> {
  return { logicalDate: MIDNIGHT, run: run('running'), counts: [], before: null, after: null, ...patch };
}
const missing = (before: Date | null = null, after: Date | null = null) => dateOf({ run: null, before, after });
const count = (state: ExternalCount['state'], taskId = 'a', tasks = 1): ExternalCount => ({
  state,
  instances: tasks,
  tasks,
  taskId,
});
const tasksIn = (...counts: readonly ExternalCount[]) => dateOf({ counts });

const rules = (allowed: readonly string[] = ['success'], skipped: readonly string[] = [], failed: readonly string[] = []) => ({
  allowed: new Set(allowed),
  skipped: new Set(skipped),
  failed: new Set(failed),
});

describe('decideExternal', () => {
  const lists = ['allowed', 'skipped', 'failed', 'none'] as const;
  const verdicts = { allowed: 'done', skipped: 'skipped', failed: 'failed', none: 'waiting' } as const;
  const ruleFor = (list: (typeof lists)[number], state: string) => ({ ...rules([]), [list]: new Set([state]) });

  it.each(DAG_RUN_STATES.flatMap((state) => lists.map((list) => [state, list] as const)))(
    'a run that is %s, in list %s',
    (state, list) => {
      expect(decideExternal([dateOf({ run: run(state) })], true, ruleFor(list, state)).kind).toBe(verdicts[list]);
    },
  );

  it.each(TASK_INSTANCE_STATES.flatMap((state) => lists.map((list) => [state, list] as const)))(
    'a task that is %s, in list %s',
    (state, list) => {
      expect(decideExternal([tasksIn(count(state))], false, ruleFor(list, state)).kind).toBe(verdicts[list]);
    },
  );

  const pairs = lists.flatMap((first) => lists.map((second) => [first, second] as const));
  const strongest = (a: (typeof lists)[number], b: (typeof lists)[number]) =>
    verdicts[(['failed', 'skipped', 'none', 'allowed'] as const).find((list) => list === a || list === b)!];
  const both = rules(['success'], ['skipped'], ['failed']);
  const stateIn = { allowed: 'success', skipped: 'skipped', failed: 'failed', none: 'running' } as const;

  it.each(pairs)('two tasks of a run, one %s and one %s', (a, b) => {
    expect(decideExternal([tasksIn(count(stateIn[a]), count(stateIn[b], 'b'))], false, both).kind).toBe(strongest(a, b));
  });

  it.each(pairs)('two dates, one %s and one %s', (a, b) => {
    expect(decideExternal([tasksIn(count(stateIn[a])), tasksIn(count(stateIn[b]))], false, both).kind).toBe(strongest(a, b));
  });

  it('waits where there is no run, no task in the run, or nothing at all', () => {
    for (const isRun of [true, false]) {
      expect(decideExternal([missing()], isRun, both)).toEqual({ kind: 'waiting', dates: [missing()] });
    }
    expect(decideExternal([tasksIn()], false, both).kind).toBe('waiting');
    expect(decideExternal([tasksIn(count(null), count('success', 'b'))], false, both).kind).toBe('waiting');
  });

  it('names the dates that are open, and what decided', () => {
    const [done, open, failed] = [tasksIn(count('success')), tasksIn(count('queued')), tasksIn(count('failed', 'b'))];
    expect(decideExternal([done, open, missing()], false, both)).toEqual({ kind: 'waiting', dates: [open, missing()] });
    expect(decideExternal([done, open, failed], false, both)).toEqual({
      kind: 'failed',
      date: failed,
      standing: count('failed', 'b'),
    });
  });

  it('pitfall 65: does not take a failure for an end unless failedStates names it', () => {
    expect(decideExternal([tasksIn(count('failed'))], false, rules()).kind).toBe('waiting');
    expect(decideExternal([dateOf({ run: run('failed') })], true, rules()).kind).toBe('waiting');
  });

  it('looks at the states of tasks only where tasks are meant', () => {
    const date = dateOf({ run: run('success'), counts: [count('failed')] });
    expect(decideExternal([date], true, both).kind).toBe('done');
    expect(decideExternal([{ ...date, run: run('failed'), counts: [count('success')] }], false, both).kind).toBe('done');
  });
});

type Options = ExternalTaskSensorOptions & SensorUseOptions;
const useOf = (options: Partial<Options>) => operatorUseOf(externalTaskSensor({ externalDagId: 'x', ...options }))!;

describe('options of externalTaskSensor', () => {
  const wrong = (options: object) => () => useOf(options as Partial<Options>).checkOptions();

  it.each<[string, Partial<Options>]>([
    ['a whole run', {}],
    ['a task', { externalTaskId: 'load' }],
    ['tasks', { externalTaskIds: ['load', 'g.b'] }],
    ['a group', { externalTaskGroupId: 'g' }],
    ['templates', { externalDagId: '{{ params.dag }}', externalTaskIds: ['load_{{ ds_nodash }}'] }],
    ['functions', { externalDagId: () => 'x', externalTaskIds: () => ['a'] }],
    [
      'states of tasks',
      { externalTaskId: 'a', allowedStates: ['success', 'skipped'], failedStates: ['failed', 'upstream_failed'] },
    ],
    ['states of runs', { allowedStates: ['success', 'partial'], failedStates: ['failed'] }],
    ['success elsewhere', { allowedStates: ['failed'], failedStates: ['success'] }],
    ['a delta', { executionDelta: '1h30m' }],
    ['a function of dates', { executionDateFn: () => [MIDNIGHT] }],
    ['options of a sensor', { mode: 'reschedule', pokeInterval: '2s', timeout: '1h', softFail: true }],
  ])('takes %s', (_what, options) => {
    const use = useOf(options);
    expect(() => use.checkOptions()).not.toThrow();
    expect(use).toMatchObject({ name: 'externalTaskSensor', kind: 'sensor', unknownOptions: [] });
  });

  it.each<[string, object, string]>([
    ['no DAG', { externalDagId: undefined }, 'VALUE_TYPE: externalTaskSensor.externalDagId: this must be a text'],
    ['an id that none can be', { externalDagId: 'a b' }, 'ID_INVALID: externalTaskSensor.externalDagId: this cannot be an id'],
    ['a task id that none can be', { externalTaskIds: ['a', 'b!'] }, 'ID_INVALID: externalTaskSensor.externalTaskIds[1]'],
    [
      'a text as a list',
      { externalTaskIds: 'a' },
      'VALUE_TYPE: externalTaskSensor.externalTaskIds: this must be a list of task ids',
    ],
    ['an empty list', { externalTaskIds: [] }, 'VALUE_RANGE: externalTaskSensor.externalTaskIds: this names no task; leave it out'],
    [
      'a task and tasks',
      { externalTaskId: 'a', externalTaskIds: ['b'] },
      'externalTaskSensor: externalTaskId and externalTaskIds exclude each other; allowed: one of externalTaskId, externalTaskIds, ' +
        'externalTaskGroupId, or none of them for the whole run',
    ],
    [
      'a task and a group',
      { externalTaskId: 'a', externalTaskGroupId: 'g' },
      'externalTaskId and externalTaskGroupId exclude each other',
    ],
    [
      'a misspelt state',
      { externalTaskId: 'a', failedStates: ['upstream-failed'] },
      'UNKNOWN_NAME: externalTaskSensor.failedStates[0]: there is no such choice, got "upstream-failed"',
    ],
    [
      'a state that no task has',
      { externalTaskId: 'a', allowedStates: ['partial'] },
      'UNKNOWN_NAME: externalTaskSensor.allowedStates[0]',
    ],
    ['a state that no run has', { skippedStates: ['skipped'] }, 'UNKNOWN_NAME: externalTaskSensor.skippedStates[0]'],
    [
      'a state in two lists',
      { externalTaskId: 'a', skippedStates: ['skipped'], failedStates: ['failed', 'skipped'] },
      'VALUE_RANGE: externalTaskSensor.failedStates: a state cannot be in skippedStates and in failedStates, got "skipped"',
    ],
    [
      'the default state in another list',
      { failedStates: ['success'] },
      'externalTaskSensor.failedStates: a state cannot be in allowedStates (by default) and in failedStates, got "success"',
    ],
    ['no allowed state', { allowedStates: [] }, 'externalTaskSensor.allowedStates: without a state it could never be done'],
    [
      'a delta and a function',
      { executionDelta: '1h', executionDateFn: () => MIDNIGHT },
      'VALUE_RANGE: externalTaskSensor: executionDelta and executionDateFn exclude each other',
    ],
    ['a delta that is none', { executionDelta: '1 hour' }, 'DURATION_INVALID: externalTaskSensor.executionDelta'],
    [
      'a date in place of the function',
      { executionDateFn: MIDNIGHT },
      'VALUE_TYPE: externalTaskSensor.executionDateFn: this must be a function',
    ],
    ['a word in place of a flag', { checkExistence: 'yes' }, 'VALUE_TYPE: externalTaskSensor.checkExistence'],
  ])('refuses %s', (_what, options, message) => {
    expect(wrong(options)).toThrow(message);
  });

  it('names the nearest state, and the nearest option', () => {
    expect(wrong({ externalTaskId: 'a', failedStates: ['upstream-failed'] })).toThrow('did you mean upstream_failed?');
    expect(wrong({ allowedStates: ['sucess'] })).toThrow('did you mean success?');
    const options = { external_dag_id: 'x', allowedState: ['success'], pollInterval: '2s' } as object;
    expect(useOf(options).unknownOptions.map(({ suggestion }) => suggestion)).toEqual([
      'externalDagId',
      'allowedStates',
      'pokeInterval',
    ]);
  });
});

interface Look {
  readonly result: Promise<boolean>;
  readonly asked: readonly ExternalQuery<Date>[];
  readonly lines: readonly string[];
}

function look(options: Partial<Options>, found: Partial<ExternalStates<Date>>, logicalDate: Date | null = MIDNIGHT): Look {
  const lines: string[] = [];
  const asked: ExternalQuery<Date>[] = [];
  const log = (level: string) => (line: string) => void lines.push(`${level} ${line}`);
  const context = {
    taskId: 'wait',
    logicalDate,
    log: { info: log('info'), warn: log('warn') },
    externalStates: async (query: ExternalQuery<Date>) => {
      asked.push(query);
      return { dag: 'active', unknown: [], dates: [dateOf({ run: run('success') })], ...found };
    },
  } as unknown as TaskContext;
  const use = useOf(options);
  const rendered = Object.entries(use.templates).map(([name, value]): [string, unknown] => [
    name,
    typeof value === 'function' ? (value as (context: TaskContext) => unknown)(context) : value,
  ]);
  const result = runWithContext(context, () => use.execute([], Object.fromEntries(rendered))) as Promise<boolean>;
  return { result, asked, lines };
}

describe('a look of externalTaskSensor', () => {
  const ago = (ms: number) => new Date(MIDNIGHT.getTime() - ms);

  it.each<[string, Partial<Options>, readonly Date[]]>([
    ['its own date', {}, [MIDNIGHT]],
    ['its own date less the delta', { executionDelta: '1h30m' }, [ago(1.5 * HOUR_MS)]],
    [
      'the date of the function',
      { executionDateFn: ({ logicalDate }) => new Date(logicalDate!.getTime() + HOUR_MS) },
      [ago(-HOUR_MS)],
    ],
    ['its dates, each once', { executionDateFn: async () => [ago(HOUR_MS), MIDNIGHT, ago(HOUR_MS)] }, [ago(HOUR_MS), MIDNIGHT]],
  ])('asks for %s', async (_what, options, dates) => {
    const { result, asked } = look(options, {});
    expect(await result).toBe(true);
    expect(asked).toEqual([{ dagId: 'x', target: { kind: 'run' }, logicalDates: dates, countsRemoved: false }]);
  });

  it.each<[string, Partial<Options>, object]>([
    ['a task', { externalTaskId: 'a' }, { target: { kind: 'tasks', taskIds: ['a'] } }],
    ['tasks, each once', { externalTaskIds: () => ['b', 'a', 'b'] }, { target: { kind: 'tasks', taskIds: ['b', 'a'] } }],
    ['a group', { externalTaskGroupId: 'g' }, { target: { kind: 'group', groupId: 'g' } }],
    ['removed instances', { externalTaskId: 'a', failedStates: ['removed'] }, { countsRemoved: true }],
    ['the DAG of a function', { externalDagId: () => 'y' }, { dagId: 'y' }],
  ])('asks for %s', async (_what, options, query) => {
    const { result, asked } = look(options, { dates: [dateOf({ run: run('success'), counts: [count('success')] })] });
    await result;
    expect(asked).toMatchObject([query]);
  });

  it('pitfall 65: fails at once, for good and under its code, without a logical date, unless it is told what to look for', async () => {
    const { result, asked } = look({ executionDelta: '1h' }, {}, null);
    const error = await result.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'LOGICAL_DATE_MISSING', details: { place: 'tasks.wait' } });
    expect(isFailTask(error)).toBe(true);
    expect(asked).toEqual([]);
    expect(await look({ executionDateFn: () => MIDNIGHT }, {}, null).result).toBe(true);
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'it must return a date'],
    ['null', null, 'it must return a date'],
    ['a list with a gap', [MIDNIGHT, undefined], 'it must return a date'],
    ['a text', '2024-01-01', 'it must return a date'],
    ['no real date', new Date(Number.NaN), 'it must return a date'],
    ['an empty list', [], 'it returned no date'],
  ])('refuses a function of dates that returns %s', async (_what, dates, message) => {
    await expect(look({ executionDateFn: () => dates as Date }, {}).result).rejects.toThrow(
      `VALUE_TYPE: externalTaskSensor.executionDateFn: ${message}`,
    );
  });

  it('refuses tasks that a function made no list of', async () => {
    await expect(look({ externalTaskIds: () => 'a' as never }, {}).result).rejects.toThrow('this must be a list of task ids');
  });

  it('fails or, with softFail, is skipped by a failed state, and is skipped by a skipped one', async () => {
    const failed = { dates: [dateOf({ counts: [count('failed', 'load', 3)] })] };
    const options = { externalTaskGroupId: 'g', failedStates: ['failed'] } as const;
    await expect(look(options, failed).result).rejects.toThrow(
      'EXTERNAL_FAILED: tasks.wait: "load" and 2 more in run r are failed (failedStates)',
    );
    await expect(look({ ...options, softFail: true }, failed).result).rejects.toMatchObject({
      name: 'SkipTask',
      message: 'EXTERNAL_FAILED: "load" and 2 more in run r are failed (failedStates)',
    });
    await expect(look({ skippedStates: ['failed'] }, { dates: [dateOf({ run: run('failed') })] }).result).rejects.toMatchObject({
      name: 'SkipTask',
      message: 'run r is failed (skippedStates)',
    });
  });

  it.each<[string, Partial<Options>, Partial<ExternalStates<Date>>, string]>([
    ['the DAG', {}, { dag: 'missing' }, 'there is no DAG "x"'],
    ['the DAG any more', {}, { dag: 'retired' }, 'DAG "x" was deleted: no file holds it any more'],
    [
      'the task',
      { externalTaskId: 'laod' },
      { unknown: [{ id: 'laod', suggestion: 'load' }] },
      'DAG "x" has no task "laod"; did you mean "load"?',
    ],
    ['the group', { externalTaskGroupId: 'g' }, { unknown: [{ id: 'g', suggestion: null }] }, 'DAG "x" has no group "g"'],
  ])('fails with checkExistence, and warns without, where there is not %s', async (_what, options, found, message) => {
    const nothing = { ...found, dates: [missing()] };
    await expect(look({ ...options, checkExistence: true }, nothing).result).rejects.toThrow(`NOT_FOUND: tasks.wait: ${message}`);
    const { result, lines } = look(options, nothing);
    expect(await result).toBe(false);
    expect(lines).toContain(`warn ${message}`);
  });

  it('checks existence before what it finds', async () => {
    expect(await look({ checkExistence: true }, {}).result).toBe(true);
    await expect(look({ checkExistence: true }, { dag: 'retired' }).result).rejects.toThrow('NOT_FOUND');
  });

  it('pitfall 65: says what it looks for, and names the nearest runs where there is none', async () => {
    const { result, lines } = look(
      { externalTaskIds: ['a', 'b'], executionDelta: '1h' },
      { dates: [missing(ago(2 * HOUR_MS), ago(-HOUR_MS))] },
    );
    expect(await result).toBe(false);
    expect(lines).toEqual([
      'info looks for tasks "a", "b" of DAG "x" at 2024-01-01T23:00:00.000Z',
      'warn DAG "x" has no run at 2024-01-02T00:00:00.000Z; the nearest runs are at 2024-01-01T22:00:00.000Z and 2024-01-02T01:00:00.000Z. ' +
        'Only the very date counts: if the schedules differ, say by how much with executionDelta or executionDateFn',
    ]);
  });

  it.each<[string, Partial<Options>, Partial<ExternalStates<Date>>, readonly string[]]>([
    [
      'one run near it',
      {},
      { dates: [missing(ago(HOUR_MS))] },
      [
        'warn DAG "x" has no run at 2024-01-02T00:00:00.000Z; the nearest run is at 2024-01-01T23:00:00.000Z. Only the very date counts: if ' +
          'the schedules differ, say by how much with executionDelta or executionDateFn',
      ],
    ],
    [
      'a paused DAG without runs',
      {},
      { dag: 'paused', dates: [missing()] },
      ['warn DAG "x" has no run at 2024-01-02T00:00:00.000Z and is paused; it has no run with a logical date near it'],
    ],
    ['a run under way', {}, { dates: [dateOf()] }, ['info run r is running']],
    [
      'a run that ended otherwise',
      {},
      { dates: [dateOf({ run: run('partial') })] },
      [
        'warn run r is partial, which is in none of allowedStates, skippedStates and failedStates: it waits until that is cleared, or for its ' +
          'timeout',
      ],
    ],
    [
      'tasks in several states',
      { externalTaskGroupId: 'g' },
      {
        dates: [tasksIn(count(null, 'a', 2), count('up_for_retry', 'b'), count('success', 'c'), count('upstream_failed', 'd', 2))],
      },
      [
        'info run r has no task "a" and 1 more',
        'info "b" in run r is up_for_retry',
        'warn "d" and 1 more in run r are upstream_failed, which is in none of allowedStates, skippedStates and failedStates: it waits until ' +
          'that is cleared, or for its timeout',
      ],
    ],
  ])('says why it waits: %s', async (_what, options, found, expected) => {
    const { result, lines } = look(options, found);
    expect(await result).toBe(false);
    expect(lines.slice(1)).toEqual(expected);
  });

  it('names the first of many dates', async () => {
    const dates = Array.from({ length: 8 }, (_, index) => ago(-index * HOUR_MS));
    const { result, lines } = look(
      { executionDateFn: () => dates },
      { dates: dates.map((logicalDate) => dateOf({ logicalDate, run: run('queued') })) },
    );
    expect(await result).toBe(false);
    expect(lines[0]).toMatch(/ at 2024-01-02T00:00:00\.000Z, .*T04:00:00\.000Z and 3 more$/);
    expect(lines.slice(1)).toEqual([
      ...Array.from({ length: 5 }, () => 'info run r is queued'),
      'info 3 more dates are not there yet',
    ]);
  });
});
