import type { InputSpec, TaskSpec } from '../model/dag-spec.js';
import { AirflowLikeError } from '../model/errors.js';
import type { CheckedTask } from './check-task-options.js';
import { describeIssues, type StandardSchema } from './standard-schema.js';

/**
 * Calls a task between the checks of its `input` and `output` schemas; without schemas it is just the call. A schema that transforms
 * replaces the value.
 * @throws AirflowLikeError D104 (as a rejection) when a value does not fit.
 */
export function callWithSchemas(
  task: TaskSpec,
  schemas: Pick<CheckedTask, 'input' | 'output'>,
  args: readonly unknown[],
  call: (args: readonly unknown[]) => unknown,
): unknown {
  const { input, output } = schemas;
  if (!input && !output) return call(args);
  return callChecked(task, input, output, args, call);
}

async function callChecked(
  task: TaskSpec,
  input: StandardSchema | null,
  output: StandardSchema | null,
  args: readonly unknown[],
  call: (args: readonly unknown[]) => unknown,
): Promise<unknown> {
  const first = input ? await fit(input, args[0], `tasks.${task.taskId}.input`, `input${producerOf(task)}`) : args[0];
  const result = await call(input ? [first, ...args.slice(1)] : args);
  return output ? fit(output, result, `tasks.${task.taskId}.output`, 'output') : result;
}

async function fit(schema: StandardSchema, value: unknown, place: string, what: string): Promise<unknown> {
  const result = await schema['~standard'].validate(value);
  if (!result.issues) return result.value;
  throw new AirflowLikeError('D104', {
    place,
    message: `the ${what} does not fit its schema: ${describeIssues(result.issues)}`,
    value,
  });
}

/** Which task the first argument came from, for the message. */
function producerOf(task: TaskSpec): string {
  const source: InputSpec | undefined = task.inputs[0]?.kind === 'element' ? task.map?.sources[0] : task.inputs[0];
  return source?.kind === 'ref' ? ` (from task "${source.taskId}")` : '';
}
