import { runWithContext, type TaskContext } from 'airflow-like';

const DAY_MS = 86_400_000;

/** Calls a task method as a run of one day would, or of none (triggered without a date). What it logs goes nowhere. */
export function inRunOf<R>(day: string | null, conf: Readonly<Record<string, unknown>>, call: () => R, tryNumber = 1): R {
  const start = day === null ? null : new Date(`${day}T00:00:00Z`);
  const end = new Date((start?.getTime() ?? 0) + DAY_MS);
  const silent = () => {};
  const context: TaskContext = {
    dagId: 'example',
    runId: `scheduled__${start?.toISOString()}`,
    taskId: 'task',
    mapIndex: -1,
    tryNumber,
    maxTries: 2,
    token: '00000000-0000-4000-8000-000000000000',
    logicalDate: start,
    dataInterval: start && { start, end },
    runAfter: end,
    runType: 'scheduled',
    timezone: 'UTC',
    params: {},
    conf,
    pokeNumber: 1,
    signal: new AbortController().signal,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    xcom: { push: async () => {}, pull: async () => undefined },
    outletEvents: { get: () => ({ extra: {}, add: silent }) },
    inletEvents: { get: async () => [] },
    triggeringAssetEvents: { all: async () => [], get: async () => [] },
    render: async (template) => template,
    previousSuccess: async () => null,
    externalStates: async () => ({ dag: 'missing', unknown: [], dates: [] }),
  };
  return runWithContext(context, call);
}
