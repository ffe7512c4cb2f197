import { dag, defineDag, task, type Ref, type Skipped, type Wired } from 'airflow-like';

/** Compiles only when both types are the same. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(..._proof: Equal<A, B> extends true ? [] : ['the types differ', A, B]): void {}

@dag()
export class Choices {
  @task() async size(): Promise<'big' | 'small'> {
    return 'big';
  }
  @task() async ready(): Promise<boolean> {
    return true;
  }
  @task() async level(): Promise<1 | 2> {
    return 1;
  }
  @task() async found(): Promise<{ path: string } | null> {
    return null;
  }
  @task() async sum(rows: number[]): Promise<number> {
    return rows.length;
  }
  @task() async read(file: { path: string }): Promise<string> {
    return file.path;
  }
  @task({ triggerRule: 'none_failed_min_one_success' }) async join(a: number | undefined, b?: number | Skipped): Promise<void> {
    void [a, b];
  }

  wire(t: Wired<Choices>) {
    const chosen = t.choose(t.size(), { big: () => t.sum([1]), small: () => t.sum.as('skim')([2]) });
    same<typeof chosen, { readonly big: Ref<number | undefined>; readonly small: Ref<number | undefined> }>();
    t.join(chosen.big, chosen.small);
    t.choose.as('by_readiness')(t.ready(), { true: () => undefined, false: () => t.sum.as('wait')([3]) });
    t.choose(t.level(), { 1: () => undefined, 2: () => t.group('two', (g) => g.sum([4])) });
    const text = t.when(t.found(), (file) => {
      same<typeof file, Ref<{ path: string }>>();
      return t.read(file);
    });
    same<typeof text, Ref<string | undefined>>();
    const both = t.when.as('both')(t.ready(), () => ({ a: t.sum.as('a')([5]), b: 1 }));
    same<typeof both, { readonly a: Ref<number | undefined>; readonly b: 1 | number }>();
    t.sum.as('total')([chosen.big.orElse(0), chosen.small.orElse(0)]);
  }
}

export const functions = defineDag('functions', {}, (d) => {
  const size = d.task('size', (): 'big' | 'small' => 'big')();
  d.choose(size, { big: () => undefined, small: () => undefined });
  d.when(size, (value) => d.task('use', (s: string) => s)(value));
});
