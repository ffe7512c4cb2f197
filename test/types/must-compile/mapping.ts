import { bash, dag, defineDag, each, task, type Group, type Ref, type Wired } from 'airflow-like';

/** Compiles only when both types are the same. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(..._proof: Equal<A, B> extends true ? [] : ['the types differ', A, B]): void {}

@dag()
export class Mapping {
  run = bash({ command: 'true' });
  @task() async days(): Promise<string[]> {
    return [];
  }
  @task() async regions(): Promise<{ id: number }[]> {
    return [];
  }
  @task() async limits(): Promise<Record<string, number>> {
    return {};
  }
  @task() async plot(day: string, region: { id: number }, rate: number, copies = 1): Promise<Date> {
    return new Date(day + region.id * rate * copies);
  }
  @task() async maybe(a: number | null, b: string | null): Promise<string> {
    return `${a}${b}`;
  }
  @task() async limit([name, count]: [string, number]): Promise<number> {
    return name.length * count;
  }
  @task({ critical: false }) async extra(): Promise<number[]> {
    return [];
  }
  @task() async report(dates: Date[], extra: readonly number[]): Promise<void> {
    void [dates, extra];
  }

  wire(t: Wired<Mapping>) {
    const [days, regions] = [t.days(), t.regions()];
    const plots = t.plot.map(days, { id: 1 }, 2, 3, { concurrency: 20, chunk: 50, allowFailures: '1%', name: '{{ day }}' });
    same<typeof plots, Ref<Date[]>>();
    t.plot.as('without_copies').map(days, { id: 1 }, 2, undefined, { allowFailures: 3 });
    t.plot.as('zip').mapZip(days, regions, 1, 2, { concurrency: 2, name: (day) => day.slice(5) });
    const all = t.plot.as('all').mapProduct(['a', 'b'], regions, each([1, 2, 3]));
    same<typeof all, Ref<Date[]>>();
    t.maybe.mapZip([1, 2], ['a'], { fill: null });
    t.limit.map(t.limits(), { chunk: 2 });
    t.run.map(['a', 'b'], 'shared', { concurrency: 1 });
    t.report(plots, t.extra().orElse([]));
    const defaulted = t.extra.as('again')().orElse('none');
    same<typeof defaulted, Ref<string | number[]>>();

    const group = t.group.map(
      'each_region',
      regions,
      (g, region) => {
        same<typeof region, Ref<{ id: number }>>();
        return { plot: g.plot('today', region, 1).as('inside'), name: 'x' };
      },
      { retries: 2, concurrency: 3, allowFailures: '10%', name: '{{ region.id }}' },
    );
    same<typeof group, Group<{ plot: Ref<Date[]>; name: string }>>();
    t.report.as('of_group')(group.result.plot, []);
    t.group.map('limits_by_name', { a: 1, b: 2 }, (g, entry) => g.limit(entry).as('one'));
    t.group.mapZip('pairs', days, [1, 2], (g, day, rate) => g.plot(day, { id: 1 }, rate).as('pair'));
    t.group.mapProduct('combinations', days, regions, (g, day, region) => g.plot(day, region, 1).as('combination'));
  }
}

export const functions = defineDag('functions', {}, (d) => {
  const add = d.task('add', (a: number, b: number) => a + b);
  const sums = add.mapProduct([1, 2], [3, 4], { concurrency: 1 });
  same<typeof sums, Ref<number[]>>();
  d.group.map('g', sums, (g, sum) => g.task('twice', (n: number) => n * 2)(sum));
});
