/** The words of an explanation. */
import type { Instant } from '../../model/instant.js';
import type { TaskInstanceKey } from '../../model/task-instance.js';

/** `2026-03-01T02:00:00Z`. */
export function instantText(at: Instant): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

/** `load` or `load[3]`. */
export function instanceName(taskId: string, mapIndex: number): string {
  return mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
}

/** `sales.load[3] in scheduled__2026-03-01...` */
export function holderName({ dagId, runId, taskId, mapIndex }: TaskInstanceKey): string {
  return `${dagId}.${instanceName(taskId, mapIndex)} in ${runId}`;
}

/** `1 slot`, `3 slots`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

const MOST_NAMED = 5;

/** `a, b and 3 more`. */
export function listed(names: readonly string[]): string {
  if (names.length <= MOST_NAMED) return names.join(', ');
  return `${names.slice(0, MOST_NAMED).join(', ')} and ${names.length - MOST_NAMED} more`;
}
