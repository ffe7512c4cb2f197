/** A DAG whose schedule could not be planned is looked at again after this time, in milliseconds. */
export const PLAN_ERROR_DELAY_MS = 30_000;
