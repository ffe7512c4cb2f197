/**
 * Trigger rules, setups, decisions, mapped groups and the state of a run, a second time: written from the specification alone, as plainly as it
 * goes, looking at everything again for every question. It shares no code with `src/core`.
 */

export type State =
  | 'none'
  | 'scheduled'
  | 'queued'
  | 'running'
  | 'success'
  | 'failed'
  | 'skipped'
  | 'upstream_failed'
  | 'removed'
  | 'up_for_retry'
  | 'up_for_reschedule'
  | 'deferred'
  | 'awaiting_input';

export interface Task {
  readonly id: string;
  readonly up: readonly string[];
  /** Those of `up` whose value it takes. */
  readonly takes: readonly string[];
  readonly rule: string;
  readonly role: 'task' | 'setup' | 'teardown';
  readonly failsRun: boolean;
  readonly critical: boolean;
  /** It looks at the run before, or has a limit of its own. */
  readonly isHeld: boolean;
  /** Its mapped group. */
  readonly group: string | null;
  /** It is mapped over the value of this task. */
  readonly mappedOver: string | null;
  /** So many of its copies may fail. */
  readonly mayFail: number;
}

export interface Instance {
  readonly task: string;
  /** -1: not mapped, or not expanded. */
  readonly index: number;
  readonly state: State;
  /** Children that it left out, when it has decided. */
  readonly leftOut: readonly string[] | null;
}

export interface World {
  readonly tasks: readonly Task[];
  readonly instances: readonly Instance[];
}

/** R ready, w wait, or the state that is forced. */
export type Answer = 'R' | 'w' | 'skipped' | 'upstream_failed' | 'removed';

const DONE: readonly State[] = ['success', 'failed', 'skipped', 'upstream_failed', 'removed'];

const isDone = (state: State): boolean => DONE.includes(state);

const taskOf = ({ tasks }: World, id: string): Task => tasks.find((task) => task.id === id)!;
const instancesOf = ({ instances }: World, id: string): Instance[] => instances.filter(({ task }) => task === id);

/** All tasks above, at any depth. */
function above(world: World, id: string): Set<string> {
  const found = new Set<string>();
  for (const parent of taskOf(world, id).up) {
    found.add(parent);
    for (const other of above(world, parent)) found.add(other);
  }
  return found;
}

const childrenOf = ({ tasks }: World, id: string): Task[] => tasks.filter(({ up }) => up.includes(id));

/** How a child sees one of its parents' instances. */
function seen(world: World, child: Task, { task, state }: Instance): State {
  const parent = taskOf(world, task);
  const isFailure = state === 'failed' || state === 'upstream_failed';
  if (!isFailure) return state;
  if (!parent.critical && parent.role !== 'setup' && !child.takes.includes(task)) return 'success';
  const sameGroup = parent.group !== null && parent.group === child.group;
  if (sameGroup || parent.mayFail === 0) return state;
  if (!losesFew(world, parent)) return state;
  return instancesOf(world, task).every((copy) => isDone(copy.state)) ? 'success' : 'running';
}

/** No more copies failed than may, and none was kept from running by something else. */
function losesFew(world: World, task: Task): boolean {
  const states = instancesOf(world, task.id).map(({ state }) => state);
  return states.filter((state) => state === 'failed').length <= task.mayFail && !states.includes('upstream_failed');
}

/** The instances of a parent that an instance looks at. */
function relevant(world: World, child: Task, index: number, parentId: string): Instance[] {
  const parent = taskOf(world, parentId);
  const all = instancesOf(world, parentId);
  const sameGroup = parent.group !== null && parent.group === child.group;
  if (!sameGroup) return all;
  if (index >= 0) return all.filter((instance) => instance.index === index || instance.index === -1);
  const looksAtAll = ['one_success', 'one_failed', 'one_done', 'none_failed_min_one_success'].includes(child.rule);
  return looksAtAll ? all : all.filter((instance) => instance.index === -1);
}

export function answerOf(world: World, { task: id, index }: Instance): Answer {
  const task = taskOf(world, id);
  let waits = false;

  // A decision of a parent.
  for (const parent of task.up) {
    const own = instancesOf(world, parent);
    const decider = own.find((instance) => instance.index === -1) ?? own.find((instance) => instance.index === index);
    if (decider?.leftOut && isDone(decider.state) && task.role !== 'teardown' && decider.leftOut.includes(id)) return 'skipped';
  }

  if (task.up.length > 0 && task.rule !== 'always') {
    // Setups above that are no parents.
    if (task.role !== 'teardown') {
      const setups = [...above(world, id)].filter((other) => {
        if (taskOf(world, other).role !== 'setup' || task.up.includes(other)) return false;
        const teardowns = childrenOf(world, other).filter(({ role }) => role === 'teardown');
        return teardowns.length === 0 || teardowns.some((teardown) => above(world, teardown.id).has(id));
      });
      const states = setups.flatMap((setup) => relevantSetups(world, task, index, setup)).map(({ state }) => state);
      if (states.includes('failed') || states.includes('upstream_failed')) return 'upstream_failed';
      if (states.includes('skipped')) return 'skipped';
      const succeeded = states.filter((state) => state === 'success').length;
      const removed = states.filter((state) => state === 'removed').length;
      if (removed > 0 && succeeded > 0 && index >= 0 && index >= succeeded) return 'removed';
      if (states.length - succeeded - (index >= 0 ? removed : 0) > 0) waits = true;
    }
    const rule = ruleOf(world, task, index);
    if (rule === 'w') waits = true;
    else if (rule !== 'R') return rule;
  }

  // The value it is mapped over.
  const sources = [task, ...world.tasks.filter((other) => other.group !== null && other.group === task.group)].flatMap(
    ({ mappedOver }) => mappedOver ?? [],
  );
  const ends = sources.flatMap((source) => instancesOf(world, source).filter((instance) => instance.index === -1));
  if (ends.some(({ state }) => state === 'failed' || state === 'upstream_failed')) return 'upstream_failed';
  if (ends.some(({ state }) => state === 'skipped')) return 'skipped';

  // What lies between a teardown and its setups.
  if (task.role === 'teardown') {
    const setups = task.up.filter((parent) => taskOf(world, parent).role === 'setup');
    const between = [...above(world, id)].filter(
      (other) => !task.up.includes(other) && setups.some((setup) => above(world, other).has(setup)),
    );
    const open = between.flatMap((other) => relevantSetups(world, task, index, other)).some(({ state }) => !isDone(state));
    if (open) waits = true;
  }
  return waits ? 'w' : 'R';
}

function relevantSetups(world: World, child: Task, index: number, other: string): Instance[] {
  const { group } = taskOf(world, other);
  const all = instancesOf(world, other);
  if (group === null || group !== child.group) return all;
  return all.filter((instance) => instance.index === index || instance.index === -1);
}

/** The tables of the specification, sections 2.2 and 2.3, with the corrections of section 19. */
function ruleOf(world: World, task: Task, index: number): Answer {
  const parents = task.up.flatMap((parent) => {
    const instances = relevant(world, task, index, parent);
    const isSetup = taskOf(world, parent).role === 'setup';
    return instances.map((instance) => ({ state: seen(world, task, instance), made: instance.state, isSetup }));
  });
  const count = (state: State): number => parents.filter((parent) => parent.state === state).length;
  const U = parents.length;
  const [S, K, F, X, R] = [count('success'), count('skipped'), count('failed'), count('upstream_failed'), count('removed')];
  const D = S + K + F + X + R;
  // A setup that may lose copies has not made anything ready where it lost them.
  const setups = parents.filter(({ isSetup }) => isSetup);
  const [Us, Ss] = [setups.length, setups.filter(({ made }) => made === 'success').length];
  const Ks = setups.filter(({ made }) => made === 'skipped').length;
  const passes = (condition: boolean): Answer => (condition ? 'R' : 'w');
  switch (task.rule) {
    case 'all_success':
      if (X > 0 || F > 0) return 'upstream_failed';
      if (K > 0) return 'skipped';
      if (R > 0 && S > 0 && index >= 0 && index >= S) return 'removed';
      return passes(U - S - R <= 0);
    case 'all_failed':
      if (S > 0 || K > 0) return 'skipped';
      return passes(U - F - X - R <= 0);
    case 'all_done':
      return passes(D >= U);
    case 'all_done_min_one_success':
      if (K > 0) return 'skipped';
      if (S + F + X + R >= U - K && S === 0) return 'upstream_failed';
      return passes(S + F + X + R >= U - K && S >= 1);
    case 'all_done_setup_success':
      if (D >= U && Us > 0 && Ks >= Us) return 'skipped';
      if (D >= U && Us > 0 && Ss === 0) return 'upstream_failed';
      return passes(D >= U && (Us === 0 || Ss >= 1));
    case 'one_success':
      if (D >= U && D === K) return 'skipped';
      if (D >= U && S === 0) return 'upstream_failed';
      return passes(S > 0);
    case 'one_failed':
      if (D >= U && F === 0 && X === 0) return 'skipped';
      return passes(F > 0 || X > 0);
    case 'one_done':
      if (D >= U && S === 0 && F === 0) return 'skipped';
      return passes(S + F > 0);
    case 'none_failed':
      if (X > 0 || F > 0) return 'upstream_failed';
      return passes(U - S - K - R <= 0);
    case 'none_failed_min_one_success':
      if (X > 0 || F > 0) return 'upstream_failed';
      if (K === U) return 'skipped';
      if (D >= U && S === 0) return 'upstream_failed';
      return passes(U - S - K - R <= 0);
    case 'none_skipped':
      if (K > 0) return 'skipped';
      return passes(D >= U);
    case 'all_skipped':
      if (S > 0 || F > 0 || X > 0) return 'skipped';
      return passes(U - K <= 0);
    default:
      throw new Error(`no such rule: ${task.rule}`);
  }
}

const SCHEDULABLE: readonly State[] = ['none', 'up_for_retry', 'up_for_reschedule'];

/**
 * The state of a running run after one look at it, in which retries wait and reschedules are due. A run with a task under way is never
 * taken for a deadlocked one.
 */
export function runStateOf(world: World): 'running' | 'success' | 'partial' | 'failed' {
  const { tasks, instances } = world;
  if (instances.every(({ state }) => isDone(state))) return endOf(world);
  const changes = instances.some((instance) => {
    if (!SCHEDULABLE.includes(instance.state)) return false;
    const answer = answerOf(world, instance);
    return answer === 'R' ? instance.state !== 'up_for_retry' : answer !== 'w';
  });
  const unfinished = instances.filter(({ state }) => !isDone(state));
  const isUnderWay = unfinished.some(({ state }) => !SCHEDULABLE.includes(state));
  const isHeld = unfinished.some(({ task }) => taskOf(world, task).isHeld);
  const mayGoOn = unfinished.some((instance) => answerOf(world, instance) === 'R');
  if (changes || isUnderWay || isHeld || mayGoOn || tasks.length === 0) return 'running';
  return 'failed';
}

function endOf(world: World): 'success' | 'partial' | 'failed' {
  const { tasks } = world;
  const counts = (task: Task): boolean => task.role !== 'teardown' || task.failsRun;
  let leaves = tasks.filter((task) => counts(task) && !childrenOf(world, task.id).some(counts));
  if (leaves.length === 0) leaves = tasks.filter((task) => childrenOf(world, task.id).length === 0);
  if (leaves.some((task) => isFailed(world, task) && isCriticalFailure(world, task))) return 'failed';
  const isPartial = world.instances.some(
    ({ task, state }) => !taskOf(world, task).critical && (state === 'failed' || state === 'upstream_failed'),
  );
  return isPartial ? 'partial' : 'success';
}

function failuresOf(world: World, task: Task): Instance[] {
  return instancesOf(world, task.id).filter(({ state }) => state === 'failed' || state === 'upstream_failed');
}

function isFailed(world: World, task: Task): boolean {
  return failuresOf(world, task).length > 0 && !losesFew(world, task);
}

/** A critical task failed, or could not run because one did. */
function isCriticalFailure(world: World, task: Task): boolean {
  if (!task.critical) return false;
  const failures = failuresOf(world, task);
  if (failures.some(({ state }) => state === 'failed')) return true;
  const setups = [...above(world, task.id)].filter((other) => {
    if (taskOf(world, other).role !== 'setup' || task.role === 'teardown' || task.up.includes(other)) return false;
    const teardowns = childrenOf(world, other).filter(({ role }) => role === 'teardown');
    return teardowns.length === 0 || teardowns.some((teardown) => above(world, teardown.id).has(task.id));
  });
  const sources = task.mappedOver === null ? [] : [task.mappedOver];
  const causes = [...task.up, ...setups, ...sources].map((other) => taskOf(world, other)).filter((other) => isFailed(world, other));
  return causes.length === 0 || causes.some((other) => isCriticalFailure(world, other));
}
