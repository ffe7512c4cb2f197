import { hostname } from 'node:os';
import type { ComponentStore } from '../ports/store.js';

/**
 * Declares the components of this machine whose process is gone as stopped, so that what a `kill -9` left behind is taken over at once
 * and not only when its lease ends.
 */
export async function reapComponents(components: ComponentStore): Promise<void> {
  for (const component of await components.list()) {
    if (component.stoppedAt !== null || component.hostname !== hostname() || component.pid === process.pid) continue;
    if (!isAlive(component.pid)) await components.stopped(component.id);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
