import type { QueueingCase } from './queueing-cases.js';
import type { VectorCase } from './vector-file.js';

type Rounds = readonly (readonly string[])[];

/**
 * Rule `pass-limit`: the same task instances, none of them later, and those of one recorded pass in the same order. What was still to come when the
 * recording ended may be there already, and so may what blocked tasks of its run hide from every pass there.
 */
export function countsWhatIsQueued(testCase: VectorCase, ours: unknown): boolean {
  const { expect } = testCase as Partial<QueueingCase>;
  if (!expect?.rounds || !('max_tis' in testCase)) return false;
  const [recorded, queued] = [expect.rounds, ours as Rounds];
  const mine = queued.flat();
  const isWhole = recorded.at(-1)?.length === 0;
  const extra = mine.filter((name) => !recorded.flat().includes(name));
  if (isWhole && !extra.every((name) => isHidden(name, testCase as QueueingCase, mine))) return false;
  const passOf = new Map(queued.flatMap((round, pass) => round.map((name) => [name, pass] as const)));
  return recorded.every((round, pass) => {
    const places = round.map((name) => mine.indexOf(name));
    return (
      round.every((name) => (passOf.get(name) ?? Number.POSITIVE_INFINITY) <= pass) &&
      places.every((place, index) => index === 0 || place > places[index - 1]!)
    );
  });
}

/**
 * Whether tasks of more weight that nobody queues use up `max_active_tasks` of its run in every pass there, although with what we queue no more tasks are under
 * way than that.
 */
function isHidden(name: string, { dags, tis }: QueueingCase, mine: readonly string[]): boolean {
  const [dagId, runId, instance = ''] = name.split('/');
  const dag = dags.find(({ id }) => id === dagId);
  const weights = new Map(dag?.tasks.map(({ id, weight }) => [id, weight]));
  const weight = weights.get(instance.replace(/\[\d+\]$/, '')) ?? Number.NaN;
  const limit = dag?.max_active_tasks ?? 0;
  const rows = tis.filter(([ofDag, ofRun]) => ofDag === dagId && ofRun === runId);
  const underWay = rows.filter(([, , , , state]) => state === 'queued' || state === 'running').length;
  const blocked = rows.filter(([, , taskId, mapIndex, state]) => {
    const row = `${dagId}/${runId}/${taskId}${mapIndex < 0 ? '' : `[${mapIndex}]`}`;
    return state === 'scheduled' && !mine.includes(row) && (weights.get(taskId) ?? 0) > weight;
  });
  const queued = mine.filter((one) => one.startsWith(`${dagId}/${runId}/`)).length;
  return blocked.length > 0 && underWay + queued <= limit && underWay + queued + blocked.length > limit;
}
