/** The DAG files of the workloads, as source text. */

export interface ChainOptions {
  readonly className: string;
  readonly tasks: number;
  /** Text of the `@dag` options. */
  readonly options: string;
}

/** Tasks `t0 >> t1 >> ...` that do nothing. */
export function chainDag({ className, tasks, options }: ChainOptions): string {
  const names = Array.from({ length: tasks }, (_, index) => `t${index}`);
  return [
    "import { dag, task, type Wired } from 'airflow-like';",
    '',
    `@dag(${options})`,
    `export class ${className} {`,
    ...names.map((name) => `  @task() async ${name}(): Promise<number> { return 1; }`),
    `  wire(t: Wired<${className}>) {`,
    `    let last = t.${names[0]}();`,
    ...names.slice(1).map((name) => `    last = t.${name}().after(last);`),
    '  }',
    '}',
    '',
  ].join('\n');
}

/** `tasks` tasks without edges that do nothing. */
export function flatDag({ className, tasks, options }: ChainOptions): string {
  const names = Array.from({ length: tasks }, (_, index) => `t${index}`);
  return [
    "import { dag, task, type Wired } from 'airflow-like';",
    '',
    `@dag(${options})`,
    `export class ${className} {`,
    ...names.map((name) => `  @task() async ${name}(): Promise<number> { return 1; }`),
    `  wire(t: Wired<${className}>) {`,
    ...names.map((name) => `    t.${name}();`),
    '  }',
    '}',
    '',
  ].join('\n');
}

/** About 100 lines, ten tasks in a chain whose values travel: the file of W5. `extra` adds a task, which makes a new version. */
export function pipelineDag(className: string, extra: number): string {
  const steps = Array.from({ length: 10 + extra }, (_, index) => `step${index}`);
  return [
    "import { dag, task, context, type Wired } from 'airflow-like';",
    '',
    'interface Batch {',
    '  readonly rows: number;',
    '  readonly label: string;',
    '}',
    '',
    `@dag({ schedule: null, tags: ['bench'], defaultArgs: { retries: 1, retryDelay: '10s' } })`,
    `export class ${className} {`,
    ...steps.flatMap((name, index) => [
      `  /** Step ${index} of the chain. */`,
      '  @task()',
      `  async ${name}(${index === 0 ? '' : 'batch: Batch'}): Promise<Batch> {`,
      `    const rows = ${index === 0 ? '0' : 'batch.rows'} + ${index};`,
      '    const { runId } = context();',
      "    if (rows < 0) throw new Error('rows must not be negative');",
      `    return { rows, label: \`\${runId} ${name}\` };`,
      '  }',
    ]),
    `  wire(t: Wired<${className}>) {`,
    `    ${steps.reduce((inner, name) => (inner === '' ? `t.${name}()` : `t.${name}(${inner})`), '')};`,
    '  }',
    '}',
    '',
  ].join('\n');
}
