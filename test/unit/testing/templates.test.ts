/** Templates and XComs as an author meets them: through the sdk, the scheduler, the memory store and the worker's code. */
import { describe, expect, it } from '@jest/globals';
import { bash, context, defineDag, operator, type DagBuilder, type Templated } from '../../../src/sdk/index.js';
import { day, testDag } from '../../../src/testing/index.js';

const daily = (wire: (d: DagBuilder) => void) => defineDag('daily_sales', { schedule: '@daily', startDate: '2026-01-01' }, wire);

interface ShowOptions {
  readonly value: Templated<unknown>;
  readonly note?: string;
}
/** Hands on the field as it got it. */
const show = operator<ShowOptions, unknown, readonly unknown[], 'value'>({
  name: 'show',
  optionNames: ['value', 'note'],
  templateFields: ['value'],
  execute: ({ value, note }) => [value, note ?? null],
});

async function shown(value: unknown, more: (d: DagBuilder) => void = () => undefined): Promise<unknown> {
  const dag = daily((d) => {
    more(d);
    d.operator('show', show({ value }))();
  });
  const run = await testDag(dag, { dataInterval: day('2026-01-10'), params: { n: 3, text: '{{ ds }}' } });
  const task = run.task('show');
  if (task.error) throw new Error(task.error.message);
  expect(task.rendered).toEqual({ value: (task.output as readonly unknown[])[0] });
  return (task.output as readonly unknown[])[0];
}

describe('fields of operators', () => {
  it('are rendered with what the run knows', async () => {
    expect(await shown('{{ ds }} {{ dag.dag_id }}.{{ ti.task_id }} {{ params.n + 1 }} {{ test_mode }}')).toBe(
      '2026-01-10 daily_sales.show 4 true',
    );
  });

  it('inside lists and objects; other values and texts of the run stay as they are', async () => {
    expect(await shown({ list: ['{{ ds_nodash }}', 7], deep: { '{{ ds }}': '{{ params.text }}' }, no: null })).toEqual({
      list: ['20260110', 7],
      deep: { '{{ ds }}': '{{ ds }}' },
      no: null,
    });
  });

  it('may be functions of the context, whose answer is taken as it is', async () => {
    expect(await shown(({ params }: { params: { n: number } }) => Promise.resolve(`{{ ${params.n} }}`))).toBe('{{ 3 }}');
  });

  it('that are not declared as templates stay as they are', async () => {
    const run = await testDag(daily((d) => void d.operator('show', show({ value: 1, note: '{{ ds }}' }))()));
    expect(run.task('show').output).toEqual([1, '{{ ds }}']);
  });

  it('bash: command and env', async () => {
    const run = await testDag(
      daily((d) => void d.operator('say', bash({ command: 'echo "$DAY {{ ts_nodash }}"\n', env: { DAY: '{{ ds }}' } }))()),
      { dataInterval: day('2026-01-10') },
    );
    expect(run.task('say')).toMatchObject({
      output: '2026-01-10 20260110T000000',
      rendered: { command: 'echo "$DAY 20260110T000000"', env: { DAY: '2026-01-10' } },
    });
  });

  it.each([
    ['{{ ds | uper }}', 'TEMPLATE_ERROR: field value 1:9: unknown filter "uper"; did you mean upper?'],
    ['{{ ds ', 'TEMPLATE_ERROR: field value 1:1: "{{" is never closed'],
    [{ a: [{ b: '{{ params.m }}' }] }, 'TEMPLATE_ERROR: field value.a[0].b 1:11: "params" has no "m"; did you mean n?'],
    ['{{ var.value.bucket }}', 'TEMPLATE_ERROR: field value 1:14: "var.value" has no "bucket"'],
    ['{{ conn.db.host }}', 'TEMPLATE_ERROR: field value 1:9: "conn" has no "db"'],
  ])('fail the task by name: %j', async (value, message) => {
    await expect(shown(value)).rejects.toThrow(message);
  });

  it('that contain themselves fail the task', async () => {
    const value: Record<string, unknown> = {};
    value['self'] = [value];
    await expect(shown(value)).rejects.toThrow('TEMPLATE_ERROR: field value.self[0]: this value contains itself');
  });
});

it('names copies of mapped tasks by a template', async () => {
  const run = await testDag(
    daily((d) => {
      const options = { mapIndexTemplate: '{{ inputs[0].name | upper }}-{{ ti.map_index }}' };
      d.task('load', options, ({ name }: { name: string }) => name).map([{ name: 'a' }, { name: 'b' }]);
      d.operator('show', show({ value: '{{ inputs[0] }}' })).map(['x', 'y']);
    }),
  );
  expect(run.task('load').instances.map(({ mapLabel }) => mapLabel)).toEqual(['A-0', 'B-1']);
  expect(run.task('show').instances.map(({ rendered }) => rendered)).toEqual([{ value: 'x' }, { value: 'y' }]);
});

describe('XComs', () => {
  it('are pulled by templates and by context()', async () => {
    const run = await testDag(
      daily((d) => {
        const one = d.task('one', async () => {
          await context().xcom.push('key', { rows: [1, 2] });
          return 'first';
        })();
        const many = d.task('many', (n: number) => n * 10).map([1, 2, 3]);
        d.operator(
          'show',
          show({
            value:
              "{{ ti.xcom_pull(task_ids=['one', 'many'], map_indexes=[-1, 1], default='-') }} {{ ti.xcom_pull('one', key='key').rows[1] }}",
          }),
        )().after(one, many);
        d.task('pull', async () => {
          const { xcom, render } = context();
          return [
            await xcom.pull('one'),
            await xcom.pull('many'),
            await xcom.pull('many', { mapIndex: 2 }),
            await xcom.pull(['one', 'none'], { default: 0 }),
            (await xcom.pull('none')) === undefined,
            await render('{{ ds }} {{ ti.xcom_pull("one") }}'),
          ];
        })().after(one, many);
      }),
      { dataInterval: day('2026-01-10') },
    );
    expect(run.task('show').rendered).toEqual({ value: '["first","-","-",20] 2' });
    expect(run.task('pull').output).toEqual(['first', [10, 20, 30], 30, ['first', 0], true, '2026-01-10 first']);
  });

  it('several outputs are pulled one by one', async () => {
    const run = await testDag(
      daily((d) => {
        const parts = d.task('parts', { multipleOutputs: true }, () => ({ a: 1, b: [2] }))();
        d.operator('show', show({ value: "{{ ti.xcom_pull('parts', key='b')[0] }} {{ ti.xcom_pull('parts').a }}" }))().after(parts);
      }),
    );
    expect(run.task('show').rendered).toEqual({ value: '2 1' });
  });

  it('pitfall 14: those of a failed try are there until the next one starts', async () => {
    const run = await testDag(
      daily((d) => {
        d.task('twice', { retries: 1, retryDelay: '10m' }, async () => {
          const { xcom, tryNumber } = context();
          const before = await xcom.pull('twice', { key: 'k' });
          await xcom.push('k', tryNumber);
          if (tryNumber === 1) throw new Error('once more');
          return before === undefined;
        })();
        d.task('beside', { retries: 1, retryDelay: '5m' }, async () => {
          const { xcom, tryNumber } = context();
          if (tryNumber === 1) throw new Error('once more');
          return xcom.pull('twice', { key: 'k' });
        })();
      }),
    );
    await run.advance('30m');
    expect(run.task('beside').output).toBe(1);
    expect(run.task('twice').output).toBe(true);
  });

  it('pitfall 15: those of one look of a rescheduling sensor are gone at the next', async () => {
    const run = await testDag(
      daily((d) => {
        d.sensor('wait', { mode: 'reschedule', pokeInterval: '1m', timeout: '1h' }, async () => {
          const { xcom, pokeNumber } = context();
          const before = await xcom.pull('wait', { key: 'k' });
          await xcom.push('k', pokeNumber);
          if (before !== undefined) throw new Error(`found what look ${String(before)} left`);
          return pokeNumber === 3;
        })();
      }),
    );
    await run.advance('5m');
    expect(run.task('wait')).toMatchObject({ state: 'success', error: null });
  });
});

it('context().previousSuccess gives null where there is no run before', async () => {
  const run = await testDag(daily((d) => void d.task('look', () => context().previousSuccess())()));
  expect(run.task('look')).toMatchObject({ state: 'success', output: undefined });
});
