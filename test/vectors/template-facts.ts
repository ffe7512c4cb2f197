import { renderTemplate, type NeedValue } from '../../src/core/template/render-template.js';
import { parseTemplate } from '../../src/core/template/parse-template.js';
import { TemplateError, type TemplateErrorKind } from '../../src/core/template/template-error.js';
import { templateNames, type LookupAnswer, type TemplateFacts, type TemplateLookup } from '../../src/core/template/variables.js';
import type { Instant } from '../../src/model/instant.js';
import type { RunType } from '../../src/model/states.js';

/** A context of `time/templates.json`. */
export interface VectorContext {
  readonly dagId: string;
  readonly taskId: string;
  readonly runId: string;
  readonly runType: RunType;
  readonly tryNumber: number;
  readonly mapIndex: number;
  readonly logicalDate: string | null;
  readonly dataIntervalStart: string | null;
  readonly dataIntervalEnd: string | null;
  readonly runAfter: string;
  readonly startDate: string;
  readonly conf: Readonly<Record<string, unknown>> | null;
  readonly params: Readonly<Record<string, unknown>>;
  readonly prev: Readonly<Record<'dataIntervalStart' | 'dataIntervalEnd' | 'startDate' | 'endDate', string>> | null;
}

/** Airflow's name for a kind of error. */
const ERROR_NAMES: Readonly<Record<TemplateErrorKind, string>> = {
  undefined: 'UndefinedError',
  syntax: 'TemplateSyntaxError',
  name: 'TemplateAssertionError',
  type: 'TypeError',
  value: 'ValueError',
  overflow: 'OverflowError',
  limit: 'LimitError',
};

/** The answer in the form of the recorded one. */
export function renderVector(template: string, context: VectorContext): unknown {
  try {
    const names = templateNames(factsOf(context), { now: () => 0, random: () => 0, answer: (lookup) => answer(lookup, context) });
    return { rendered: renderTemplate(parseTemplate(template), { names, random: () => 0 }) };
  } catch (error) {
    if (error instanceof TemplateError) return { error: ERROR_NAMES[error.kind] };
    throw error as NeedValue;
  }
}

export function errorName(error: unknown): string {
  if (error instanceof TemplateError) return ERROR_NAMES[error.kind];
  throw error;
}

function answer(lookup: TemplateLookup, { prev }: VectorContext): LookupAnswer {
  if (lookup.kind !== 'previousSuccess' || !prev) return { value: undefined };
  return {
    value: {
      dataInterval: { start: Date.parse(prev.dataIntervalStart), end: Date.parse(prev.dataIntervalEnd) },
      startedAt: Date.parse(prev.startDate),
      endedAt: Date.parse(prev.endDate),
    },
  };
}

function factsOf(context: VectorContext): TemplateFacts {
  const instant = (text: string | null): Instant | null => (text === null ? null : Date.parse(text));
  const start = instant(context.dataIntervalStart);
  const end = instant(context.dataIntervalEnd);
  return {
    dagId: context.dagId,
    taskId: context.taskId,
    runId: context.runId,
    runType: context.runType,
    mapIndex: context.mapIndex,
    tryNumber: context.tryNumber,
    maxTries: 1,
    logicalDate: instant(context.logicalDate),
    dataInterval: start === null || end === null ? null : { start, end },
    runAfter: Date.parse(context.runAfter),
    runStartedAt: Date.parse(context.startDate),
    clearNumber: 0,
    startedAt: Date.parse(context.startDate),
    conf: context.conf ?? {},
    params: context.params,
    dag: {},
    task: {},
    inputs: [],
    inlets: [],
    outlets: [],
    mapIndexTemplate: null,
    rescheduleCount: 0,
    isTest: false,
  };
}
