/** A copy of a mapped task that works through several elements: one call of the author's code after the other. */
import type { TaskSpec } from '../../model/dag-spec.js';
import type { AttemptEnvironment } from './run-attempt.js';
import { describeThrown, isNamed } from './task-error.js';

/** Whether the copies of `task` get lists of elements. */
export function isChunked({ map }: TaskSpec): boolean {
  return (map?.chunk ?? 1) > 1;
}

/** The arguments of each call, from those of the copy, in which the list of its elements stands in place of each element. */
export function callsOf(task: TaskSpec, args: readonly unknown[]): readonly (readonly unknown[])[] {
  const isElement = task.inputs.map(({ kind }) => kind === 'element');
  const elements = args[isElement.indexOf(true)] as readonly unknown[];
  return elements.map((_element, index) =>
    args.map((arg, position) => (isElement[position] ? (arg as readonly unknown[])[index] : arg)),
  );
}

/**
 * What the calls returned, in the order of the elements. As with single copies, an element for which nothing is returned, or which is skipped, leaves
 * nothing in the list; the copy is skipped when all its elements are. The first error ends the copy.
 */
export async function runChunk(
  task: TaskSpec,
  args: readonly unknown[],
  call: (args: readonly unknown[]) => unknown,
  { log, signal }: Pick<AttemptEnvironment, 'log' | 'signal'>,
): Promise<readonly unknown[]> {
  const calls = callsOf(task, args);
  const results: unknown[] = [];
  const skips: unknown[] = [];
  for (const [index, values] of calls.entries()) {
    signal.throwIfAborted();
    try {
      const result = await call(values);
      if (result !== undefined && result !== null) results.push(result);
    } catch (thrown) {
      const name = `element ${index + 1} of ${calls.length}`;
      if (!isNamed(thrown, 'SkipTask')) {
        log.write('error', 'system', `${name} of this copy failed`);
        throw thrown;
      }
      log.write('info', 'system', `${name} of this copy is skipped: ${describeThrown(thrown).message}`);
      skips.push(thrown);
    }
  }
  if (skips.length > 0 && skips.length === calls.length) throw skips[0];
  return results;
}
