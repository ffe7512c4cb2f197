import type { TaskRole } from '../model/dag-spec.js';
import { AirflowLikeError, isAirflowLikeError } from '../model/errors.js';
import { checkKindOptions, type CheckedKind } from './check-task-options.js';
import { reportUnknown } from './check-options.js';
import type { TaskKind } from './metadata.js';
import type { OperatorUse } from './operator.js';
import type { ProblemList } from './problems.js';
import { parameterCount } from './parameter-count.js';
import type { LazyPosition } from './source-position.js';
import type { TaskMember } from './wiring-nodes.js';

/** A method, function or operator that can be wired, with its options checked. */
export interface CheckedMember extends TaskMember, CheckedKind {
  readonly role: TaskRole;
  readonly operator: string;
  /** There is nothing to execute. */
  readonly isInstant: boolean;
  /** Names of the operator's options that are templates; none for methods. */
  readonly templateFields: readonly string[];
  /** Those of them that were given, as the author wrote them on this instance. */
  readonly templates: (instance: object | null) => Readonly<Record<string, unknown>>;
  /**
   * Calls it on an instance of the DAG class, or on null for functions.
   * @param rendered What takes the place of `templates`.
   */
  readonly call: (instance: object | null, args: readonly unknown[], rendered?: Readonly<Record<string, unknown>>) => unknown;
}

export interface MemberSource {
  readonly name: string;
  readonly position: LazyPosition | null;
  readonly options: unknown;
  readonly kind: TaskKind;
  readonly run: (...parameters: readonly unknown[]) => unknown;
}

/** A method or function. It is called by its name on the instance where there is one, so that a subclass can override it. */
export function checkedFunction(source: MemberSource, problems: ProblemList): CheckedMember {
  const { name, position, options, run } = source;
  const at = { place: `tasks.${name}`, position };
  const kind = checkKindOptions(source.kind, options, at, problems);
  return {
    name,
    position,
    operator: 'method',
    defaultId: kind.task.taskId ?? name,
    optional: kind.task.optional,
    ...kind,
    isInstant: false,
    parameters: parameterCount(run),
    templateFields: [],
    templates: () => ({}),
    call: (instance, args) => (instance ? ((instance as Record<string, typeof run>)[name] ?? run) : run).apply(instance, [...args]),
  };
}

/** An operator in a field. Its options may depend on the instance, so the one of the attempt's own instance is executed. */
export function checkedOperator(
  name: string,
  use: OperatorUse,
  useOf: (instance: object | null) => OperatorUse,
  problems: ProblemList,
): CheckedMember {
  const at = { place: `tasks.${name}`, position: use.position };
  const kind = checkKindOptions(use.kind, use.taskOptions, at, problems);
  for (const { name: option, value } of use.unknownOptions) reportUnknown(option, value, use.allowedOptions, at, problems);
  problems.try(() => checkOperatorOptions(name, use), use.position);
  for (const [field, value] of Object.entries(use.templates)) {
    problems.try(() => problems.templates?.check(value, `tasks.${name}.${field}`), problems.partOf(use.position, field));
  }
  return {
    name,
    position: use.position,
    operator: use.name,
    defaultId: kind.task.taskId ?? name,
    optional: kind.task.optional,
    ...kind,
    decides: use.decides,
    isInstant: use.isInstant,
    parameters: null,
    templateFields: use.templateFields,
    templates: (instance) => useOf(instance).templates,
    call: (instance, args, rendered) => useOf(instance).execute(args, rendered),
  };
}

/** What an operator throws of its own is the author's mistake too, and belongs to the place where it is used. */
function checkOperatorOptions(name: string, use: OperatorUse): void {
  try {
    use.checkOptions();
  } catch (error) {
    if (isAirflowLikeError(error)) throw error;
    throw new AirflowLikeError('IMPORT_ERROR', { place: `tasks.${name}`, message: String(error), cause: error });
  }
}
