/** From what a task returned to the successful outcome of its attempt: what it decided, and what is stored. */
import { decideBranch, decideShortCircuit, skipsAnything } from '../../core/task-instance/decision.js';
import { decidePush, pushOptionsOf } from '../../core/xcom/decide-push.js';
import { outputLength } from '../../model/codec.js';
import type { DagSpec, TaskSpec } from '../../model/dag-spec.js';
import type { Outcome } from '../../model/outcome.js';
import type { FlowDecision } from '../../model/task-instance.js';
import { encodeXCom } from './encode-output.js';

type Success = Extract<Outcome, { kind: 'success' }>;

/**
 * As in Airflow, a task that decides stores its return value only if nothing is skipped by it; its decision is kept in any case.
 * @throws AirflowLikeError BRANCH_INVALID, EXPAND_TYPE, and what cannot be stored.
 */
export function successOutcome(value: unknown, spec: DagSpec, task: TaskSpec, maxXComBytes: number): Success {
  const decision = decide(value, spec, task);
  if (decision && skipsAnything(spec, task.taskId, decision)) return { kind: 'success', output: null, decision };
  const options = pushOptionsOf(spec, task);
  const isWanted = options.doXcomPush || options.isMappedOver;
  const tagged = value === undefined || !isWanted ? undefined : encodeXCom(value, 'return_value', maxXComBytes);
  const { output, fields } = decidePush(tagged, options, task.taskId);
  return {
    kind: 'success',
    output: output === null ? null : { value: output, length: outputLength(output) },
    ...(fields.length > 0 && { fields }),
    ...(decision && { decision }),
  };
}

function decide(value: unknown, spec: DagSpec, { taskId, decides }: TaskSpec): FlowDecision | null {
  switch (decides?.kind) {
    case 'branch':
      return decideBranch(spec, taskId, value);
    case 'shortCircuit':
      return decideShortCircuit(spec, taskId, decides.ignoreDownstreamTriggerRules, value);
    default:
      return null;
  }
}
