import { dag, defineDag, empty, latestOnly, task, type Ref, type RetryPolicy, type Wired } from 'airflow-like';

class Throttled extends Error {}
const policy: RetryPolicy = [
  { on: Throttled, do: { retryIn: '1m30s' } },
  { on: 'ECONNRESET', do: 'retry' },
  { on: /quota/i, do: 'fail' },
];

@dag({ schedule: '@daily', startDate: '2024-01-01', failFast: true, defaultArgs: { retryPolicy: policy, weightRule: 'absolute' } })
export class Kinds {
  newest = latestOnly();
  join = empty({ triggerRule: 'none_failed_min_one_success' });

  @task.setup({ retries: 2 }) async make(): Promise<{ id: string }> {
    return { id: 'x' };
  }
  @task.teardown({ onFailureFailDagrun: true, retries: 1 }) async drop(cluster: { id: string }): Promise<void> {
    void cluster;
  }
  @task.branch() async pick(): Promise<'big' | 'small' | null> {
    return null;
  }
  @task.branch({ retries: 1 }) several(): ('big' | 'small')[] {
    return ['big'];
  }
  @task.branch() unknown(): string {
    return 'renamed';
  }
  @task.branch() grouped(): 'staging.load' | `load_${string}` {
    return 'staging.load';
  }
  @task.shortCircuit({ ignoreDownstreamTriggerRules: false }) worthwhile(): boolean {
    return true;
  }
  @task({
    critical: false,
    retryPolicy: (error, { tryNumber, maxTries }) =>
      error instanceof Throttled && tryNumber < maxTries ? { retryIn: '5m' } : 'fail',
  })
  big(): number {
    return 1;
  }
  @task({ startDate: '2024-02-01', endDate: new Date(), doXcomPush: false, retryPolicy: null }) small(): number {
    return 1;
  }

  wire(t: Wired<Kinds>) {
    const cluster = t.make().after(t.newest(), t.worthwhile());
    const size: Ref<number> = t.scope(cluster, [t.drop(cluster)], () =>
      t.big().after(t.pick(), t.several(), t.unknown(), t.grouped()),
    );
    t.join().after(size, t.small());
  }
}

export const functions = defineDag('functions', {}, (d) => {
  const made = d.setup('make', () => 1)();
  d.scope(made, d.teardown('drop', { onFailureFailDagrun: true }, (n: number) => n)(made), () => {
    d.branch('pick', { retries: 1 }, () => ['one'])();
    d.shortCircuit('go', { ignoreDownstreamTriggerRules: false }, () => true)();
  });
});
