import { dag, defineDag, empty, task, type Wired } from 'airflow-like';

@dag()
export class Kinds {
  // expect: 'triggerRule' does not exist
  @task.teardown({ triggerRule: 'all_done' }) drop(): void {}
  // expect: 'onFailureFailDagrun' does not exist
  @task({ onFailureFailDagrun: true }) make(): void {}
  // expect: \"bgi\" is not a task of this class; for an id given with .as() or a group, return a string
  @task.branch() async pick(): Promise<'bgi' | 'small'> {
    return 'small';
  }
  // expect: is not assignable
  @task.branch() count(): number {
    return 1;
  }
  @task() small(): number {
    return 1;
  }
  // expect: 'ignoreDownstreamRules' does not exist
  @task.shortCircuit({ ignoreDownstreamRules: false }) go(): boolean {
    return true;
  }
  // expect: Type '"later"' is not assignable
  @task({ retryPolicy: () => 'later' }) again(): void {}
  // expect: is not assignable
  @task({ retryPolicy: [{ on: Error, do: { retryIn: '5 min' } }] }) wait(): void {}
  // expect: Type '"downsteam"' is not assignable
  @task({ weightRule: 'downsteam' }) weight(): void {}
  // expect: 'command' does not exist
  nothing = empty({ command: 'true' });

  wire(t: Wired<Kinds>) {
    // expect: wiring must not be async
    t.scope(t.make(), t.drop(), async () => 1);
    // expect: Argument of type 'number' is not assignable
    t.scope(5, t.drop(), () => 1);
  }
}

export const functions = defineDag('functions', {}, (d) => {
  // expect: is not assignable
  d.branch('pick', () => 5);
});
