/** A copy of a mapped task that works through several elements: one call of the author's code after the other. */
import type { TaskSpec } from '../../model/dag-spec.js';
import type { AttemptEnvironment } from './run-attempt.js';
import { describeThrown, isNamed } from './task-error.js';

/** Whether the copies of `task` get lists of elements. */
export function isChunked({ map }: TaskSpec): boolean {
  return (map?.chunk ?? 1) > 1;
}

/**
 * What the calls returned, in the order of the elements. As with single copies, an element for which nothing is returned, or which is skipped, leaves
 * nothing in the list; the copy is skipped when all its elements are. The first error ends the copy.
 * @param args As the task takes them, with the list of elements in place of each element.
 */
export async function runChunk(
  task: TaskSpec,
  args: readonly unknown[],
  call: (args: readonly unknown[]) => unknown,
  { log, signal }: Pick<AttemptEnvironment, 'log' | 'signal'>,
): Promise<readonly unknown[]> {
  const isElement = task.inputs.map(({ kind }) => kind === 'element');
  const elements = args[isElement.indexOf(true)] as readonly unknown[];
  const results: unknown[] = [];
  const skips: unknown[] = [];
  for (let index = 0; index < elements.length; index++) {
    signal.throwIfAborted();
    try {
      const result = await call(args.map((arg, position) => (isElement[position] ? (arg as readonly unknown[])[index] : arg)));
      if (result !== undefined && result !== null) results.push(result);
    } catch (thrown) {
      const name = `element ${index + 1} of ${elements.length}`;
      if (!isNamed(thrown, 'SkipTask')) {
        log.write('error', 'system', `${name} of this copy failed`);
        throw thrown;
      }
      log.write('info', 'system', `${name} of this copy is skipped: ${describeThrown(thrown).message}`);
      skips.push(thrown);
    }
  }
  if (skips.length > 0 && skips.length === elements.length) throw skips[0];
  return results;
}
