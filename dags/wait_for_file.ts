/**
 * A sensor that gives its worker slot back between looks, and a task that fails once on purpose to show how a retry looks.
 * Let it go on with: mkdir -p inbox && echo go > inbox/go.txt
 */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { context, dag, task, type Wired } from 'airflow-like';

@dag({ schedule: '@once', startDate: '2024-01-01', tags: ['example', 'sensor'] })
export class WaitForFile {
  @task.sensor({ pokeInterval: '2s', timeout: '7d', mode: 'reschedule' })
  async landed(): Promise<boolean> {
    return access(inboxFile()).then(
      () => true,
      () => false,
    );
  }

  @task({ retries: 3, retryDelay: '1s', retryExponentialBackoff: true, maxRetryDelay: '10s' })
  async load(): Promise<string> {
    const { tryNumber } = context();
    if (tryNumber === 1) throw new Error('failing on purpose: the first try always does, the retry goes through');
    const text = (await readFile(inboxFile(), 'utf8')).trim();
    console.log(`try ${tryNumber} read "${text}"`);
    return text;
  }

  wire(t: Wired<WaitForFile>) {
    t.load().after(t.landed());
  }
}

function inboxFile(): string {
  const { inbox } = context().conf;
  return join(typeof inbox === 'string' ? inbox : join(process.cwd(), 'inbox'), 'go.txt');
}
