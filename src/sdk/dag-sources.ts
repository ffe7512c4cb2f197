import type { MapSpec } from '../model/dag-spec.js';
import { isId } from '../model/ids.js';
import type { DagSource } from './build-dag.js';
import type { DagClass } from './dag.js';
import { dagIdOfClass } from './dag-id.js';
import { freezeInstance } from './dag-instance.js';
import type { DagBuilder, DagDefinitionParts } from './define-dag.js';
import {
  dagDeclarationOf,
  TASK_KINDS,
  taskDeclarationsOf,
  type DagDeclaration,
  type TaskDeclaration,
  type TaskKind,
} from './metadata.js';
import { operatorUseOf, type Operator, type OperatorUse } from './operator.js';
import type { ProblemList } from './problems.js';
import { recordChoose, recordScope, recordWhen } from './record-flow.js';
import { checkOwnId, type Recorder, type TaskHandle } from './recorder.js';
import { capturePosition, type LazyPosition } from './source-position.js';
import { checkedFunction, checkedOperator, type CheckedMember } from './task-member.js';
import type { TaskMember } from './wiring-nodes.js';
import { wiringObject } from './wiring-object.js';

/** The two ways to write a DAG, brought to one form: what can be wired, and how wiring is run. */

type AnyCallable = (...parameters: readonly unknown[]) => unknown;

/** A class with `@dag`. Null when no instance of it can be made. */
export function sourceOfClass(dagClass: DagClass, exportName: string, problems: ProblemList): DagSource | null {
  const declaration = dagDeclarationOf(dagClass) as DagDeclaration;
  const prototype = dagClass.prototype as Record<string, AnyCallable>;
  const name = dagClass.name || exportName;
  if (declaration.misuse !== null) {
    const position = declaration.position() ? declaration.position : problems.exported(exportName);
    problems.add('D002', { place: name, message: declaration.misuse }, position);
  }
  const created = problems.try(() => ({ instance: new dagClass() as Record<string, unknown> }), declaration.position);
  if (!created) return null;
  const members = [...methodMembers(prototype, declaration.position, problems), ...operatorMembers(created.instance, problems)];
  const instance = freezeInstance(created.instance);
  const declared = taskDeclarationsOf(prototype).map(({ member }) => member);
  const methods = methodNames(prototype).filter((method) => method !== 'wire' && !declared.includes(method));
  const wire = typeof prototype['wire'] === 'function' ? prototype['wire'] : null;
  if (!wire && ('wire' in created.instance || 'wire' in dagClass)) {
    problems.add(
      'VALUE_TYPE',
      { place: `${name}.wire`, message: 'wire must be a method, neither static nor a field', allowed: 'wire(t) { ... }' },
      problems.partOf(declaration.position, 'wire'),
    );
  }
  return {
    name,
    defaultId: dagIdOfClass(dagClass.name),
    options: declaration.options,
    position: declaration.position,
    exportName,
    wirePosition: problems.partOf(declaration.position, 'wire'),
    members,
    declaresTasks: members.length > 0 || declared.length > 0,
    wire:
      wire && ((recorder) => wire.call(instance, wiringOf(recorder, [...members, ...misused(declared, members)], methods, name))),
    createInstance: () => freezeInstance(new dagClass()),
  };
}

/** What `defineDag` returned. Null when it was not given a function. */
export function sourceOfDefinition(parts: DagDefinitionParts, exportName: string, problems: ProblemList): DagSource | null {
  const members: CheckedMember[] = [];
  const { wire } = parts;
  if (typeof wire !== 'function') {
    problems.add(
      'VALUE_TYPE',
      { place: exportName, message: 'defineDag needs a function as its third argument', value: wire, allowed: '(d) => { ... }' },
      parts.position,
    );
    return null;
  }
  return {
    name: isId(parts.dagId) ? parts.dagId : exportName,
    defaultId: parts.dagId,
    options: parts.options,
    position: parts.position,
    exportName,
    wirePosition: parts.position,
    members,
    declaresTasks: false,
    wire: (recorder) => wire(builderOf(recorder, members, problems)),
    createInstance: () => null,
  };
}

function methodMembers(
  prototype: Record<string, AnyCallable>,
  classPosition: LazyPosition,
  problems: ProblemList,
): CheckedMember[] {
  const members: CheckedMember[] = [];
  for (const declaration of taskDeclarationsOf(prototype)) {
    const { member: name, options, kind, position } = declaration;
    if (!reportMisuse(declaration, classPosition, problems)) {
      members.push(checkedFunction({ name, options, kind, position, run: prototype[name] as AnyCallable }, problems));
    }
  }
  return members;
}

/** D002 when the decorated member cannot be a task; returns whether that is so. */
export function reportMisuse(
  { member, position, misuse }: TaskDeclaration,
  classPosition: LazyPosition,
  problems: ProblemList,
): boolean {
  const at = position();
  const hidden = misuse === null && at ? problems.places?.hiddenBy(at) : null;
  const message = hidden ? `"${member}" is ${hidden}; a task must be a public method: remove ${hidden}` : misuse;
  if (message === null) return false;
  // The decorator may have been called by the compiler's own code, which has no place: then it is that of the member.
  const place = at ? position : problems.partOf(classPosition, member);
  problems.add('D002', { place: `tasks.${member}`, message }, place ?? classPosition);
  return true;
}

function operatorMembers(instance: Record<string, unknown>, problems: ProblemList): CheckedMember[] {
  return Object.entries(instance).flatMap(([name, value]) => {
    const use = operatorUseOf(value);
    if (!use) return [];
    const useOf = (attempt: object | null) => operatorUseOf((attempt as Record<string, unknown>)[name]) ?? use;
    return [checkedOperator(name, use, useOf, problems)];
  });
}

function methodNames(prototype: object): string[] {
  const names: string[] = [];
  for (
    let level: object | null = prototype;
    level && level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object | null
  ) {
    names.push(...Object.getOwnPropertyNames(level).filter((name) => name !== 'constructor'));
  }
  return names;
}

/** Stand for members that were refused as tasks, so that `wire` goes on and its own mistakes are found as well. */
function misused(declared: readonly string[], members: readonly CheckedMember[]): readonly TaskMember[] {
  return declared
    .filter((name) => !members.some((member) => member.name === name))
    .map((name) => ({ name, defaultId: name, optional: true, role: 'task', parameters: null, position: null }));
}

function wiringOf(recorder: Recorder, members: readonly TaskMember[], methods: readonly string[], className: string): object {
  const handles = Object.fromEntries(members.map((member) => [member.name, recorder.handle(member)]));
  const t: object = wiringObject({ ...flowTools(recorder, () => t), ...handles }, className, methods);
  return t;
}

/** What shapes the graph besides tasks: the same for classes and functions. */
function flowTools(recorder: Recorder, tools: () => object): Readonly<Record<string, unknown>> {
  const mappedGroup = (kind: MapSpec['kind'], count: number) =>
    function map(id: unknown, ...args: readonly unknown[]): unknown {
      const wireGroup = (...elements: readonly unknown[]) => (args[count] as AnyCallable)(tools(), ...elements);
      return recorder.mappedGroup(kind, id, args.slice(0, count), wireGroup, args[count + 1], capturePosition(map));
    };
  return {
    group: Object.assign(
      function group(id: unknown, wireGroup: unknown, defaults?: unknown): unknown {
        return recorder.group(id, () => (wireGroup as AnyCallable)(tools()), defaults, capturePosition(group));
      },
      { map: mappedGroup('each', 1), mapZip: mappedGroup('zip', 2), mapProduct: mappedGroup('product', 2) },
    ),
    scope: function scope(setups: unknown, teardowns: unknown, wireInside: unknown): unknown {
      return recordScope(recorder, setups, teardowns, () => (wireInside as AnyCallable)(tools()), capturePosition(scope));
    },
    choose: choiceTool(recorder, recordChoose, null),
    when: choiceTool(recorder, recordWhen, null),
  };
}

/** `t.choose` or `t.when`, and the same under another id. */
function choiceTool(recorder: Recorder, record: typeof recordChoose, id: string | null): unknown {
  const tool = (subject: unknown, cases: unknown): unknown => record(recorder, id, subject, cases, capturePosition(tool));
  const as = (taskId: unknown): unknown =>
    choiceTool(recorder, record, recorder.problems.try(() => checkOwnId(taskId), capturePosition(as)) ?? id);
  return Object.freeze(Object.assign(tool, { as }));
}

function builderOf(recorder: Recorder, members: CheckedMember[], problems: ProblemList): DagBuilder {
  const add = (member: CheckedMember): TaskHandle => {
    const known = members.find(({ name }) => name === member.name);
    if (known) {
      const lines = [known, member].map(({ position }) => position?.()?.line ?? '?').join(' and ');
      problems.add(
        'TASK_DUPLICATE',
        { place: `tasks.${member.name}`, message: `"${member.name}" is defined on lines ${lines}`, value: member.name },
        member.position,
      );
    } else {
      members.push(member);
    }
    return recorder.handle(member);
  };
  const addFunction = (kind: TaskKind, name: string, rest: readonly unknown[], position: LazyPosition): TaskHandle => {
    const [options, run] = rest.length > 1 ? rest : [{}, rest[0]];
    if (typeof run === 'function')
      return add(checkedFunction({ name, options, kind, position, run: run as AnyCallable }, problems));
    problems.add(
      'VALUE_TYPE',
      {
        place: `tasks.${name}`,
        message: 'a task needs a function, behind its options',
        value: run,
        allowed: `d.${kind}('${name}', { ... }, fn)`,
      },
      position,
    );
    return recorder.handle({ name, defaultId: name, optional: true, role: 'task', parameters: null, position });
  };
  const makerOf = (kind: TaskKind) =>
    function make(name: string, ...rest: readonly unknown[]): TaskHandle {
      return addFunction(kind, name, rest, capturePosition(make));
    };
  const builder: Record<string, unknown> = {
    ...Object.fromEntries(TASK_KINDS.map((kind) => [kind, makerOf(kind)])),
    operator: function operator(name: string, value: Operator<never, unknown>) {
      const use: OperatorUse | null = operatorUseOf(value);
      if (use) return add(checkedOperator(name, use, () => use, problems));
      problems.add('VALUE_TYPE', { place: `tasks.${name}`, message: 'this is not an operator', value }, capturePosition(operator));
      return recorder.handle({ name, defaultId: name, optional: true, role: 'task', parameters: null, position: null });
    },
    ...flowTools(recorder, () => builder),
  };
  return Object.freeze(builder) as unknown as DagBuilder;
}
