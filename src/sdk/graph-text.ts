import { describeGraph } from '../core/graph/describe-graph.js';
import { AirflowLikeError } from '../model/errors.js';
import type { ErrorCode } from '../model/error-table.js';
import { collectDags } from './collect-dags.js';
import type { DagClass } from './dag.js';
import type { DefinedDag } from './define-dag.js';

/**
 * The graph of a DAG as text, for a snapshot that a reviewer can read.
 * @throws AirflowLikeError the first mistake of the DAG.
 */
export function graph(dag: DagClass | DefinedDag): string {
  const { dags, problems } = collectDags({ dag }, 'graph');
  const [first] = problems;
  const [definition] = dags;
  if (definition && !first) return describeGraph(definition.spec);
  if (!first) throw new AirflowLikeError('EXPORT_INVALID', { place: 'graph()', message: 'this is no DAG', value: dag });
  const { code, message, allowed, suggestion } = first;
  throw new AirflowLikeError(code as ErrorCode, { message, ...(allowed === null ? {} : { allowed }), suggestion });
}
