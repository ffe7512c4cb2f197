import { dag, task, type Wired } from 'airflow-like';

@dag()
export class Choices {
  @task() async size(): Promise<'big' | 'small'> {
    return 'big';
  }
  @task() async text(): Promise<string> {
    return 'big';
  }
  @task() async found(): Promise<number | null> {
    return null;
  }
  @task() async use(n: number): Promise<number> {
    return n;
  }

  wire(t: Wired<Choices>) {
    // expect: Property 'small' is missing in type
    t.choose(t.size(), { big: () => t.use(1) });
    // expect: Type '() => Ref<number>' is not assignable to type '"the task never returns this"'
    t.choose(t.size(), { big: () => t.use(1), small: () => t.use(2), huge: () => t.use(3) });
    // expect: a text can have any value: let the task return a union such as
    t.choose(t.text(), { big: () => t.use(1) });
    // expect: Argument of type '"big"' is not assignable to parameter of type 'Ref<
    t.choose('big', { big: () => t.use(1) });
    // expect: wiring must not be async
    t.choose(t.size(), { big: async () => t.use(1), small: () => t.use(2) });
    const chosen = t.choose(t.size(), { big: () => t.use(1), small: () => t.use(2) });
    // expect: Argument of type 'Ref<number | undefined>' is not assignable to parameter of type 'number | Ref<number>'
    t.use(chosen.big);
    const seen = t.when(t.found(), (n) => t.use(n));
    // expect: Argument of type 'Ref<number | undefined>' is not assignable to parameter of type 'number | Ref<number>'
    t.use(seen);
    // expect: wiring must not be async
    t.when(t.found(), async (n) => t.use(n));
    // expect: Argument of type 'Ref<number | undefined>' is not assignable to parameter of type 'number | Ref<number>'
    t.use(t.found());
  }
}
