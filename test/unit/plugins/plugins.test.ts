import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { definePlugin, type PluginDefinition, type Timetable } from '../../../src/plugins/index.js';
import { inNode } from '../loading/in-node.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

const never: Timetable = {
  next: () => null,
  inferManualInterval: (at) => ({ start: at, end: at }),
  summary: 'never',
  periodic: false,
};

describe('definePlugin', () => {
  it('fills in what a plugin leaves out', () => {
    expect(definePlugin({ name: 'one' })).toMatchObject({ name: 'one', operators: {}, timetables: {} });
  });

  it.each<[string, PluginDefinition, object]>([
    ['a name', { name: 'no spaces please' }, { code: 'ID_INVALID' }],
    ['an unknown field', { name: 'a', timetable: {} } as never, { code: 'PLUGIN_INVALID', details: { suggestion: 'timetables' } }],
    [
      'an operator',
      { name: 'a', operators: { x: 1 as never } },
      { code: 'PLUGIN_INVALID', details: { place: 'plugin a: operators.x' } },
    ],
    [
      'a timetable without next',
      { name: 'a', timetables: { x: { ...never, next: undefined as never } } },
      { code: 'PLUGIN_INVALID' },
    ],
    [
      'a timetable without summary',
      { name: 'a', timetables: { x: { ...never, summary: undefined as never } } },
      { code: 'PLUGIN_INVALID' },
    ],
    ['the name of a timetable', { name: 'a', timetables: { 'a b': never } }, { code: 'ID_INVALID' }],
  ])('refuses %s that cannot be right', (_name, definition, expected) => {
    let thrown: unknown;
    try {
      definePlugin(definition);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject(expected);
  });
});

describe('loadPlugins', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plugins-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const loaded = async (path: string): Promise<{ plugins: string[]; timetables: string[]; problems: unknown[] }> =>
    (await inNode(`
      const { plugins, timetables, problems } = await (await load('plugins/load-plugins.js')).loadPlugins(${JSON.stringify(path)});
      answer({
        plugins: plugins.map(({ plugin, file }) => plugin.name + ' ' + file),
        timetables: [...timetables.keys()],
        problems: problems.map(({ code, file, line, message }) => [code, file, line, message]),
      });`)) as never;

  it('loads the samples of this repository', async () => {
    expect(await loaded(join(ROOT, 'plugins'))).toEqual({
      plugins: ['business-days business-days.ts', 'checksum checksum.ts'],
      timetables: ['business_days'],
      problems: [],
    });
  });

  it('is content without a folder', async () => {
    expect(await loaded(join(folder, 'nothing'))).toEqual({ plugins: [], timetables: [], problems: [] });
  });

  it('isolates each mistake in its own file', async () => {
    const write = (name: string, content: string): void => writeFileSync(join(folder, name), content);
    const timetable =
      '{ next: () => null, inferManualInterval: (at: number) => ({ start: at, end: at }), summary: "", periodic: false }';
    const plugin = (name: string): string =>
      `import { definePlugin } from 'airflow-like/plugin';\nexport default definePlugin({ name: '${name}', timetables: { ${name}: ${timetable} } });\n`;
    mkdirSync(join(folder, 'lib'));
    write('lib/not-a-plugin.ts', 'throw new Error("only files directly in the folder are plugins");');
    write('a-good.ts', plugin('good'));
    write('b-same-name.ts', plugin('good'));
    write('c-same-timetable.ts', plugin('other').replace('other:', 'good:'));
    write('d-syntax.ts', 'export const = 1;\n');
    write('e-throws.ts', 'export {};\nthrow new Error("no");\n');
    write(
      'f-invalid.ts',
      "import { definePlugin } from 'airflow-like/plugin';\n\ndefinePlugin({ name: 'f', operators: { x: 1 } } as never);\n",
    );
    write('g-only-code.ts', 'export const helper = 1;\n');
    write('z-good.ts', plugin('last'));
    const { plugins, timetables, problems } = await loaded(folder);
    expect(plugins).toEqual(['good a-good.ts', 'last z-good.ts']);
    expect(timetables).toEqual(['good', 'last']);
    expect(problems).toEqual([
      ['PLUGIN_INVALID', 'b-same-name.ts', null, 'the plugin "good" is already defined in a-good.ts'],
      ['PLUGIN_INVALID', 'c-same-timetable.ts', null, 'the timetable "good" is already registered by another plugin'],
      ['PLUGIN_INVALID', 'd-syntax.ts', 1, expect.stringMatching(/^IMPORT_ERROR: /)],
      ['PLUGIN_INVALID', 'e-throws.ts', 2, 'IMPORT_ERROR: Error: no'],
      ['PLUGIN_INVALID', 'f-invalid.ts', 3, expect.stringMatching(/operators\.x: this is not a kind of operator/)],
    ]);
  });
});

describe('the samples', () => {
  const timetable = (body: string): Promise<unknown> =>
    inNode(`
      const { timetables } = await (await load('plugins/load-plugins.js')).loadPlugins(${JSON.stringify(join(ROOT, 'plugins'))});
      const at = (text) => Date.parse(text + 'T00:00:00Z');
      const day = (run) => run && new Date(run.logicalDate).toISOString().slice(0, 10);
      const open = (earliest, catchup = true, latest = null) => ({ earliest: at(earliest), latest, catchup });
      const plain = timetables.get('business_days');
      ${body}`);

  it('runs on workdays that are no holidays, each once its day is over', async () => {
    const body = `
      const christmas = plain.configure({ holidays: ['2026-12-25', '2026-12-28'] });
      const first = christmas.next(null, open('2026-12-24'), at('2027-01-10'));
      const second = christmas.next(first.dataInterval, open('2026-12-24'), at('2027-01-10'));
      answer([day(first), day(second), second.runAfter === at('2026-12-30'), second.dataInterval.end === second.runAfter]);`;
    expect(await timetable(body)).toEqual(['2026-12-24', '2026-12-29', true, true]);
  });

  it('respects catchup and the end, and gives manual runs the last workday', async () => {
    const body = `
      const manual = plain.inferManualInterval(at('2026-03-02'));
      answer([
        day(plain.next(null, open('2026-01-01', false), at('2026-03-02'))),
        day(plain.next(null, open('2026-01-03'), at('2026-03-02'))),
        plain.next(null, open('2026-03-09', true, at('2026-03-08')), at('2026-04-01')),
        plain.next(null, { earliest: null, latest: null, catchup: true }, at('2026-04-01')),
        new Date(manual.start).toISOString().slice(0, 10),
      ]);`;
    expect(await timetable(body)).toEqual(['2026-02-27', '2026-01-05', null, null, '2026-02-27']);
  });

  it('refuses what is no holiday', async () => {
    const body = `try { plain.configure({ holidays: ['soon'] }); } catch (error) { answer(error.message); }`;
    expect(await timetable(body)).toBe('holidays: "soon" is not a date such as "2026-12-25"');
  });

  it('has a checksum that runs as a task of a DAG file', async () => {
    const source = `
      import { dag, type Wired } from 'airflow-like';
      import { checksum } from '../plugins/checksum.js';
      @dag() export class Delivery {
        sum = checksum({ path: ${JSON.stringify(join(ROOT, 'package.json'))}, retries: 1 });
        wire(t: Wired<Delivery>) { t.sum(); }
      }`;
    const folder = mkdtempSync(join(tmpdir(), 'uses-plugin-'));
    mkdirSync(join(folder, 'dags'));
    mkdirSync(join(folder, 'plugins'));
    writeFileSync(join(folder, 'dags', 'delivery.ts'), source);
    writeFileSync(join(folder, 'plugins', 'checksum.ts'), readFileSync(join(ROOT, 'plugins', 'checksum.ts')));
    const answer = await inNode(
      `
      const { compileBundle } = await load('dag-processor/compile-bundle.js');
      const { evaluateBundle } = await load('loading/evaluate-bundle.js');
      const { collectDags } = await load('sdk/collect-dags.js');
      const { operatorUseOf } = await load('sdk/operator.js');
      const { bundle } = await compileBundle(process.cwd() + '/dags', 'delivery.ts', { pluginsFolder: process.cwd() + '/plugins' });
      const { dags, problems } = collectDags(await evaluateBundle(bundle, { originalRoot: process.cwd() + '/dags' }), 'delivery.ts');
      const [{ spec, createInstance }] = dags;
      answer([problems, spec.tasks.map(({ taskId, operator, retries }) => [taskId, operator, retries])]);`,
      { cwd: folder },
    );
    rmSync(folder, { recursive: true });
    expect(answer).toEqual([[], [['sum', 'checksum', 1]]]);
  });
});
