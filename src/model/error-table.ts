/**
 * Every error a person can meet, by stable code: a title, the HTTP status the API answers with and the exit code of the CLI. The
 * message of an instance says place, value, what is allowed and the nearest right name. `docs/reference/errors.md` is generated
 * from this table, and a test counts that each code is used.
 */
export interface ErrorDefinition {
  readonly title: string;
  readonly httpStatus: number;
  /** 1: failure, 2: usage. */
  readonly exitCode: 1 | 2;
}

const define = <Code extends string>(table: Record<Code, readonly [title: string, httpStatus: number, exitCode?: 1 | 2]>) =>
  Object.fromEntries(
    Object.entries<readonly [string, number, (1 | 2)?]>(table).map(([code, [title, httpStatus, exitCode]]) => [
      code,
      { title, httpStatus, exitCode: exitCode ?? 1 },
    ]),
  ) as Readonly<Record<Code, ErrorDefinition>>;

export const ERROR_TABLE = define({
  // Authoring: design codes
  D001: ['a decorator was called with the new decorator convention', 422],
  D002: ['@task on a member that cannot be a task', 422],
  D101: ['the output of a task was used as a value while wiring', 422],
  D103: ['a task was never wired, or wired twice', 422],
  D104: ['a value does not fit the schema of an edge', 422],
  D105: ['the graph differs between registration and worker', 422],
  D201: ['the import did I/O or took over a second', 422],
  FILE_PATTERN_INVALID: ['not a pattern of file names', 422],
  S001: ['the schedule never fires, or a date falls in a DST gap', 422],
  // Authoring: values
  DURATION_INVALID: ['not a duration', 422],
  CRON_INVALID: ['not a cron expression', 422],
  CRON_NEVER: ['the cron expression never fires', 422],
  TZ_UNKNOWN: ['unknown time zone', 422],
  TZ_AMBIGUOUS: ['ambiguous time zone name', 422],
  START_DATE_REQUIRED: ['a scheduled DAG needs a startDate', 422],
  DATE_INVALID: ['not a date', 422, 2],
  DATE_ORDER: ['dates are in the wrong order', 422],
  DATE_IN_DST_GAP: ['a local date does not exist because of a DST change', 422],
  DAG_CYCLE: ['the tasks form a cycle', 422],
  DAG_DUPLICATE: ['two files define the same DAG id', 422],
  TASK_DUPLICATE: ['two tasks have the same id', 422],
  ID_INVALID: ['not a valid id', 400, 2],
  ID_CONFUSABLE: ['two ids differ only by case or Unicode form', 422],
  EDGE_INVALID: ['an edge leads to something that is not a task of this DAG', 422],
  EDGE_NEEDS_DEFAULT: ['a task needs the output of one that may fail', 422],
  TASK_NEVER_RUNS: ['a task is skipped whatever is chosen', 422],
  DECISION_WITHOUT_EFFECT: ['a decision of one copy counts for no task', 422],
  MAPPING_INVALID: ['a task or group cannot be mapped here', 422],
  MAPPING_UNEVEN: ['sources that are zipped have different lengths', 422],
  TRIGGER_RULE_INVALID: ['a trigger rule cannot be used here', 422],
  WIRE_ASYNC: ['wire is asynchronous', 422],
  TASK_NOT_INSTANTIATED: ['a task was given as a function instead of being called', 422],
  TASK_MISSING_WRAPPER: ['a member is used as a task but has no @task()', 422],
  NO_DAG_FOUND: ['the file exports no DAG', 422],
  EXPORT_INVALID: ['an export cannot be a DAG', 422],
  IMPORT_ERROR: ['the file could not be imported', 422],
  IMPORT_TIMEOUT: ['the import did not end', 422],
  IMPORT_EXITED: ['the import ended the process', 422],
  IMPORT_CRASHED: ['the import crashed the process', 422],
  IMPORT_MEMORY: ['the import used too much memory', 422],
  TYPE_ERROR: ['the type checker refuses the file', 422],
  ARG_NOT_SERIALIZABLE: ['an argument of a task cannot be stored', 422],
  VALUE_RANGE: ['a value is outside its range', 422],
  VALUE_TYPE: ['a value has the wrong type', 422],
  OPTION_UNKNOWN: ['unknown option', 422],
  UNKNOWN_NAME: ['unknown name', 422],
  POOL_UNKNOWN: ['unknown pool', 422],
  POOL_SLOTS: ['a task needs more slots than its pool has', 422],
  PARAM_SCHEMA_INVALID: ['the params schema is not valid', 422],
  PARAM_INVALID: ['a param is not valid', 422],
  ASSET_INVALID: ['not a valid asset', 422],
  ASSET_CONFLICT: ['two assets share a name or a URI', 409],
  // Tasks at run time
  TASK_ERROR: ['the task threw', 500],
  TASK_TIMEOUT: ['the task ran longer than its executionTimeout', 500],
  TASK_EXITED: ['the task ended its process or thread', 500],
  TASK_CRASHED: ['the process of the task crashed', 500],
  TASK_MEMORY: ['the task used too much memory', 500],
  TASK_BLOCKED: ['the task blocked its event loop', 500],
  CALLBACK_TIMEOUT: ['a callback did not end in time', 500],
  CALLBACK_LOST: ['the process of a callback ended under it', 500],
  TASK_CANCELLED: ['the attempt was taken away (cleared, marked or stopped)', 409],
  BRANCH_INVALID: ['a branch chose what does not follow it', 422],
  SENSOR_TIMEOUT: ['the sensor waited longer than its timeout', 500],
  EXTERNAL_FAILED: ['what a sensor waits for in another DAG has failed', 500],
  LOGICAL_DATE_MISSING: ['a run without a logical date has none to look for in another DAG', 422],
  DISPATCH_LIMIT: ['the infrastructure lost the task too often', 500],
  XCOM_TOO_LARGE: ['a value is larger than an XCom may be', 413],
  XCOM_NOT_SERIALIZABLE: ['a value cannot be stored as an XCom', 422],
  XCOM_KEY_INVALID: ['not a valid XCom key', 400],
  TEMPLATE_ERROR: ['a template cannot be rendered', 422],
  EXPAND_TYPE: ['only an array or an object can be mapped over', 422],
  EXPAND_TOO_LARGE: ['too many elements to map over', 422],
  CONTEXT_MISSING: ['context() was called outside a task', 500],
  INSTANCE_FROZEN: ['a task wrote a field of its DAG instance', 500],
  COMMAND_FAILED: ['a shell command failed', 500],
  COMMAND_NOT_FOUND: ['a shell command was not found', 500],
  ARG_HAS_NUL: ['a text contains a NUL character', 400],
  // Configuration
  CONFIG_INVALID: ['the configuration is not valid', 500],
  CONFIG_CONFLICT: ['two options contradict each other', 500],
  // Database
  DB_CONNECT: ['the database cannot be reached', 503],
  DB_VERSION: ['the database server is too old', 503],
  SCHEMA_VERSION: ['the database schema does not fit this build', 503],
  // Operations
  NOT_FOUND: ['no such thing', 404],
  CLEAR_TOO_WIDE: ['too much would be cleared unseen', 422],
  STRING_INVALID: ['a text holds characters that cannot be stored', 400, 2],
  IDEMPOTENCY_CONFLICT: ['the idempotency key belongs to a request that asked for something else', 409],
  RUN_EXISTS: ['a run with this id or logical date exists', 409],
  DAG_HAS_RUNNING_TASKS: ['the DAG has running tasks', 409],
  DAG_FILE_EXISTS: ['the DAG is still in a file', 409],
  CONF_NOT_OBJECT: ['conf must be a JSON object', 400, 2],
  JSON_INVALID: ['not valid JSON', 400, 2],
  JSON_TOO_DEEP: ['JSON is nested too deeply', 400, 2],
  BODY_TOO_LARGE: ['a request or a conf is too large', 413],
  REQUEST_INVALID: ['the request is not valid', 400, 2],
  BACKFILL_RANGE: ['the backfill has no valid range', 422],
  BACKFILL_TOO_LARGE: ['the backfill has too many runs', 422],
  BACKFILL_CONFLICT: ['another backfill of this DAG is active', 409],
  POOL_IN_USE: ['the pool is in use', 409],
  STATE_CONFLICT: ['the state does not allow this', 409],
  // Processes and CLI
  ALREADY_RUNNING: ['another instance uses this home folder', 409],
  PORT_IN_USE: ['the port is in use', 409],
  HOME_NOT_WRITABLE: ['the home folder cannot be written', 500],
  DAGS_FOLDER_MISSING: ['the DAGs folder cannot be read', 500],
  OUTPUT_FAILED: ['standard output cannot be written', 500],
  CLI_USAGE: ['the command line is not valid', 400, 2],
  PLUGIN_INVALID: ['a plugin could not be loaded', 500],
  TIMETABLE_FAILED: ['the timetable of a plugin failed', 500],
  INTERNAL: ['a fault of airflow-like itself', 500],
});

export type ErrorCode = keyof typeof ERROR_TABLE;
